//! Histories of actors, kept by the evaluation itself: the model's histories end at 1,000 events, and have
//! moved on when a batch is ranked.

use std::collections::{HashMap, HashSet};

use shelfmark_state::Actor;

/// History of an actor before a unit.
#[derive(Debug, Default)]
pub struct ActorHistory {
    /// Rows of liked items, oldest first, each once a unit.
    pub past: Vec<u32>,
    /// Rows of all items that the actor has met, disliked ones too: they are not novel.
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

    pub(super) fn add(&mut self, number: usize, liked: &[u32], met: impl Iterator<Item = u32>) {
        let history = &mut self.actors[number];
        history.past.extend_from_slice(liked);
        history.own.extend(met);
    }

    pub(super) fn len(&self) -> usize {
        self.actors.len()
    }
}
