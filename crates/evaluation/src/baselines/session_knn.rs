//! Session neighbours: sessions that share items with the actor's, nearer ones first.
//!
//! STAN (Garg, Gupta, Malhotra, Vig and Shroff, "Sequence and time aware neighborhood for session-based
//! recommendations", SIGIR 2019). A shared item counts `e^(-k / places)` when it is `k` events back, a neighbour
//! `e^(-age / ages)`, and its items `e^(-steps / distances)` by their distance from the newest shared one. As in
//! VMIS-kNN (Kersbergen, Sprangers and Schelter, SIGMOD 2022) only the newest sessions of each item are looked at, and
//! the counts move with every event. Popularity breaks ties and serves actors without a session.
//!
//! A session is the actor's events until a pause, or all of them.
//!
//! **Bounds.** [`SESSIONS_OF_ITEM`] sessions an item, [`SESSION_ITEMS`] events of each session, [`NEIGHBOURS`]
//! neighbours.

use std::collections::{HashMap, VecDeque};

use super::{Baseline, KnownActor, grow, popularity::Popularity};

/// Newest sessions that are kept of each item.
const SESSIONS_OF_ITEM: usize = 500;
/// Newest events that are kept of each session.
const SESSION_ITEMS: usize = 50;
/// Neighbours whose items are scored.
const NEIGHBOURS: usize = 500;
const POPULARITY_SCALE: f32 = 1e-6;

/// Settings, which the paper tunes for each data set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Pause that ends a session, microseconds; `None`: a session never ends.
    pub(super) pause: Option<i64>,
    /// Decay by place in the actor's session, events.
    pub(super) places: f32,
    /// Decay by age of the neighbour, microseconds.
    pub(super) ages: f32,
    /// Decay by distance from the shared item, events.
    pub(super) distances: f32,
}

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// Microseconds of a day.
const DAY: f32 = 24.0 * HOUR as f32;

/// Visits.
pub(super) const VISITS: Settings = Settings { pause: Some(8 * HOUR), places: 3.0, ages: 20.0 * DAY, distances: 5.0 };
/// Whole histories.
pub(super) const HISTORIES: Settings = Settings { pause: None, places: 20.0, ages: 60.0 * DAY, distances: 50.0 };

/// A session.
#[derive(Debug, Default)]
struct Session {
    /// Item rows, oldest first.
    items: VecDeque<u32>,
    /// Time of the newest event, microseconds.
    at: i64,
}

/// Sessions, and the newest ones by item.
#[derive(Debug)]
pub(super) struct SessionKnn {
    settings: Settings,
    sessions: Vec<Session>,
    /// Numbers of sessions by item row, oldest first.
    of_item: Vec<VecDeque<u32>>,
    /// Number of the newest session by actor.
    current: HashMap<usize, u32>,
    popularity: Popularity,
}

impl SessionKnn {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            sessions: Vec::new(),
            of_item: Vec::new(),
            current: HashMap::new(),
            popularity: Popularity::default(),
        }
    }

    /// Returns the actor's session, unless it has ended.
    fn session(&self, actor: &KnownActor<'_>) -> Option<u32> {
        let number = *self.current.get(&actor.number)?;
        let ended = self.settings.pause.is_some_and(|pause| actor.at - self.sessions[number as usize].at > pause);
        (!ended).then_some(number)
    }

    /// Finds the neighbours of session `own` with their similarities, the best first.
    #[expect(clippy::cast_precision_loss, reason = "lengths and ages")]
    fn neighbours(&self, own: u32, at: i64) -> Vec<(u32, f32)> {
        let session = &self.sessions[own as usize];
        let mut similarities: HashMap<u32, f32> = HashMap::new();
        for (place, item) in session.items.iter().rev().enumerate() {
            let weight = (-(place as f32) / self.settings.places).exp();
            let newest = &self.of_item[*item as usize];
            for number in newest.iter().filter(|number| **number != own) {
                *similarities.entry(*number).or_default() += weight;
            }
        }
        let mut found: Vec<(u32, f32)> = similarities
            .into_iter()
            .map(|(number, shared)| {
                let other = &self.sessions[number as usize];
                let lengths = (session.items.len() * other.items.len()) as f32;
                let age = at.saturating_sub(other.at).max(0) as f32;
                (number, shared / lengths.sqrt() * (-age / self.settings.ages).exp())
            })
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        found.truncate(NEIGHBOURS);
        found
    }
}

impl Baseline for SessionKnn {
    #[expect(clippy::cast_precision_loss, reason = "distances within a session")]
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        if let Some(own) = self.session(actor) {
            let newest_first: Vec<u32> = self.sessions[own as usize].items.iter().rev().copied().collect();
            for (number, similarity) in self.neighbours(own, actor.at) {
                let other = &self.sessions[number as usize].items;
                let place_of = |item: &u32| other.iter().rposition(|of_other| of_other == item);
                let Some(shared) = newest_first.iter().find_map(place_of) else { continue };
                for (place, item) in other.iter().enumerate() {
                    let steps = place.abs_diff(shared) as f32;
                    scores[*item as usize] += similarity * (-steps / self.settings.distances).exp();
                }
            }
        }
        self.popularity.add_to(scores, POPULARITY_SCALE);
    }

    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]) {
        let number = self.session(actor).unwrap_or_else(|| {
            let number = u32::try_from(self.sessions.len()).expect("fewer sessions than events");
            self.sessions.push(Session::default());
            self.current.insert(actor.number, number);
            number
        });
        let session = &mut self.sessions[number as usize];
        session.at = actor.at;
        for item in items {
            grow(&mut self.of_item, *item, VecDeque::new());
            let of_item = &mut self.of_item[*item as usize];
            if !of_item.contains(&number) {
                of_item.push_back(number);
                if of_item.len() > SESSIONS_OF_ITEM {
                    of_item.pop_front();
                }
            }
            session.items.push_back(*item);
            if session.items.len() > SESSION_ITEMS {
                session.items.pop_front();
            }
        }
        self.popularity.add(items);
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;
    use crate::actors::ActorHistory;

    /// Goal: scores are those of the paper's formulas. Method: on a small random stream, every other session anew.
    #[test]
    fn scores_are_those_of_comparing_every_session_anew() {
        let settings = Settings { pause: Some(HOUR), places: 3.0, ages: 5.0 * HOUR as f32, distances: 2.0 };
        let mut fast = SessionKnn::new(settings);
        let mut draws = CounterRng::new(3, 1, 1);
        let history = ActorHistory::default();
        // Actor, items and time of the newest event.
        let mut sessions: Vec<(usize, Vec<u32>, i64)> = Vec::new();
        let mut at = 0;
        for _ in 0..150 {
            at += i64::try_from(draws.below(20)).unwrap() * HOUR / 20;
            let number = draws.below(6);
            let mut unit: Vec<u32> = (0..1 + draws.below(2)).map(|_| u32::try_from(draws.below(9)).unwrap()).collect();
            unit.dedup();
            fast.learn(&KnownActor { number, at, history: &history }, &unit);
            match sessions.iter_mut().rev().find(|session| session.0 == number) {
                Some(session) if at - session.2 <= HOUR => {
                    session.1.extend(unit);
                    session.2 = at;
                }
                _ => sessions.push((number, unit, at)),
            }
        }
        let mut compared = 0;
        for number in 0..6 {
            let mut scores = vec![0.0; 9];
            fast.score(&KnownActor { number, at, history: &history }, &mut scores);
            let newest = sessions.iter().rposition(|session| session.0 == number);
            let Some(own) = newest.filter(|own| at - sessions[*own].2 <= HOUR) else {
                assert!(scores.iter().all(|score| *score <= 1e-6), "popularity alone");
                continue;
            };
            let mine = &sessions[own].1;
            let mut expected = [0.0_f64; 9];
            for (_, items, last) in sessions.iter().enumerate().filter(|(other, _)| *other != own).map(|(_, s)| s) {
                let shared: f64 = mine
                    .iter()
                    .rev()
                    .enumerate()
                    .filter(|(_, item)| items.contains(item))
                    .map(|(place, _)| (-(place as f64) / 3.0).exp())
                    .sum();
                let Some(nearest) = mine.iter().rev().find(|item| items.contains(item)) else { continue };
                let similarity = shared / ((mine.len() * items.len()) as f64).sqrt()
                    * (-(at - last) as f64 / (5.0 * HOUR as f64)).exp();
                let shared_place = items.iter().rposition(|item| item == nearest).unwrap();
                for (place, item) in items.iter().enumerate() {
                    expected[*item as usize] += similarity * (-(place.abs_diff(shared_place) as f64) / 2.0).exp();
                }
            }
            for (score, expected) in scores.iter().zip(expected) {
                assert!((f64::from(*score) - expected).abs() < 1e-4 * expected.max(0.1), "{score} {expected}");
            }
            compared += 1;
        }
        assert!(compared >= 2, "sessions under way at the end: {compared}");
    }
}
