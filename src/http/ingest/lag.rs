//! Bound of the learner's lag, as requests meet it.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{EngineError, Model};

/// Pause between two looks at the lag while a stream waits for the learner.
const LAG_PAUSE: Duration = Duration::from_millis(50);

/// Whether the bound of the learner's lag holds for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LagBound {
    /// Beyond it the request is refused.
    Held,
    /// The request is an import, or holds no events.
    Waived,
}

/// Waits until learning is within its bounds, at most for `patience`.
pub async fn within_lag(model: &Model, lag: LagBound, patience: Duration) -> Result<(), EngineError> {
    let until = Instant::now() + patience;
    while lag == LagBound::Held {
        let Some(behind) = model.learning_behind() else { break };
        if Instant::now() >= until {
            return Err(behind);
        }
        tokio::time::sleep(LAG_PAUSE).await;
    }
    Ok(())
}
