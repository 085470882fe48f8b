//! Read-back check of a stored version: whether the segments in the store rebuild the stored state (P7).

use shelfmark_domain::Digest;

use super::{Digester, Segment, State, StateError};

/// Compares segments, row by row, with the state that they encode. Applies those of a delta to its parent, as a load
/// would. Costs the stored rows, not those of the state.
#[derive(Debug)]
pub struct ReadBack {
    stored: State,
    digest: Digest,
    /// Digest of the parent at first, of the whole chain at the end.
    digester: Digester,
    /// The parent of a delta.
    parent: Option<State>,
}

impl ReadBack {
    /// Creates a check of a base version: all rows of `stored`, whose digest is `digest`.
    pub fn base(stored: State, digest: Digest) -> Self {
        Self { stored, digest, digester: Digester::default(), parent: None }
    }

    /// Creates a check of a delta: the rows of `stored` that changed since `parent`.
    pub fn delta(stored: State, digest: Digest, parent: State, parent_digester: Digester) -> Self {
        Self { stored, digest, digester: parent_digester, parent: Some(parent) }
    }

    /// Checks the next segment, in load order.
    ///
    /// # Errors
    /// [`StateError::UnknownTable`] or [`StateError::Corrupt`] when the segment does not decode or does not fit the
    /// parent, [`StateError::ReadBack`] when a row differs from the stored state's.
    pub fn take(&mut self, segment: &Segment) -> Result<(), StateError> {
        let table = segment.table().ok_or(StateError::UnknownTable(segment.table))?;
        let Self { stored, digester, parent, .. } = self;
        let (mut expected, mut different) = (Vec::new(), None);
        let read = segment.read_rows(stored.config().dim, |row, bytes| {
            let number = row as usize;
            expected.clear();
            if number < stored.rows(table) {
                stored.encode_row(table, number, &mut expected);
            }
            if expected != bytes {
                different = Some(row);
                return None;
            }
            digester.set(table, number, bytes);
            parent.as_mut().map_or(Some(()), |parent| parent.decode_row(table, number, bytes))
        });
        match (read, different) {
            (Some(()), _) => Ok(()),
            (None, Some(row)) => Err(StateError::ReadBack { table, row }),
            (None, None) => Err(StateError::Corrupt { table, ordinal: segment.ordinal }),
        }
    }

    /// Checks that no row is missing: the digest of what was read must be that of the stored state.
    ///
    /// # Errors
    /// [`StateError::Incomplete`] when they differ.
    pub fn finish(self) -> Result<(), StateError> {
        let (found, expected) = (self.digester.digest(), self.digest);
        if found == expected { Ok(()) } else { Err(StateError::Incomplete { found, expected }) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shelfmark_domain::{Id, Item, ModelConfig};

    use super::*;
    use crate::{Table, Touched};

    fn state() -> State {
        State::initial(Arc::new(ModelConfig { dim: 4, ..ModelConfig::default() }))
    }

    fn put(state: &mut State, item: &str) {
        state.put_item(&Item::bare(Id::new("item", item).expect("an id")));
    }

    fn check(mut read_back: ReadBack, segments: impl IntoIterator<Item = Segment>) -> Result<(), StateError> {
        segments.into_iter().try_for_each(|segment| read_back.take(&segment))?;
        read_back.finish()
    }

    #[test]
    fn missing_and_changed_rows_are_found() {
        let mut stored = state();
        put(&mut stored, "a");
        let (parent, parent_digester) = (stored.clone(), Digester::new(&stored));
        let digest = parent_digester.digest();
        check(ReadBack::base(stored.clone(), digest), stored.segments()).expect("the whole state");
        let cut = stored.segments().filter(|segment| segment.table() != Some(Table::ItemVectors));
        let error = check(ReadBack::base(stored.clone(), digest), cut).expect_err("a table is missing");
        assert!(matches!(error, StateError::Incomplete { .. }), "{error}");

        stored.touched.clear();
        put(&mut stored, "b");
        let changed = std::mem::take(&mut stored.touched);
        let digest = Digester::new(&stored).digest();
        let delta = || ReadBack::delta(stored.clone(), digest, parent.clone(), parent_digester.clone());
        check(delta(), stored.delta_segments(&changed)).expect("the changes");
        let error = check(delta(), stored.delta_segments(&Touched::default())).expect_err("no change at all");
        assert!(matches!(error, StateError::Incomplete { .. }), "{error}");
        let other = stored.delta_segments(&changed).map(|mut segment| {
            *segment.payload.last_mut().expect("rows") ^= 1;
            segment
        });
        let error = check(delta(), other).expect_err("another value");
        assert!(matches!(error, StateError::ReadBack { .. }), "{error}");
    }
}
