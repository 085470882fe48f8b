//! Counts of what was sent and answered.

use std::collections::BTreeMap;

use crate::{Origin, Rejected};

/// How many bad lines and rejections are shown one by one; the rest is only counted.
pub const SHOWN_MAX: u64 = 20;

/// Counts of the sending side.
#[derive(Debug, Clone, Default)]
pub struct SendStats {
    /// Items that the service took.
    pub items: u64,
    /// Events of batches that were answered.
    pub events: u64,
    /// Events that the service took.
    pub accepted: u64,
    /// Events that it had already.
    pub duplicates: u64,
    /// Events and items that it refused.
    pub rejected: u64,
    /// Refusals by code.
    pub reasons: BTreeMap<String, u64>,
    /// The first refusals, with their places.
    pub shown: Vec<String>,
    /// Position that holds all that was answered.
    pub position: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
}

impl SendStats {
    /// Counts a refusal.
    pub fn reject(&mut self, origin: &Origin, rejected: &Rejected) {
        self.rejected += 1;
        *self.reasons.entry(rejected.code.clone()).or_default() += 1;
        if self.rejected <= SHOWN_MAX {
            let Rejected { code, detail, .. } = rejected;
            self.shown.push(format!("{}:{}: rejected ({code}): {detail}", origin.file, origin.line));
        }
    }

    /// Counts refusals that the reply did not name one by one.
    pub fn reject_unnamed(&mut self, count: u64) {
        if count > 0 {
            self.rejected += count;
            *self.reasons.entry("unnamed".to_owned()).or_default() += count;
        }
    }
}
