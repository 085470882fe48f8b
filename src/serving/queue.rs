//! The bounded queue in front of the search threads.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{QueryError, View, checker::Samples, kernel::GROUP, metric::Meters, request::Request};

/// How far into the queue a worker looks for companions of the oldest search.
const LOOK_AHEAD: usize = 64;

/// Settings of the search threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchSettings {
    /// Threads, at least 1.
    pub threads: usize,
    /// Searches that may wait; more are [`QueryError::Busy`].
    pub queue_max: usize,
    /// Searches that one pass over the items serves at most.
    pub batch_max: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads, queue_max: 4096, batch_max: 16 }
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) wake: Condvar,
    pub(super) settings: SearchSettings,
    pub(super) meters: Meters,
    pub(super) samples: Samples,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) jobs: VecDeque<Job>,
    /// Workers that sleep; a push wakes one only when there is one.
    pub(super) idle: usize,
    pub(super) stopping: bool,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) view: Arc<View>,
    pub(super) request: Request,
    pub(super) queued: Instant,
}

impl Shared {
    pub(super) fn new(settings: SearchSettings, meters: Meters) -> Self {
        Self { queue: Mutex::default(), wake: Condvar::new(), settings, meters, samples: Samples::new() }
    }

    /// Lets a search wait its turn; [`QueryError::Busy`] when the queue is full.
    pub(super) fn push(&self, view: Arc<View>, request: Request) -> Result<(), QueryError> {
        let job = Job { view, request, queued: Instant::now() };
        let mut queue = self.lock();
        if queue.stopping || queue.jobs.len() >= self.settings.queue_max {
            drop(queue);
            self.meters.rejected.increment(1);
            return Err(QueryError::Busy);
        }
        queue.jobs.push_back(job);
        let sleeper = queue.idle > 0;
        drop(queue);
        if sleeper {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Lets the workers end once the queue is empty.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.samples.close();
        self.wake.notify_all();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock, and every state of the queue is whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The oldest search and those that wait for the same state; `None` to end.
    pub(super) fn next_batch(&self, batch: &mut Vec<Job>) -> Option<()> {
        let mut queue = self.lock();
        let first = loop {
            if let Some(job) = queue.jobs.pop_front() {
                break job;
            }
            if queue.stopping {
                return None;
            }
            queue.idle += 1;
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        };
        // A fair share, so that no thread idles while another has a long batch; but no less than one group.
        let share = (queue.jobs.len() + 1).div_ceil(self.settings.threads).max(GROUP);
        let most = share.min(self.settings.batch_max);
        batch.push(first);
        let mut place = 0;
        while batch.len() < most && place < queue.jobs.len().min(LOOK_AHEAD) {
            if queue.jobs[place].view.same_snapshot(&batch[0].view) {
                batch.extend(queue.jobs.remove(place));
            } else {
                place += 1;
            }
        }
        Some(())
    }
}
