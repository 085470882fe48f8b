//! Retries of events that a rollback gave up: they stand in the log, and the live state does not hold them.

use std::{collections::BTreeSet, sync::Arc};

use crate::engine::{
    EngineError,
    replay::{
        rollback::{NOT_STORED, Stored},
        rules::{Origin, Rules},
    },
    stores::Stores,
};
use shelfmark_domain::{Exclusions, Interval, Position};
use shelfmark_log::AppendOutcome;

impl Stores {
    /// Finds the duplicates that a rollback gave up.
    ///
    /// Costs nothing without a duplicate, and one look-up while the log has no restore. Errors: those of the log and
    /// of the version store.
    pub async fn rolled_back(&self, outcomes: &[AppendOutcome]) -> Result<BTreeSet<Position>, EngineError> {
        let duplicates: Vec<Position> = outcomes.iter().filter_map(duplicate).collect();
        if duplicates.is_empty() {
            return Ok(BTreeSet::new());
        }
        let Some(rules) = self.rolled_back_rules().await? else { return Ok(BTreeSet::new()) };
        let records = self.log.records_at(&duplicates).await?;
        let given_up = records.iter().filter(|record| rules.leaves_out(record).is_some());
        Ok(given_up.map(|record| record.position).collect())
    }

    /// Returns the rules of a replay of the whole log that leaves nothing out by itself: what it keeps is what the live
    /// state holds. `None` when the log has no restore.
    async fn rolled_back_rules(&self) -> Result<Option<Arc<Rules>>, EngineError> {
        let everything = Interval { after: Position::ZERO, through: Position::LAST };
        let Some(newest) = self.log.last_restore(everything).await? else { return Ok(None) };
        if let Some(rules) = self.newest_rules.get(newest.position) {
            return Ok(Some(rules));
        }
        let first = Origin { version: NOT_STORED, position: Position::ZERO, replay: None };
        let rules = Rules::resolve(&Stored(self), first, &Exclusions::default(), newest.position).await?;
        let rules = Arc::new(rules);
        self.newest_rules.set(newest.position, Arc::clone(&rules));
        Ok(Some(rules))
    }
}

fn duplicate(outcome: &AppendOutcome) -> Option<Position> {
    match outcome {
        AppendOutcome::Duplicate(position) => Some(*position),
        AppendOutcome::Accepted(_) | AppendOutcome::Conflict(_) => None,
    }
}
