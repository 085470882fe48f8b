//! Cache of the newest appends of this process. Tails close to the head read it instead of Postgres.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use shelfmark_domain::{Append, Position};

/// Newest appends of this process, bounded in records and bytes. Appends of other processes are missing; a tail that
/// does not find its next append here reads the table.
#[derive(Debug)]
pub(super) struct RecentAppends {
    window: Mutex<Window>,
    records_max: usize,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Window {
    /// Appends in the order of positions, each with its encoded size in bytes.
    appends: VecDeque<(Append, usize)>,
    records: usize,
    bytes: usize,
}

impl RecentAppends {
    pub(super) fn new(records_max: usize, bytes_max: usize) -> Self {
        Self { window: Mutex::default(), records_max, bytes_max }
    }

    /// Adds an append that has just been committed, and evicts the oldest ones beyond the bounds.
    pub(super) fn push(&self, append: Append, bytes: usize) {
        // Declared before the guard, so that it is freed after the lock: freeing thousands of records takes a while.
        let mut evicted = Vec::new();
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        debug_assert!(
            window.appends.back().is_none_or(|(last, _)| last.last() < append.first()),
            "P3: one appender commits in order"
        );
        window.records += append.records.len();
        window.bytes += bytes;
        window.appends.push_back((append, bytes));
        while window.records > self.records_max || window.bytes > self.bytes_max {
            let Some((oldest, bytes)) = window.appends.pop_front() else {
                break;
            };
            window.records -= oldest.records.len();
            window.bytes -= bytes;
            evicted.push(oldest);
        }
    }

    /// Returns the append that begins at `position`, if it is cached.
    pub(super) fn beginning_at(&self, position: Position) -> Option<Append> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let index = window.appends.binary_search_by_key(&position, |(append, _)| append.first()).ok()?;
        window.appends.get(index).map(|(append, _)| Append::clone(append))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shelfmark_domain::{Record, RecordBody, Timestamp, VersionNumber};

    use super::*;

    fn append(first: u64, records: u64) -> Append {
        let records: Vec<Record> = (first..first + records)
            .map(|position| Record {
                position: Position::new(position),
                appended_at: Timestamp::default(),
                source: None,
                body: RecordBody::Restore { version: VersionNumber(1), replay: None },
            })
            .collect();
        Append { records: Arc::from(records) }
    }

    #[test]
    fn old_appends_leave_when_a_bound_is_passed() {
        let recent = RecentAppends::new(5, 100);
        recent.push(append(1, 2), 10);
        recent.push(append(3, 2), 10);
        recent.push(append(7, 1), 10);
        assert!(recent.beginning_at(Position::new(1)).is_some());
        recent.push(append(8, 1), 10);
        assert!(recent.beginning_at(Position::new(1)).is_none(), "6 records");
        assert!(recent.beginning_at(Position::new(4)).is_none(), "inside an append");
        assert_eq!(recent.beginning_at(Position::new(3)).map(|a| a.last()), Some(Position::new(4)));
        recent.push(append(9, 1), 95);
        assert!(recent.beginning_at(Position::new(8)).is_none(), "115 bytes");
        recent.push(append(10, 1), 101);
        assert!(recent.beginning_at(Position::new(10)).is_none(), "too big");
    }
}
