//! Appends to a model's log, with what the engine knows of their records.

use std::{collections::BTreeSet, time::Duration};

use crate::engine::{EngineError, Model};
use shelfmark_domain::{NewRecord, OffsetCommit, Position};
use shelfmark_log::AppendOutcome;

/// What became of the records of an append.
#[derive(Debug, Default)]
pub struct Appended {
    /// The log's outcome of each record, in order.
    pub outcomes: Vec<AppendOutcome>,
    /// Positions among the duplicates that a rollback gave up: nothing is learned from those events.
    pub rolled_back: BTreeSet<Position>,
}

impl Model {
    /// Appends records, waiting up to `patience` while the queue is full; events that came from recommended lists are
    /// attributed to the arms that made them. Retries of events that a rollback gave up are told from other duplicates.
    pub async fn append(&self, records: Vec<NewRecord>, patience: Duration) -> Result<Appended, EngineError> {
        self.append_with_offsets(records, Vec::new(), patience).await
    }

    /// Appends as [`Self::append`] does, all records or none, and commits offsets of streams outside with them.
    pub async fn append_with_offsets(
        &self,
        records: Vec<NewRecord>,
        offsets: Vec<OffsetCommit>,
        patience: Duration,
    ) -> Result<Appended, EngineError> {
        let outcomes = self.parts.attributed_log.append(records, offsets, patience).await?;
        let rolled_back = self.parts.core.stores.rolled_back(&outcomes).await?;
        Ok(Appended { outcomes, rolled_back })
    }
}
