//! Choice of the words to look at, and how far each went.

use anyhow::bail;
use shelfmark_domain::Id;

use super::{meaning::Move, study::Study};
use crate::vectors::cosine;

/// Times that a word must be met in each text to be chosen: where a rare word stands is chance.
const SEEN_MIN: usize = 20;

/// A word and where it went.
#[derive(Debug, Clone)]
pub struct Moved {
    pub word: Id,
    /// Times in each text.
    pub seen: [usize; 2],
    /// From the base to each fork.
    pub to: [Move; 2],
    /// Cosine between its places in the two forks.
    pub forks: f32,
}

/// All words that both texts have often, the one that changed its place most in the fork of text `own` first.
pub fn of_both(study: &Study, own: usize) -> Vec<Moved> {
    let counts = study.texts.each_ref().map(|text| text.counts());
    let often = |word: &Id| counts.iter().all(|counts| counts.get(word).is_some_and(|seen| *seen >= SEEN_MIN));
    let mut words: Vec<Id> = counts[0].keys().filter(|word| often(word)).map(|word| (*word).clone()).collect();
    words.sort();
    let mut moved = these(study, &words);
    moved.sort_by(|a, b| b.to[own].shift.total_cmp(&a.to[own].shift));
    moved
}

/// The words that were asked for, in that order.
pub fn named(study: &Study, words: &[String]) -> anyhow::Result<Vec<Moved>> {
    let words: Result<Vec<Id>, _> = words.iter().map(|word| Id::new("--words", &word.trim().to_lowercase())).collect();
    let words = words?;
    if let Some(word) = words.iter().find(|word| !study.base.knows(word)) {
        let example = of_both(study, 0).first().map(|moved| format!("; {:?} is one", moved.word.as_str()));
        bail!("--words: {word:?} is not among the learned words{}", example.unwrap_or_default());
    }
    Ok(these(study, &words))
}

fn these(study: &Study, words: &[Id]) -> Vec<Moved> {
    let counts = study.texts.each_ref().map(|text| text.counts());
    let [first, second] = &study.forks;
    let known = words.iter().filter(|word| study.base.knows(word));
    let moved = known.map(|word| Moved {
        word: word.clone(),
        seen: counts.each_ref().map(|counts| counts.get(word).copied().unwrap_or(0)),
        to: [study.base.moved(first, word), study.base.moved(second, word)],
        forks: cosine(&first.vector(word), &second.vector(word)),
    });
    moved.collect()
}
