//! Leads: how far the recall of one method or pass is ahead of another's, with the interval of the difference.

use serde::Serialize;

use super::{
    Interval,
    metrics::{Cut, Sums},
};

/// Differences of two recalls over the same targets.
#[derive(Debug, Clone, Serialize)]
pub struct Lead {
    /// Over all targets.
    pub all: Difference,
    /// Over novel targets.
    pub novel: Difference,
}

/// Difference of two recalls.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Difference {
    /// The difference.
    pub recall: f64,
    /// Its interval, both resampled together.
    pub interval: Option<Interval>,
}

impl Lead {
    /// Subtracts the recall of `from` from that of `of`. The intervals are over all and over novel targets.
    pub(super) fn new(of: &Cut, from: &Cut, [all, novel]: [Option<Interval>; 2]) -> Self {
        let difference =
            |of: &Sums, from: &Sums, interval| Difference { recall: of.recall() - from.recall(), interval };
        Self { all: difference(&of.all, &from.all, all), novel: difference(&of.novel, &from.novel, novel) }
    }
}

impl Difference {
    /// Whether it is more than chance.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|interval| interval.excludes_zero())
    }
}
