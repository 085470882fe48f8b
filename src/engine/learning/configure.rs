//! A change of the configuration: a record like any other.

use std::time::Duration;

use crate::engine::{EngineError, models::creating::same_dim, shared::Shared};
use crate::{
    domain::{FieldResult, ModelConfig, NewRecord, Position, RecordBody},
    log::Outcome,
};

/// Longest wait for the learner to reach the head, and then the record.
const APPLY_TIMEOUT: Duration = Duration::from_secs(20);

/// Appends the configuration that `change` makes of the one at the head; returns once readers see it: its position.
/// A change that changes nothing leaves no record. Of two processes that change it at the same moment, the later record wins as a whole.
pub async fn configure(
    shared: &Shared,
    change: impl FnOnce(&ModelConfig) -> FieldResult<ModelConfig> + Send,
) -> Result<Option<Position>, EngineError> {
    let _in_turn = shared.configuring.lock().await;
    shared.wait_applied(shared.log.head().await?, APPLY_TIMEOUT).await?;
    let before = shared.live.load().readable().config.clone();
    let config = change(&before)?;
    config.check()?;
    same_dim(&before, &config)?;
    if config == *before {
        return Ok(None);
    }
    let body = RecordBody::Configure { config: Box::new(config) };
    let outcomes = shared.log.append(vec![NewRecord::own(body)]).await?;
    let [Outcome::Accepted(position) | Outcome::Duplicate(position) | Outcome::Conflict(position)] = *outcomes else {
        unreachable!("one outcome a record");
    };
    shared.wait_applied(position, APPLY_TIMEOUT).await?;
    Ok(Some(position))
}
