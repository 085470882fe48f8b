//! Bound of the learner's lag: beyond it no more events are taken (P9), so that a start after a crash has little to
//! learn again, and clicks are learned soon (decision 0057).
//!
//! While the learner is down the bound does not hold. Refused events would not help it, and the log takes them.

use std::time::Duration;

use crate::engine::{
    EngineError, deployment::readers::Readers, learning::handle::LearnerHandle, status, stores::Stores,
};

/// Shortest and longest pause that a refused sender is asked for.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Returns why events are refused, when the learner is too far behind. Records that wait to be committed count.
pub fn behind(stores: &Stores, readers: &Readers, learner: &LearnerHandle) -> Option<EngineError> {
    let (records_max, lag_max) = (stores.settings.lag_records_max, stores.settings.lag_max);
    if (records_max == 0 && lag_max.is_zero()) || learner.health.failure().is_some() {
        return None;
    }
    let (committed, lag_ms) = status::lag(stores, readers, learner);
    let records = committed + stores.log.queued_records();
    let lag = Duration::from_millis(lag_ms);
    let too_many = records_max > 0 && records > records_max;
    // At a start the records may be old, whatever the learner does. Then their number alone counts.
    let too_late = !lag_max.is_zero() && lag > lag_max && learner.health.is_ready();
    if !too_many && !too_late {
        return None;
    }
    // Within the tenth of a bound, senders that come back need not be refused at once.
    let retry_after = (lag / 10).clamp(RETRY_MIN, RETRY_MAX);
    Some(EngineError::LearnerBehind { records, seconds: lag.as_secs_f64(), retry_after })
}
