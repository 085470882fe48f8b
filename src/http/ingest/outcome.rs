//! Outcome of an append: counts, positions and rejected entries.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    EntryKind, REJECTED_MAX,
    entry::{self, EntryRun},
};
use crate::engine::Appended;
use shelfmark_domain::{FieldError, Id, Position};
use shelfmark_log::AppendOutcome;

/// An entry that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    /// Its place in the request, from 0; of a stream: the line, from 0.
    pub index: u64,
    /// The field at fault; empty for the whole entry.
    #[schema(example = "kind")]
    pub field: String,
    /// Stable, machine-readable reason.
    #[schema(example = "unknown_kind")]
    pub code: &'static str,
    /// What is wrong, and which values are valid.
    pub detail: String,
}

impl Rejection {
    /// Names an entry and its fault.
    pub fn new(index: u64, error: FieldError) -> Self {
        Self { index, field: error.field, code: error.code, detail: error.detail }
    }
}

/// What became of the records of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Appended, example = json!({"accepted": 2, "duplicates": 0, "rejected": [], "rejected_count": 0, "position": 4711}))]
pub struct AppendSummary {
    /// New records in the log.
    pub accepted: u64,
    /// Events that stood there already, with the same body: nothing changed. Those that a rollback gave up are not among
    /// them: they are rejected, because nothing is learned from them.
    pub duplicates: u64,
    /// Entries that were not taken: the first 1,000.
    pub rejected: Vec<Rejection>,
    /// How many were not taken.
    pub rejected_count: u64,
    /// Last position among the request's records; the head of the log when none was taken.
    pub position: Position,
    /// By event of the request, in order: its id, null when it was rejected. Only when the service made ids, and not for
    /// streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_ids: Option<Vec<Option<Id>>>,
    /// With `wait=applied`: whether the live view held the records in time. They are durable either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
    /// Of vectors: how many were left out because the model does not know their row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
    /// Lines of a stream that were handled.
    #[serde(skip)]
    pub lines: u64,
}

impl AppendSummary {
    /// Adds what became of a run. `indexes` and `rejected` are the run's.
    pub fn add(&mut self, indexes: &[u64], mut rejected: Vec<Rejection>, appended: &Appended) {
        for (index, outcome) in indexes.iter().zip(&appended.outcomes) {
            match *outcome {
                AppendOutcome::Accepted(position) => {
                    self.accepted += 1;
                    self.position = self.position.max(position);
                }
                AppendOutcome::Duplicate(position) if appended.rolled_back.contains(&position) => {
                    rejected.push(Rejection::new(*index, entry::rolled_back(position)));
                }
                AppendOutcome::Duplicate(position) => {
                    self.duplicates += 1;
                    self.position = self.position.max(position);
                }
                AppendOutcome::Conflict(position) => {
                    rejected.push(Rejection::new(*index, entry::conflict(position)));
                }
            }
        }
        rejected.sort_by_key(|rejection| rejection.index);
        self.rejected_count += rejected.len() as u64;
        let room = REJECTED_MAX - self.rejected.len().min(REJECTED_MAX);
        self.rejected.extend(rejected.into_iter().take(room));
    }

    /// Whether the log has no record of the request.
    pub fn has_no_record(&self) -> bool {
        self.accepted + self.duplicates == 0
    }

    /// How many entries came.
    pub fn came(&self) -> u64 {
        self.accepted + self.duplicates + self.rejected_count + self.unknown.unwrap_or(0)
    }

    /// Counts vectors that were left out.
    pub fn leave_out(&mut self, kind: &EntryKind, unknown: u64) {
        if matches!(kind, EntryKind::Vectors { .. }) {
            *self.unknown.get_or_insert(0) += unknown;
        }
    }

    /// Ids of all events of a batch of `count`, when the service made any.
    pub fn event_ids(run: &EntryRun, count: usize) -> Option<Vec<Option<Id>>> {
        if run.made_ids.iter().all(Option::is_none) {
            return None;
        }
        let mut ids = vec![None; count];
        for (index, record) in run.indexes.iter().zip(&run.records) {
            let place = usize::try_from(*index).ok().and_then(|at| ids.get_mut(at));
            if let (Some(place), shelfmark_domain::RecordBody::Event(event)) = (place, &record.body) {
                *place = Some(event.event_id.clone());
            }
        }
        Some(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_and_conflicts_are_named_in_order_with_the_other_rejections() {
        let mut tally = AppendSummary::default();
        let bad = Rejection::new(3, FieldError::new("kind", "unknown_kind", "x"));
        let at = Position::new;
        tally.add(
            &[0, 1, 2, 4, 5],
            vec![bad],
            &Appended {
                outcomes: vec![
                    AppendOutcome::Accepted(at(10)),
                    AppendOutcome::Conflict(at(2)),
                    AppendOutcome::Duplicate(at(5)),
                    AppendOutcome::Accepted(at(11)),
                    AppendOutcome::Duplicate(at(6)),
                ],
                rolled_back: [at(6)].into(),
            },
        );
        assert_eq!((tally.accepted, tally.duplicates, tally.rejected_count), (2, 1, 3));
        assert_eq!(tally.position, at(11));
        let named: Vec<_> = tally.rejected.iter().map(|r| (r.index, r.code)).collect();
        assert_eq!(named, [(1, "conflict"), (3, "unknown_kind"), (5, "rolled_back")]);
    }

    #[test]
    fn the_list_of_rejections_is_bounded_and_the_count_is_whole() {
        let mut tally = AppendSummary::default();
        for chunk in 0..3 {
            let rejected =
                (0..800).map(|i| Rejection::new(chunk * 800 + i, FieldError::new("", "malformed", "x"))).collect();
            tally.add(&[], rejected, &Appended::default());
        }
        assert_eq!(tally.rejected.len(), REJECTED_MAX);
        assert_eq!(tally.rejected_count, 2400);
    }
}
