//! Waits of appends for the live view.

use std::time::Duration;

use super::{WaitFor, WaitQuery};
use crate::{
    engine::{EngineError, Model},
    http::{admission, error::ApiError},
};
use shelfmark_domain::Position;

/// Refuses a request that means to wait while it may not, before anything of it is taken.
pub fn check(wait: &WaitQuery) -> Result<(), ApiError> {
    if wait.wait == WaitFor::Applied
        && let Some(ticket) = admission::current()
    {
        ticket.check_wait()?;
    }
    Ok(())
}

/// Waits until the live view holds a position. The records are durable: that they are not seen yet, or that the request may
/// not wait for it, is no failure of the append.
pub async fn applied(model: &Model, position: Position, timeout: Duration) -> Result<bool, ApiError> {
    if model.live().position() >= position {
        return Ok(true);
    }
    let waiting = admission::current().map(|ticket| ticket.wait()).transpose();
    let Ok(_waiting) = waiting else { return Ok(false) };
    match model.wait_applied(position, timeout).await {
        Ok(()) => Ok(true),
        Err(EngineError::NotReached { .. } | EngineError::LearnerDown(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
