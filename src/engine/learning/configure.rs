//! Configuration changes: records like any other.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use crate::engine::{EngineError, deployment::readers::Readers, stores::Stores};
use shelfmark_domain::{FieldError, FieldResult, ModelConfig, NewRecord, Position, RecordBody};
use shelfmark_log::AppendOutcome;

/// Longest wait for the learner to reach the head, and then the record.
const APPLY_TIMEOUT: Duration = Duration::from_secs(20);

/// The configuration of one model.
pub struct Configuration {
    pub(super) stores: Arc<Stores>,
    readers: Arc<Readers>,
    /// Held while it is changed: a change is merged over the one before it.
    changing: Mutex<()>,
}

impl Configuration {
    pub fn new(stores: Arc<Stores>, readers: Arc<Readers>) -> Self {
        Self { stores, readers, changing: Mutex::default() }
    }

    /// Appends the configuration that `change` makes of the one at the head; returns once readers see it: its position.
    /// A change that changes nothing leaves no record. Of two processes that change it at the same moment, the later
    /// record wins as a whole.
    pub async fn configure(
        &self,
        change: impl FnOnce(&ModelConfig) -> FieldResult<ModelConfig> + Send,
    ) -> Result<Option<Position>, EngineError> {
        let _in_turn = self.changing.lock().await;
        self.readers.wait_applied(self.stores.log.head().await?, APPLY_TIMEOUT).await?;
        let before = self.readers.live.load().inference().config.clone();
        let config = change(&before)?;
        config.check()?;
        same_dim(&before, &config)?;
        if config == *before {
            return Ok(None);
        }
        let body = RecordBody::Configure { config: Box::new(config) };
        let outcomes = self.stores.log.append(vec![NewRecord::own(body)]).await?;
        let [
            AppendOutcome::Accepted(position) | AppendOutcome::Duplicate(position) | AppendOutcome::Conflict(position),
        ] = *outcomes
        else {
            unreachable!("one outcome a record");
        };
        self.readers.wait_applied(position, APPLY_TIMEOUT).await?;
        Ok(Some(position))
    }
}

/// Refuses another dimension.
pub fn same_dim(before: &ModelConfig, config: &ModelConfig) -> FieldResult<()> {
    if config.dim == before.dim {
        return Ok(());
    }
    let detail = format!("is {} for the whole life of a model and of its forks", before.dim);
    Err(FieldError::new("dim", "immutable", detail))
}
