//! Interval set: a set of positions.

use serde::{Deserialize, Serialize};

use super::{Interval, Position};

/// Positions as disjoint, ascending intervals. Adjacent intervals are merged, empty ones dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Vec<Interval>", into = "Vec<Interval>")]
#[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<u64>>))]
pub struct PositionSet(Vec<Interval>);

impl PositionSet {
    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of intervals.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a position is in the set, by binary search.
    pub fn contains(&self, position: Position) -> bool {
        self.holding(position).is_some()
    }

    /// Returns the end of the interval that begins right after `after`, or `after` when there is none.
    pub fn passed_over(&self, after: Position) -> Position {
        self.holding(after.next()).map_or(after, |interval| interval.through)
    }

    /// Inserts an interval. Costs the number of intervals after it.
    pub fn insert(&mut self, mut new: Interval) {
        if new.after >= new.through {
            return;
        }
        let from = self.0.partition_point(|known| known.through < new.after);
        let to = self.0.partition_point(|known| known.after <= new.through);
        for known in &self.0[from..to] {
            new = Interval { after: new.after.min(known.after), through: new.through.max(known.through) };
        }
        self.0.splice(from..to, [new]);
    }

    fn holding(&self, position: Position) -> Option<&Interval> {
        let at = self.0.partition_point(|known| known.through < position);
        self.0.get(at).filter(|known| known.contains(position))
    }
}

/// Rejects empty intervals.
impl TryFrom<Vec<Interval>> for PositionSet {
    type Error = String;

    fn try_from(mut intervals: Vec<Interval>) -> Result<Self, String> {
        intervals.sort_unstable();
        let mut ranges = Self::default();
        for Interval { after, through } in intervals {
            if after >= through {
                return Err(format!("[{after}, {through}] is empty: the first end is exclusive, the last inclusive"));
            }
            ranges.insert(Interval { after, through });
        }
        Ok(ranges)
    }
}

impl From<PositionSet> for Vec<Interval> {
    fn from(ranges: PositionSet) -> Self {
        ranges.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn intervals_agree_with_a_plain_set_of_positions(given in prop::collection::vec((0_u64..40, 0_u64..40), 0..12)) {
            let mut plain = BTreeSet::new();
            for (after, through) in &given {
                plain.extend(after + 1..=*through);
            }
            let intervals: Vec<Interval> =
                given.iter().map(|(a, t)| Interval::from((Position::new(*a), Position::new(*t)))).collect();
            let mut ranges = PositionSet::default();
            intervals.iter().for_each(|interval| ranges.insert(*interval));
            let empty = intervals.iter().any(|interval| interval.after >= interval.through);
            prop_assert_eq!(PositionSet::try_from(intervals).ok(), (!empty).then(|| ranges.clone()));
            for position in 0..45 {
                prop_assert_eq!(ranges.contains(Position::new(position)), plain.contains(&position));
                let passed = (position + 1..).find(|next| !plain.contains(next)).expect("an end") - 1;
                prop_assert_eq!(ranges.passed_over(Position::new(position)).get(), passed);
            }
            let touching = ranges.0.windows(2).any(|two| two[0].through >= two[1].after);
            prop_assert!(!touching, "{:?}", ranges);
        }
    }
}
