//! Delta tracking: the version that the live state grew from, and the rows changed since.

use shelfmark_domain::VersionNumber;
use shelfmark_state::Touched;

/// How the live state stands to the stored versions.
#[derive(Debug, Default)]
pub struct DeltaTracker {
    parent: Option<VersionNumber>,
    /// Rows changed since the parent; `None`: not known, the next version must hold all rows.
    touched: Option<Touched>,
    /// Counts the lines of states: a version that is stored while a restore begins another line is not its parent.
    line: u64,
}

/// What changed until a snapshot, to be given back once it was stored, or was not.
#[derive(Debug)]
pub struct PendingDelta {
    /// The version that the rows changed since.
    pub parent: Option<VersionNumber>,
    /// The rows; `None`: not known.
    pub touched: Option<Touched>,
    line: u64,
}

impl PendingDelta {
    /// Of a state beside the live one: what changed since a version, where that is known.
    pub const fn beside(parent: Option<VersionNumber>, touched: Option<Touched>) -> Self {
        Self { parent, touched, line: 0 }
    }
}

impl DeltaTracker {
    /// The version that the live state grew from.
    pub const fn parent(&self) -> Option<VersionNumber> {
        self.parent
    }

    /// The live state is now that of a version (`exact`), or grew from one, or (`None`) from none.
    pub fn begin(&mut self, parent: Option<VersionNumber>, exact: bool) {
        let touched = parent.filter(|_| exact).map(|_| Touched::default());
        *self = Self { parent, touched, line: self.line + 1 };
    }

    /// Rows changed.
    pub fn note(&mut self, changed: &Touched) {
        if let Some(touched) = &mut self.touched {
            touched.absorb(changed);
        }
        if self.touched.as_ref().is_some_and(Touched::reshaped) {
            self.touched = None;
        }
    }

    /// Takes out what has changed so far: from here on changes count from the snapshot.
    pub fn take(&mut self) -> PendingDelta {
        let touched = self.touched.replace(Touched::default());
        PendingDelta { parent: self.parent, touched, line: self.line }
    }

    /// The snapshot was stored: it is the parent, unless another line has begun.
    pub fn stored(&mut self, delta: &PendingDelta, version: VersionNumber) {
        if delta.line == self.line {
            self.parent = Some(version);
        }
    }

    /// The snapshot was not stored: what changed until then has changed since the old parent.
    pub fn not_stored(&mut self, delta: PendingDelta) {
        if delta.line != self.line {
            return;
        }
        self.touched = match (delta.touched, self.touched.take()) {
            (Some(mut before), Some(since)) => {
                before.absorb(&since);
                Some(before)
            }
            (_, _) => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_state::Table;

    fn rows(touched: Option<&Touched>) -> Option<Vec<u32>> {
        touched.map(|touched| touched.rows(Table::ItemVectors).to_vec())
    }

    fn change(row: u32) -> Touched {
        let mut touched = Touched::default();
        touched.mark(Table::ItemVectors, row);
        touched
    }

    #[test]
    fn changes_count_from_the_last_version_that_was_stored() {
        let mut tracker = DeltaTracker::default();
        tracker.note(&change(1));
        let first = tracker.take();
        assert_eq!(rows(first.touched.as_ref()), None, "nothing is known of what came before the first version");
        tracker.note(&change(2));
        tracker.stored(&first, VersionNumber(1));
        let second = tracker.take();
        assert_eq!((second.parent, rows(second.touched.as_ref())), (Some(VersionNumber(1)), Some(vec![2])));
        tracker.note(&change(3));
        tracker.not_stored(second);
        assert_eq!(rows(tracker.take().touched.as_ref()), Some(vec![2, 3]));
    }

    #[test]
    fn a_version_of_another_line_is_no_parent() {
        let mut tracker = DeltaTracker::default();
        tracker.begin(Some(VersionNumber(4)), true);
        tracker.note(&change(1));
        let delta = tracker.take();
        tracker.begin(Some(VersionNumber(2)), true);
        tracker.stored(&delta, VersionNumber(5));
        assert_eq!(tracker.parent(), Some(VersionNumber(2)));
        tracker.note(&change(7));
        tracker.not_stored(delta);
        assert_eq!(rows(tracker.take().touched.as_ref()), Some(vec![7]));
        let mut reshaped = Touched::default();
        reshaped.mark_reshaped();
        tracker.note(&reshaped);
        assert_eq!(rows(tracker.take().touched.as_ref()), None);
    }
}
