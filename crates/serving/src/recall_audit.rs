//! Samples of live answers, compared with scoring every row.
//!
//! An answer is exact because the columns bound every row of the view. Whether they do hangs on every change being
//! marked as touched, which no proof covers: so the service looks, all the time, on a thread of its own that takes at
//! most a hundredth of one core, and its metrics say what share of the rows was found.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use shelfmark_domain::Query;

use super::{View, metric::Meters};

/// The pause after a check, in times of the check.
const PAUSE: u32 = 100;
/// The shortest pause.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// A query and the view that it was answered from.
#[derive(Debug)]
pub(super) struct Sample {
    view: Arc<View>,
    query: Query,
}

/// Where the search threads leave samples: one at a time, none while a pause lasts.
#[derive(Debug)]
pub(super) struct Samples {
    began: Instant,
    /// Milliseconds since `began` at which the next sample is wanted.
    due: AtomicU64,
    /// `None` when nobody looks (any more).
    sender: Mutex<Option<SyncSender<Sample>>>,
}

impl Samples {
    /// Nobody looks yet.
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), due: AtomicU64::new(0), sender: Mutex::new(None) }
    }

    /// Where samples arrive from now on.
    pub(super) fn open(&self) -> Receiver<Sample> {
        let (sender, receiver) = sync_channel(1);
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Lets [`check`] end.
    pub(super) fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Leaves a sample when one is wanted. Costs a load otherwise.
    pub(super) fn offer(&self, view: &Arc<View>, query: &Query) {
        if self.now() < self.due.load(Ordering::Relaxed) {
            return;
        }
        let sender = match self.sender.try_lock() {
            Ok(sender) => sender,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if let Some(sender) = &*sender {
            self.pause(PAUSE_MIN);
            // Full while a check is under way: then this one is not needed.
            drop(sender.try_send(Sample { view: Arc::clone(view), query: query.clone() }));
        }
    }

    fn pause(&self, time: Duration) {
        let until = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(self.now());
        self.due.store(until, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Checks samples until [`Samples::close`].
pub(super) fn check(receiver: &Receiver<Sample>, samples: &Samples, meters: &Meters) {
    while let Ok(Sample { view, query }) = receiver.recv() {
        let started = Instant::now();
        // A query that is refused has no rows.
        if let Ok((found, best)) = view.best_rows_both_ways(&query) {
            let missed = missed(&found, &best);
            meters.checked.increment(best.len() as u64);
            meters.missed.increment(missed);
            if missed > 0 {
                tracing::error!(
                    name: "search.missed",
                    missed,
                    position = %view.position(),
                    "{missed} of the best {} rows were not found: the index does not bound them",
                    best.len()
                );
            }
        }
        samples.pause((started.elapsed() * PAUSE).max(PAUSE_MIN));
    }
}

/// How many of the best rows were not found.
fn missed(found: &[u32], best: &[u32]) -> u64 {
    let found: BTreeSet<u32> = found.iter().copied().collect();
    best.iter().filter(|row| !found.contains(row)).count() as u64
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{ModelConfig, Subject, Timestamp};

    use crate::View;

    use super::*;

    #[test]
    fn one_sample_is_taken_at_a_time_and_the_checker_ends_when_it_is_closed() {
        let samples = Samples::new();
        let view = View::empty(Arc::new(ModelConfig::default()));
        let query = Query::new(Subject::Nobody, 5, Timestamp::default());
        samples.offer(&view, &query);
        let receiver = samples.open();
        samples.offer(&view, &query);
        samples.offer(&view, &query);
        samples.close();
        assert!(receiver.try_recv().is_ok() && receiver.try_recv().is_err(), "one, and none before it was opened");
        check(&receiver, &samples, &Meters::new());
        assert_eq!((missed(&[3, 1], &[1, 2, 3]), missed(&[], &[])), (1, 0));
    }
}
