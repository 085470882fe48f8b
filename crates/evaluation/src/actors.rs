//! Histories of actors, kept by the evaluation itself: the model's histories end at 1,000 events, and have
//! moved on when a batch is ranked.

use std::collections::{HashMap, HashSet};

use shelfmark_state::Actor;

/// History of an actor before a unit.
#[derive(Debug, Default)]
pub struct ActorHistory {
    /// Item rows, oldest first, each once a unit.
    pub past: Vec<u32>,
    /// The same rows as a set.
    pub own: HashSet<u32>,
}

/// All actors, numbered in order of their first event.
#[derive(Debug, Default)]
pub(super) struct Actors {
    numbers: HashMap<Actor, usize>,
    actors: Vec<ActorHistory>,
}

impl Actors {
    pub(super) fn number(&mut self, actor: Actor) -> usize {
        let next = self.actors.len();
        let number = *self.numbers.entry(actor).or_insert(next);
        if number == next {
            self.actors.push(ActorHistory::default());
        }
        number
    }

    pub(super) fn history(&self, number: usize) -> &ActorHistory {
        &self.actors[number]
    }

    pub(super) fn add(&mut self, number: usize, items: &[u32]) {
        let history = &mut self.actors[number];
        history.past.extend_from_slice(items);
        history.own.extend(items);
    }

    pub(super) fn len(&self) -> usize {
        self.actors.len()
    }
}
