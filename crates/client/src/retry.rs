//! Repetition of requests that may succeed later.

use std::time::Duration;

use tokio::time::Instant;

use crate::ClientError;

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Sends a request until it is answered, for `patience` at most. Pauses double, unless the service asks for another
/// one. `on_retry` takes the error of each attempt that is repeated.
///
/// # Errors
/// The last error and the time since the first attempt. An error that is not transient is returned at once.
pub async fn retry<T>(
    patience: Duration,
    mut send: impl AsyncFnMut() -> Result<T, ClientError>,
    mut on_retry: impl FnMut(&ClientError),
) -> Result<T, (ClientError, Duration)> {
    let begin = Instant::now();
    let mut backoff = BACKOFF_FIRST;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let asked = if let ClientError::Busy { retry_after, .. } = &error { *retry_after } else { None };
        let pause = asked.unwrap_or(backoff);
        if !error.is_transient() || begin.elapsed() + pause > patience {
            return Err((error, begin.elapsed()));
        }
        on_retry(&error);
        tokio::time::sleep(pause).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}
