//! Meaning of a word to a state: a point, and the words around it.

use std::{collections::BTreeSet, sync::Arc};

use shelfmark_domain::{ExcludeSeen, Filter, Id, Position, Query, ScoredItem, Served, Subject, Timestamp};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::State;

use crate::vectors::{cosine, distance};

/// A state as readers see it.
pub struct Meaning(Arc<View>);

/// How far a word went from one state to another. Both have the same axes, because one is a fork of the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Euclidean.
    pub distance: f32,
    pub cosine: f32,
    /// How many of its [`Move::AMONG`] nearest words stayed among them.
    pub kept: usize,
    /// How much it changed its place among its nearest words of before and after: 1 - cosine of its similarities to
    /// them (the local neighbourhood measure of Hamilton, Leskovec and Jurafsky 2016). A word that moves together with
    /// its neighbours moves far and means the same.
    pub shift: f32,
}

impl Move {
    pub const AMONG: usize = 10;
}

impl Meaning {
    pub fn of(state: &State) -> Self {
        Self(Publisher::from_scratch(&state.inference, Position::ZERO, Served::Live))
    }

    pub fn knows(&self, word: &Id) -> bool {
        self.0.item(word.as_str()).is_some()
    }

    /// Where the word is, `[dim]`.
    pub fn vector(&self, word: &Id) -> Vec<f32> {
        self.0.item_embedding(word.as_str()).expect("the caller asks for known words").values
    }

    /// The words whose vectors point the same way, nearest first.
    pub fn neighbours(&self, word: &Id, count: usize) -> Vec<ScoredItem> {
        self.0.similar(word, count, &Filter::default()).expect("the caller asks for known words")
    }

    /// What would come after these words, best first.
    pub fn next(&self, words: &[Id], count: usize) -> Vec<ScoredItem> {
        self.0.recommend(&query(words, count)).expect("a sentence is a query").items
    }

    /// The point that these words in this order lead to, `[dim]`.
    pub fn direction(&self, words: &[Id]) -> Vec<f32> {
        self.0.query_vector(&query(words, 1)).expect("a sentence is a query")
    }

    /// How far the word went from here to there.
    pub fn moved(&self, there: &Self, word: &Id) -> Move {
        let (from, to) = (self.vector(word), there.vector(word));
        let near = |meaning: &Self| meaning.neighbours(word, Move::AMONG).into_iter().map(|near| near.id);
        let (before, after): (BTreeSet<Id>, BTreeSet<Id>) = (near(self).collect(), near(there).collect());
        let among = |meaning: &Self, vector: &[f32]| -> Vec<f32> {
            let both = before.union(&after).filter(|near| self.knows(near) && there.knows(near));
            both.map(|near| cosine(vector, &meaning.vector(near))).collect()
        };
        Move {
            distance: distance(&from, &to),
            cosine: cosine(&from, &to),
            kept: before.intersection(&after).count(),
            shift: 1.0 - cosine(&among(self, &from), &among(there, &to)),
        }
    }
}

/// Repeats are out: the question is what else belongs here.
fn query(words: &[Id], limit: usize) -> Query {
    Query {
        exclude_seen: ExcludeSeen::All,
        ..Query::new(Subject::Session(words.to_vec()), limit, Timestamp::default())
    }
}
