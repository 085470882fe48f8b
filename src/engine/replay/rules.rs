//! Drop rules of a replay: the records that it leaves out, with earlier rollbacks taken into account.
//!
//! A replay begins from a version and applies the log after it without what its `except` names. The log may hold
//! restores of its own there. They are not applied as the learner applies them, by taking over a stored state: that
//! state may hold what this replay leaves out. They are turned into rules instead, from the newest back:
//!
//! * a plain restore at `r` to a state at `p` drops `(p, r]`, whatever stood there, other restores included; what
//!   counts before it is what counted at `p`;
//! * a replay at `r` from the version at `p` drops what its own `except` names in `(p, r]`; the same holds for a
//!   restore of a version that a replay made;
//! * a restore to a state from before the base is taken over as the version is stored: nothing in it comes after the
//!   base; a replay from before the base is made again from where it began, since what it left out stays left out.

use std::sync::{Arc, Mutex, PoisonError};

use shelfmark_domain::{
    Append, ExclusionReason, Exclusions, Interval, Position, PositionSet, Record, RecordBody, VersionNumber,
};

/// A restore record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreAt {
    /// Where it stands.
    pub position: Position,
    /// The version that it names.
    pub version: VersionNumber,
    /// What it leaves out of the records after that version; `None` for a plain one.
    pub replay: Option<Exclusions>,
}

/// Where a version's state came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The version.
    pub version: VersionNumber,
    /// Where it stands.
    pub position: Position,
    /// Of one that a replay made: from which version, and what was left out. Every other is the log's up to its
    /// position.
    pub replay: Option<(VersionNumber, Exclusions)>,
}

/// What the rules are made from.
pub trait Lineage {
    /// What a look can meet.
    type Error;

    /// The newest restore in an interval.
    fn last_restore(&self, within: Interval) -> impl Future<Output = Result<Option<RestoreAt>, Self::Error>> + Send;

    /// Where a version came from.
    fn origin(&self, version: VersionNumber) -> impl Future<Output = Result<Origin, Self::Error>> + Send;
}

/// The rules of one replay. They hold as long as no restore is appended after those that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The version whose state is the first one.
    pub start: VersionNumber,
    /// The log is applied after this position.
    pub after: Position,
    dropped: PositionSet,
    excepts: Vec<(Interval, Exclusions)>,
}

/// Rules of a replay of the whole log that leaves nothing out by itself, kept for the log's newest restore.
#[derive(Default)]
pub struct NewestRules(Mutex<Option<(Position, Arc<Rules>)>>);

impl NewestRules {
    /// Returns the rules, if they were made for the restore at this position.
    pub fn get(&self, restore: Position) -> Option<Arc<Rules>> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.as_ref().filter(|(position, _)| *position == restore).map(|(_, rules)| Arc::clone(rules))
    }

    /// Keeps the rules that were made for a restore.
    pub fn set(&self, restore: Position, rules: Arc<Rules>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((restore, rules));
    }
}

/// A stretch of the log that counts on top of a version.
struct LineageStretch {
    base: Origin,
}

/// Finds the rules, from the newest restore back.
struct Search<'a, L> {
    line: &'a L,
    dropped: PositionSet,
    excepts: Vec<(Interval, Exclusions)>,
    /// The stretch in which we are, inside those that it is a part of.
    stretches: Vec<LineageStretch>,
    /// Last position that was not looked at.
    through: Position,
}

impl Rules {
    /// The rules of a replay from `base` that looks at restores up to `through`. Costs two look-ups for each restore
    /// that still counts.
    pub async fn resolve<L: Lineage + Sync>(
        line: &L,
        base: Origin,
        except: &Exclusions,
        through: Position,
    ) -> Result<Self, L::Error> {
        let all_after = Interval { after: base.position, through: Position::LAST };
        let mut search = Search {
            line,
            dropped: PositionSet::default(),
            excepts: vec![(all_after, except.clone())],
            stretches: vec![LineageStretch { base }],
            through,
        };
        let start = search.run().await?;
        let after = search.dropped.passed_over(start.position);
        let excepts = search.excepts.into_iter().filter(|(_, except)| !except.is_empty()).collect();
        Ok(Self { start: start.version, after, dropped: search.dropped, excepts })
    }

    /// Why a record is left out, if it is. No restore is ever applied: what it did is in the rules.
    pub fn leaves_out(&self, record: &Record) -> Option<ExclusionReason> {
        if matches!(record.body, RecordBody::Restore { .. }) || self.dropped.contains(record.position) {
            return Some(ExclusionReason::Restores);
        }
        let within = self.excepts.iter().filter(|(interval, _)| interval.contains(record.position));
        within.into_iter().find_map(|(_, except)| except.leaves_out(record))
    }

    /// What is left of an append, which keeps its boundary; `None` when nothing is. Tells `seen` of every record.
    pub fn filter(&self, append: &Append, mut seen: impl FnMut(&Record, Option<ExclusionReason>)) -> Option<Append> {
        let mut kept = Vec::with_capacity(append.records.len());
        for record in append.records.iter() {
            let reason = self.leaves_out(record);
            seen(record, reason);
            if reason.is_none() {
                kept.push(record.clone());
            }
        }
        if kept.len() == append.records.len() {
            return Some(append.clone());
        }
        (!kept.is_empty()).then(|| Append { records: kept.into() })
    }
}

impl<L: Lineage + Sync> Search<'_, L> {
    /// Returns the version at which the search ends: the base, or one from before it.
    async fn run(&mut self) -> Result<Origin, L::Error> {
        loop {
            let Some(stretch) = self.stretches.last() else { unreachable!("the search ends with its last stretch") };
            let floor = stretch.base.position;
            let end = match self.newest(floor).await? {
                Some(restore) => self.undo(restore).await?,
                // All of the stretch counts: below it, what its base is made of.
                None => {
                    let Some(LineageStretch { base }) = self.stretches.pop() else {
                        unreachable!("it was the last just before")
                    };
                    if self.stretches.is_empty() { Some(base) } else { self.enter(base).await? }
                }
            };
            if let Some(start) = end {
                return Ok(start);
            }
        }
    }

    /// The newest restore above `floor` that was not looked at and that nothing leaves out.
    async fn newest(&self, floor: Position) -> Result<Option<RestoreAt>, L::Error> {
        let mut through = self.through;
        loop {
            let found = self.line.last_restore(Interval { after: floor, through }).await?;
            let left_out = |at| self.excepts.iter().any(|(within, e)| within.contains(at) && e.names_position(at));
            match found {
                Some(restore) if left_out(restore.position) => through = restore.position.previous(),
                found => return Ok(found),
            }
        }
    }

    async fn undo(&mut self, restore: RestoreAt) -> Result<Option<Origin>, L::Error> {
        let target = self.line.origin(restore.version).await?;
        let since = Interval { after: target.position, through: restore.position };
        match restore.replay {
            None => {
                self.dropped.insert(since);
                self.enter(target).await
            }
            Some(except) => {
                self.through = restore.position.previous();
                self.begin(target, since, except);
                Ok(None)
            }
        }
    }

    /// Goes on with what counted in a version's state. Returns a version from before all stretches: it is taken as it
    /// is stored.
    async fn enter(&mut self, version: Origin) -> Result<Option<Origin>, L::Error> {
        while let Some(stretch) = self.stretches.last() {
            if stretch.base.version == version.version {
                // Nothing of the stretch counts but its base.
                self.through = stretch.base.position;
                return Ok(None);
            }
            if stretch.base.position <= version.position {
                break;
            }
            self.stretches.pop();
        }
        if self.stretches.is_empty() {
            return Ok(Some(version));
        }
        self.through = version.position;
        if let Some((from, except)) = version.replay {
            let base = self.line.origin(from).await?;
            let within = Interval { after: base.position, through: version.position };
            self.begin(base, within, except);
        }
        Ok(None)
    }

    /// Goes on in a stretch of its own, which may reach further back than those around it.
    fn begin(&mut self, base: Origin, within: Interval, except: Exclusions) {
        while self.stretches.last().is_some_and(|stretch| stretch.base.position > base.position) {
            self.stretches.pop();
        }
        self.stretches.push(LineageStretch { base });
        self.excepts.push((within, except));
    }
}

#[cfg(test)]
mod tests;
