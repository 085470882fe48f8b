//! CPU work off the async workers, and what becomes of its panics.

use std::any::Any;

use tokio::task::JoinHandle;

/// Runs CPU work of unknown length off the async workers; its panic becomes ours.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    finished(tokio::task::spawn_blocking(work)).await
}

/// Returns the result of a task; its panic becomes ours.
pub async fn finished<T>(work: JoinHandle<T>) -> T {
    match work.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the runtime ended under the work: {error}"),
        },
    }
}

/// Returns the text of a panic.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}
