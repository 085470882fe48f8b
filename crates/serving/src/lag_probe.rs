//! Lag probe of the async runtime: how late a task runs that is due now.
//!
//! The probe sleeps for 5 ms, goes through the run queue once and notes how late it is: what a request that came at
//! that time waited. It costs 200 wakes a second. Since it wanders over the runtime's threads, it also finds those
//! whose CPU time is to be read ([`RuntimeThreads`]).

use std::{
    convert::Infallible,
    future::poll_fn,
    mem,
    task::Poll,
    time::{Duration, Instant},
};

use super::cpu_time::RuntimeThreads;

/// Time from one probe to the next.
pub(super) const PROBE: Duration = Duration::from_millis(5);

/// Measures the lag of the calling task's runtime, again and again, until it is dropped.
pub(super) async fn watch_lag(note: impl Fn(Instant, Duration, &mut RuntimeThreads)) -> Infallible {
    let count = tokio::runtime::Handle::current().metrics().num_workers();
    let mut threads = RuntimeThreads::new(count, Instant::now());
    loop {
        let due = Instant::now() + PROBE;
        tokio::time::sleep_until(due.into()).await;
        requeue().await;
        let now = Instant::now();
        threads.meet_current(now);
        note(now, now.saturating_duration_since(due), &mut threads);
    }
}

/// Goes through the run queue once: a task that wakes itself while it runs is put at the queue's end. One that a timer
/// wakes is run next, and one that yields waits for the sockets to be looked at.
async fn requeue() {
    let mut queued = false;
    poll_fn(|context| {
        if mem::replace(&mut queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_probe_comes_after_what_waits_in_the_run_queue() {
        let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for name in ["probe", "second", "third"] {
            let order = std::sync::Arc::clone(&order);
            tasks.spawn(async move {
                if name == "probe" {
                    requeue().await;
                }
                order.lock().expect("sound").push(name);
            });
        }
        tasks.join_all().await;
        assert_eq!(*order.lock().expect("sound"), ["second", "third", "probe"]);
    }
}
