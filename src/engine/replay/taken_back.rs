//! Events that the log has and the live state does not hold.

use std::collections::BTreeSet;

use crate::engine::{EngineError, Model};
use shelfmark_domain::{Position, Retraction};
use shelfmark_log::AppendOutcome;

impl Model {
    /// Whether a rollback gave up the record at a position, so that the live state does not hold it.
    pub async fn is_rolled_back(&self, position: Position) -> Result<bool, EngineError> {
        Ok(self.rolled_back(&[position]).await?.contains(&position))
    }

    /// Returns those of some positions whose records a rollback gave up.
    pub async fn rolled_back(&self, positions: &[Position]) -> Result<BTreeSet<Position>, EngineError> {
        let stored: Vec<AppendOutcome> = positions.iter().copied().map(AppendOutcome::Duplicate).collect();
        self.parts.core.stores.rolled_back(&stored).await
    }

    /// Returns those of some positions whose events the live state does not hold: a rollback gave them up, or a
    /// retraction that no rollback gave up.
    pub async fn taken_back(&self, events: &[Position]) -> Result<BTreeSet<Position>, EngineError> {
        let mut gone = self.rolled_back(events).await?;
        let mut left: Vec<Position> = events.iter().copied().filter(|event| !gone.contains(event)).collect();
        for attempt in 0..Retraction::ATTEMPTS_MAX {
            let retractions = self.log().retractions(&left, attempt).await?;
            if retractions.is_empty() {
                break;
            }
            let positions: Vec<Position> = retractions.iter().map(|(_, position)| *position).collect();
            let undone = self.rolled_back(&positions).await?;
            let (again, retracted): (Vec<_>, Vec<_>) =
                retractions.into_iter().partition(|(_, position)| undone.contains(position));
            gone.extend(retracted.into_iter().map(|(event, _)| event));
            left = again.into_iter().map(|(event, _)| event).collect();
        }
        Ok(gone)
    }
}
