//! CPU work off the async workers, and the handling of its panics.

use std::any::Any;

use tokio::task::{JoinError, JoinHandle};

/// Work and its result without their types.
type Work = Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>;

/// Runs CPU work of unknown length off the async workers; its panic becomes ours.
pub fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send {
    let done = try_blocking(work);
    async { or_resume(done.await) }
}

/// Runs CPU work off the async workers. Errors: it panicked, or the runtime ended.
///
/// The runtime sees the work without its type. Otherwise its part of a task is compiled for each caller, which was a
/// fifteenth of this crate.
pub fn try_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, JoinError>> + Send {
    // Before the future, which then holds no work.
    let work: Work = Box::new(move || Box::new(work()));
    async {
        let result = tokio::task::spawn_blocking(work).await?;
        Ok(*result.downcast().expect("the work returns what it returned"))
    }
}

/// Returns the result of a task; its panic becomes ours.
pub async fn finished<T>(work: JoinHandle<T>) -> T {
    or_resume(work.await)
}

fn or_resume<T>(result: Result<T, JoinError>) -> T {
    match result {
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
