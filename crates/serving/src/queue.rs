//! The queue in front of the search threads, bounded by time: admission control by expected wait.
//!
//! A queue that is bounded by number only is too long for slow searches and too short for bursts of quick ones. Here a
//! search is admitted when what waits before it will be done in time, by what searches have lately cost. A burst may
//! wait for [`SearchSettings::wait_max`]. Once a search had to be refused, that is a twentieth until none was refused
//! for that long: a queue that stands for long is no buffer, it only makes everybody wait (controlled delay, CoDel:
//! Nichols and Jacobson 2012; for servers: Maurer, Fail at Scale, 2015).
//!
//! While most have to be refused, slow searches are admitted by number, a few a thread with those under way. A pass
//! takes the longer, the more of the cores refusals need. So under overload those who are admitted wait little, and
//! the others are told at once.
//!
//! Whether there is overload is decided by CPU time. Wall time grows when other programs have the CPU, and refusing a
//! search does not give it back. Once there is overload, wall time bounds the wait, because that is what those who are
//! admitted feel. A search whose thread slept when it came waited for a CPU and not for other searches, so it is
//! answered however late it is.
//!
//! Searches that never wait here, because they are answered where they arrive, are bounded by [`RateLimiter`].

use std::{
    collections::VecDeque,
    num::NonZero,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    QueryError, View,
    cpu_time::RuntimeThreads,
    kernel::GROUP,
    metric::Meters,
    rate_limiter::{RateLimiter, SearchUsage, Usage},
    recall_audit::Samples,
    request::Request,
};

/// How far into the queue a worker looks for companions of the oldest search.
const LOOK_AHEAD: usize = 64;
/// What a wait may be under overload is so small a part of what it may be otherwise.
const CALM_PART: u32 = 20;
/// Searches that may be waiting or under way for each thread in a crowd, however slow they are: half of what a pass
/// serves at the speed of memory. With more, more are answered, and later.
const AHEAD: usize = GROUP / 2;
/// It is a crowd while of so many and one that come so many are refused: several times what can be done. For less, so
/// few ahead could themselves be what refuses, because small passes do less in the same time.
const CROWD: u32 = 4;
/// A measured cost moves the known one by this part.
const COST_PART: u32 = 8;

/// Settings of the search threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchSettings {
    /// Threads, at least 1.
    pub threads: usize,
    /// Searches that may wait; more are [`QueryError::Busy`].
    pub queue_max: usize,
    /// Longest time that a search may wait in a burst, as CPU time; under overload a twentieth, as wall time. Beyond it
    /// [`QueryError::Busy`].
    pub wait_max: Duration,
    /// How late searches may make the async threads before some are refused for it.
    pub lag_max: Duration,
    /// Searches that one pass over the items serves at most.
    pub batch_max: usize,
}

impl Default for SearchSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            threads,
            queue_max: 4096,
            wait_max: Duration::from_millis(100),
            lag_max: Duration::from_millis(5),
            batch_max: 16,
        }
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) wake: Condvar,
    pub(super) settings: SearchSettings,
    pub(super) meters: Meters,
    pub(super) samples: Samples,
    pub(super) searched: Searched,
    /// Threads that can run at the same time.
    parallel: usize,
}

/// CPU time of the async threads that searches used, until the rate limiter looks.
#[derive(Debug, Default)]
pub(super) struct Searched {
    count: AtomicU64,
    nanoseconds: AtomicU64,
}

/// What a batch took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BatchTime {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) jobs: VecDeque<Job>,
    /// Searches that were given to a worker which is not done with them.
    pub(super) under_way: usize,
    /// Workers that sleep; a push wakes one only when there is one.
    pub(super) idle: usize,
    pub(super) stopping: bool,
    /// What one search costs when all threads are busy: their time by the searches they did in it.
    cost: BatchTime,
    /// When a search was last refused.
    refused: Option<Instant>,
    crowd: Crowd,
    limiter: RateLimiter,
}

/// Whether most searches had to be refused lately.
#[derive(Debug)]
struct Crowd {
    /// From when on those that came are counted.
    since: Instant,
    taken: u32,
    refused: u32,
    stands: bool,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) view: Arc<View>,
    pub(super) request: Request,
    pub(super) queued: Instant,
}

impl Shared {
    pub(super) fn new(settings: SearchSettings, meters: Meters) -> Self {
        let queue = Queue {
            jobs: VecDeque::new(),
            under_way: 0,
            idle: 0,
            stopping: false,
            cost: BatchTime::default(),
            refused: None,
            crowd: Crowd { since: Instant::now(), taken: 0, refused: 0, stands: false },
            limiter: RateLimiter::new(settings.lag_max, Instant::now()),
        };
        Self {
            queue: Mutex::new(queue),
            wake: Condvar::new(),
            parallel: std::thread::available_parallelism().map_or(1, NonZero::get).min(settings.threads),
            settings,
            meters,
            samples: Samples::new(),
            searched: Searched::default(),
        }
    }

    /// Lets a search wait its turn; [`QueryError::Busy`] when it would wait too long.
    pub(super) fn push(&self, view: Arc<View>, request: Request) -> Result<(), QueryError> {
        let job = Job { view, request, queued: Instant::now() };
        let mut queue = self.lock();
        if queue.stopping || !self.has_room(&mut queue, job.queued) {
            drop(queue);
            self.meters.rejected.increment(1);
            return Err(QueryError::Busy);
        }
        queue.jobs.push_back(job);
        queue.crowd.taken += 1;
        let sleeper = queue.idle > 0;
        drop(queue);
        if sleeper {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Whether a search that came now would be refused, because of those that wait here or of how late the async
    /// threads are. Asking counts as trying.
    pub(super) fn is_full(&self) -> bool {
        let now = Instant::now();
        let mut queue = self.lock();
        let full = !(self.has_room(&mut queue, now) && queue.limiter.admit(now));
        drop(queue);
        if full {
            self.meters.rejected.increment(1);
        }
        full
    }

    /// Whether a search that came `now` may wait.
    pub(super) fn has_room(&self, queue: &mut Queue, now: Instant) -> bool {
        let SearchSettings { threads, queue_max, wait_max, batch_max, .. } = self.settings;
        let waiting = queue.jobs.len();
        let overloaded = queue.refused.is_some_and(|at| now.saturating_duration_since(at) < wait_max);
        queue.crowd.look(now, wait_max);
        let (cost, wait) =
            if overloaded { (queue.cost.wall, wait_max / CALM_PART) } else { (queue.cost.cpu, wait_max) };
        let in_time = |searches| times(cost, searches) <= wait;
        let in_time = if queue.crowd.stands {
            let ahead = waiting + queue.under_way;
            ahead < threads * AHEAD || in_time(ahead)
        } else {
            // Slow searches wait for a whole pass, which is what makes them cheap together.
            waiting < batch_max || in_time(waiting)
        };
        let room = waiting < queue_max && in_time;
        if !room {
            queue.refused = Some(now);
            queue.crowd.refused += 1;
        }
        room
    }

    /// Notes how late the async threads are. Once an interval is over, the rate follows what they and searches did in
    /// it.
    pub(super) fn observe_lag(&self, now: Instant, lag: Duration, threads: &mut RuntimeThreads) {
        self.meters.lag.record(lag);
        if !self.lock().limiter.observe_lag(now, lag) {
            return;
        }
        // Read without the lock: it asks the kernel.
        let usage = Usage { threads: threads.usage(now), searches: self.searched.take() };
        let mut queue = self.lock();
        queue.limiter.adjust(now, &usage);
        let rate = queue.limiter.per_second();
        drop(queue);
        self.meters.utilisation.set(usage.threads.utilisation());
        self.meters.cpu_share.set(usage.threads.cpu_share());
        self.meters.rate_limit.set(rate.unwrap_or_default());
    }

    /// Notes that a thread is done with so many searches that [`Shared::next_batch`] gave it, of which it answered
    /// some in this time; nobody waited for the others any more.
    pub(super) fn done(&self, given: usize, answered: usize, took: BatchTime) {
        let mut queue = self.lock();
        queue.under_way -= given;
        if answered == 0 {
            return;
        }
        let averaged = |known: Duration, took: Duration, threads: usize| {
            let shares = u32::try_from(answered * threads).unwrap_or(u32::MAX);
            known - known / COST_PART + took / shares / COST_PART
        };
        queue.cost.wall = averaged(queue.cost.wall, took.wall, self.settings.threads);
        queue.cost.cpu = averaged(queue.cost.cpu, took.cpu, self.parallel);
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
        let mut slept = false;
        let first = loop {
            if let Some(job) = queue.jobs.pop_front() {
                // With a thread asleep, nothing was ahead of it.
                if slept || job.queued.elapsed() <= self.deadline(&queue) {
                    break job;
                }
                // Searches became slower than they were when it was taken.
                self.meters.rejected.increment(1);
                queue.refused = Some(Instant::now());
                job.request.refuse(QueryError::Busy);
                continue;
            }
            if queue.stopping {
                return None;
            }
            queue.idle += 1;
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
            slept = true;
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
        queue.under_way += batch.len();
        Some(())
    }

    /// A search that has waited longer is refused rather than answered late.
    fn deadline(&self, queue: &Queue) -> Duration {
        // Two whole passes, where those take longer.
        self.settings.wait_max.max(2 * times(queue.cost.wall, self.settings.batch_max))
    }
}

impl Crowd {
    fn look(&mut self, now: Instant, interval: Duration) {
        if now.saturating_duration_since(self.since) >= interval {
            let stands = self.refused > CROWD.saturating_mul(self.taken);
            *self = Self { since: now, taken: 0, refused: 0, stands };
        }
    }
}

impl Searched {
    /// Adds a search.
    pub(super) fn note(&self, used: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Takes what was added since the last call. A search that is added meanwhile may be split over two calls.
    fn take(&self) -> SearchUsage {
        let count = self.count.swap(0, Ordering::Relaxed);
        SearchUsage { count, cpu: Duration::from_nanos(self.nanoseconds.swap(0, Ordering::Relaxed)) }
    }
}

/// How long all threads together need for so many searches.
fn times(cost: Duration, searches: usize) -> Duration {
    cost.saturating_mul(u32::try_from(searches).unwrap_or(u32::MAX))
}
