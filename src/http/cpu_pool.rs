//! Pool for the CPU work of requests.

use super::error::ApiError;
use crate::engine::try_blocking;

/// Work on fewer bytes than this stays on the async worker: about half a millisecond of parsing.
const INLINE_BYTES_MAX: usize = 96 << 10;

/// Runs `work`, whose size is `bytes` of text or vectors, here when it is short and on the blocking threads when it is
/// long, so that no large request holds up small ones. The number of such requests is bounded by the frame's permits.
pub async fn off_worker<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if bytes <= INLINE_BYTES_MAX {
        return Ok(work());
    }
    try_blocking(work).await.map_err(|error| ApiError::Internal(error.to_string()))
}
