//! Feedback as a view keyed by type, user and item, over the log: the newest event of a key that was not taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::TextError;
use crate::{engine::Model, http::error::ApiError};
use shelfmark_domain::{Event, Id, Position, RecordBody};
use shelfmark_log::RecordsPage;

/// Records that are read at a time.
const PAGE: usize = 1000;
/// Most pages that are read for one request.
const PAGES_MAX: usize = 100;

/// Whose feedback is read.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Of this user.
    pub user: Option<Id>,
    /// Of this item.
    pub item: Option<Id>,
    /// Of these types.
    pub kind: KindFilter,
}

/// A condition on type and value, such as `rating>=4`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KindFilter {
    /// The type; any when `None`.
    kind: Option<String>,
    /// Least or greatest value.
    bound: Option<(Comparison, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// One feedback: all events of its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyed {
    /// The newest event.
    pub event: Event,
    /// Sum of the events' values.
    pub value: f64,
    /// Ids of all of its events.
    pub event_ids: Vec<Id>,
}

impl KindFilter {
    /// Admits a type with any value.
    pub fn exactly(kind: String) -> Self {
        Self { kind: Some(kind), bound: None }
    }

    /// Reads a type, or a type with a comparison.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        for (sign, comparison) in [
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
            ("=", Comparison::Equal),
        ] {
            if let Some((kind, number)) = text.split_once(sign) {
                let number = number.trim().parse();
                let number = number.map_err(|_| TextError::bad(format!("{text} compares with no number")))?;
                return Ok(Self { kind: Some(kind.trim().to_owned()), bound: Some((comparison, number)) });
            }
        }
        Ok(Self::exactly(text.to_owned()))
    }

    /// Whether a type with a value is one of them.
    pub fn admits(&self, kind: &str, value: f64) -> bool {
        self.kind.as_deref().is_none_or(|only| only == kind)
            && self.bound.is_none_or(|(comparison, bound)| match comparison {
                Comparison::Less => value < bound,
                Comparison::LessOrEqual => value <= bound,
                Comparison::Greater => value > bound,
                Comparison::GreaterOrEqual => value >= bound,
                Comparison::Equal => value == bound,
            })
    }
}

/// Reads the feedback of a user or an item, oldest key first.
pub async fn read(model: &Model, selection: &Selection) -> Result<Vec<Keyed>, TextError> {
    let mut keyed = Keys::default();
    let (user, item) = (selection.user.as_ref(), selection.item.as_ref());
    each_record(model, user, item, |position, body| keyed.add(position, body)).await?;
    let positions: Vec<Position> = keyed.events.keys().chain(keyed.retractions.keys()).copied().collect();
    keyed.give_up(&model.rolled_back(&positions).await?);
    Ok(keyed.finish().into_iter().filter(|one| selection.kind.admits(&one.event.kind, one.value)).collect())
}

/// Reads the records of a user or an item, in the order of the log. More pages than may be read are an error: what
/// stands behind them must not be passed over.
pub async fn each_record(
    model: &Model,
    user: Option<&Id>,
    item: Option<&Id>,
    mut read: impl FnMut(Position, RecordBody),
) -> Result<(), TextError> {
    let mut after = Position::ZERO;
    for _ in 0..PAGES_MAX {
        let page = RecordsPage { after, limit: PAGE, user: user.cloned(), item: item.cloned() };
        let (records, next) = model.log().page(page).await.map_err(ApiError::from)?;
        records.into_iter().for_each(|record| read(record.position, record.body));
        match next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
    let most = PAGES_MAX * PAGE;
    Err(TextError::bad(format!("there are more than {most} records to read: ask for one user and one item")))
}

/// Events by position, and the positions of retractions with those of their events.
#[derive(Debug, Default)]
struct Keys {
    events: BTreeMap<Position, Event>,
    retractions: BTreeMap<Position, Position>,
}

impl Keys {
    fn add(&mut self, position: Position, body: RecordBody) {
        match body {
            RecordBody::Event(event) => _ = self.events.insert(position, event),
            RecordBody::Retract(retraction) => {
                self.retractions.insert(position, retraction.event_position);
            }
            RecordBody::PutItem(_)
            | RecordBody::PatchItem(_)
            | RecordBody::RemoveItem { .. }
            | RecordBody::Merge(_)
            | RecordBody::UpdateProfile(_)
            | RecordBody::ResetModality { .. }
            | RecordBody::Restore { .. }
            | RecordBody::Configure { .. }
            | RecordBody::PutVector(_)
            | RecordBody::Forget(_) => {}
        }
    }

    /// Passes over what a rollback gave up.
    fn give_up(&mut self, positions: &BTreeSet<Position>) {
        self.events.retain(|position, _| !positions.contains(position));
        self.retractions.retain(|position, _| !positions.contains(position));
    }

    fn finish(self) -> Vec<Keyed> {
        let retracted: BTreeSet<Position> = self.retractions.into_values().collect();
        let mut places: BTreeMap<(String, Id, Id), usize> = BTreeMap::new();
        let mut keyed: Vec<Keyed> = Vec::new();
        for (position, event) in self.events {
            let Some(user) = event.user.clone().filter(|_| !retracted.contains(&position)) else { continue };
            let key = (event.kind.clone(), user, event.item.clone());
            let (id, value) = (event.event_id.clone(), event.value.unwrap_or_default());
            let place = *places.entry(key).or_insert(keyed.len());
            match keyed.get_mut(place) {
                None => keyed.push(Keyed { event, value, event_ids: vec![id] }),
                Some(known) => {
                    known.value += value;
                    known.event_ids.push(id);
                    known.event = event;
                }
            }
        }
        keyed
    }
}

/// Returns a text that came with a feedback.
pub fn said(event: &Event, name: &str) -> Value {
    event.properties.as_ref().and_then(|properties| properties.get(name)).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{Retraction, Timestamp};

    use super::*;

    fn event(kind: &str, item: &str, value: f64) -> Event {
        let id = |text: &str| Id::new("id", text).expect("an id");
        Event {
            event_id: id(&format!("{kind}-{item}-{value}")),
            user: Some(id("u")),
            session: None,
            item: id(item),
            kind: kind.to_owned(),
            value: Some(value),
            ts: Timestamp::default(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        }
    }

    #[test]
    fn events_of_a_key_add_up_and_what_was_taken_back_is_gone() {
        let mut keys = Keys::default();
        let events =
            [event("watch", "a", 1.0), event("star", "a", 1.0), event("watch", "b", 2.0), event("watch", "a", 3.0)];
        for (place, event) in events.iter().enumerate() {
            keys.add(Position::new(place as u64 + 1), RecordBody::Event(event.clone()));
        }
        let gone = Retraction::of(&events[2], Position::new(3));
        keys.add(Position::new(9), RecordBody::Retract(Box::new(gone)));
        let keyed = keys.finish();
        let told: Vec<_> = keyed.iter().map(|one| (one.event.kind.as_str(), one.value, one.event_ids.len())).collect();
        assert_eq!(told, [("watch", 4.0, 2), ("star", 1.0, 1)]);
    }

    #[test]
    fn types_may_compare_values() {
        let filter = |text| KindFilter::parse(text).expect("an expression");
        assert!(filter("rating>=4").admits("rating", 4.0) && !filter("rating>=4").admits("rating", 3.5));
        assert!(filter("rating<2").admits("rating", 1.0) && !filter("rating<2").admits("star", 1.0));
        assert!(filter("star").admits("star", 0.0) && KindFilter::default().admits("any", 1.0));
        assert!(KindFilter::parse("rating>=many").is_err());
    }
}
