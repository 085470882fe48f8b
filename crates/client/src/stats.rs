//! Counts of what was sent and answered.

use std::collections::BTreeMap;

use crate::{Origin, RejectedEntry};

/// Counts of the sending side.
#[derive(Debug, Clone, Default)]
pub struct SendStats {
    /// Items that the service took.
    pub items: u64,
    /// Events, or vectors, of batches that were answered.
    pub events: u64,
    /// Events that are new to the service.
    pub accepted: u64,
    /// Events that the service had already.
    pub duplicates: u64,
    /// Entries that the service rejected.
    pub rejected: u64,
    /// Rejections by code.
    pub reasons: BTreeMap<String, u64>,
    /// The first rejections, a line each, with file and line of the entry.
    pub shown: Vec<String>,
    /// Position of the log that holds everything that was answered.
    pub position: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
}

impl SendStats {
    /// Rejections that are listed one by one; the others are only counted.
    pub const SHOWN_MAX: u64 = 20;

    /// Counts a rejection.
    pub(crate) fn reject(&mut self, origin: &Origin, rejected: &RejectedEntry) {
        self.rejected += 1;
        *self.reasons.entry(rejected.code.clone()).or_default() += 1;
        if self.rejected <= Self::SHOWN_MAX {
            let RejectedEntry { code, detail, .. } = rejected;
            self.shown.push(format!("{}:{}: rejected ({code}): {detail}", origin.file, origin.line));
        }
    }

    /// Counts rejections that the reply did not list.
    pub(crate) fn reject_unnamed(&mut self, count: u64) {
        if count > 0 {
            self.rejected += count;
            *self.reasons.entry("unnamed".to_owned()).or_default() += count;
        }
    }
}
