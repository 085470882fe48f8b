//! Split of a stream: which items are the domain, and which events come when.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use shelfmark_domain::{Id, Item};
use shelfmark_evaluation::Stream;

/// Share of all events that a domain has that nobody named.
const SHARE_WANTED: f64 = 0.1;
/// Shortest word of a title that is a domain.
const WORD_CHARACTERS_MIN: usize = 4;

/// A base's events and a domain's.
pub struct Split {
    /// The category, or the word.
    pub part: String,
    /// The first half of the time, without the domain.
    pub base: Stream,
    /// The domain, in the second half.
    pub own: Stream,
    /// Items that are not of the domain.
    pub others: BTreeSet<Id>,
}

impl Split {
    /// Cuts a stream; `part` is chosen when nobody names one.
    pub fn new(stream: Stream, part: Option<&str>) -> anyhow::Result<Self> {
        let parts = parts(&stream);
        let part = match part {
            Some(part) => part.to_lowercase(),
            None => {
                chosen(&stream, &parts).context("no item has a category or a title; there is nothing to split by")?
            }
        };
        let Some(own_items) = parts.get(&part) else {
            bail!("--part: no item has {part:?} for a category or in its title")
        };
        let is_own = |item: &Id| own_items.contains(item);
        let middle = stream.events.len() / 2;
        let (mut base, mut own) = (Stream::default(), Stream::default());
        for item in &stream.items {
            let stream = if is_own(&item.id) { &mut own } else { &mut base };
            stream.item(item.clone());
        }
        for (place, event) in stream.events.iter().enumerate() {
            match (place < middle, is_own(&event.item)) {
                (true, false) => base.events.push(event.clone()),
                (false, true) => own.events.push(event.clone()),
                (true, true) | (false, false) => {}
            }
        }
        if base.events.is_empty() || own.events.is_empty() {
            bail!(
                "--part: {part:?} leaves {} events for the base and {} for itself",
                base.events.len(),
                own.events.len()
            );
        }
        let listed = base.items.iter().map(|item| &item.id);
        let others = listed.chain(base.events.iter().map(|event| &event.item)).cloned().collect();
        Ok(Self { part, base, own, others })
    }
}

/// Items by category, and by word of their titles.
fn parts(stream: &Stream) -> BTreeMap<String, BTreeSet<Id>> {
    let mut parts: BTreeMap<String, BTreeSet<Id>> = BTreeMap::new();
    for item in &stream.items {
        for name in names(item) {
            parts.entry(name).or_default().insert(item.id.clone());
        }
    }
    parts
}

fn names(item: &Item) -> BTreeSet<String> {
    let title = item.title.as_deref().unwrap_or_default();
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= WORD_CHARACTERS_MIN);
    words.chain(item.categories.iter().map(String::as_str)).map(str::to_lowercase).collect()
}

/// The part whose share of the events is nearest to what is wanted.
fn chosen(stream: &Stream, parts: &BTreeMap<String, BTreeSet<Id>>) -> Option<String> {
    let mut events: BTreeMap<&Id, usize> = BTreeMap::new();
    for event in &stream.events {
        *events.entry(&event.item).or_default() += 1;
    }
    let away = |items: &BTreeSet<Id>| {
        let own: usize = items.iter().filter_map(|item| events.get(item)).sum();
        (own as f64 / stream.events.len().max(1) as f64 - SHARE_WANTED).abs()
    };
    let nearest = parts.iter().min_by(|a, b| away(a.1).total_cmp(&away(b.1)))?;
    Some(nearest.0.clone())
}
