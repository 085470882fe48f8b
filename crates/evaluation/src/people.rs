//! What each actor did so far, by the evaluation's own book-keeping: the model's histories end at 1,000 events and have
//! moved on when a batch is looked at.

use std::collections::{HashMap, HashSet};

use shelfmark_state::Actor;

/// One actor before a unit.
#[derive(Debug, Default)]
pub struct Person {
    /// Item rows, oldest first, each once a unit.
    pub past: Vec<u32>,
    /// The same without order.
    pub own: HashSet<u32>,
}

/// All actors, numbered in order of their first event.
#[derive(Debug, Default)]
pub(super) struct People {
    numbers: HashMap<Actor, usize>,
    people: Vec<Person>,
}

impl People {
    pub(super) fn number(&mut self, actor: Actor) -> usize {
        let next = self.people.len();
        let number = *self.numbers.entry(actor).or_insert(next);
        if number == next {
            self.people.push(Person::default());
        }
        number
    }

    pub(super) fn person(&self, number: usize) -> &Person {
        &self.people[number]
    }

    pub(super) fn add(&mut self, number: usize, items: &[u32]) {
        let person = &mut self.people[number];
        person.past.extend_from_slice(items);
        person.own.extend(items);
    }

    pub(super) fn len(&self) -> usize {
        self.people.len()
    }
}
