//! How many searches are taken while the async threads are late.
//!
//! Small searches are answered on the threads that read requests, so what is too much for those waits in sockets and in the
//! runtime's run queue, where no queue of ours sees it. A probe does: it sleeps for 5 ms, goes through the run queue once and
//! tells how late it is. Bursts pass. When even the least late probe of 100 ms was later than may be, a queue stands
//! (controlled delay, Nichols and Jacobson 2012), and searches get a rate: four fifths of what was taken meanwhile, again and
//! again as long as the queue stands, and a little more each time it does not (additive increase, multiplicative decrease;
//! Chiu and Jain 1989). Once none has to be refused, the rate is lifted.
//!
//! Only searches are refused for it: events and other reads cost little, and get the time that searches leave. There is a
//! floor, below which refusing more would help nobody: then it is refusals, or other programs, that fill the threads.

use std::{
    convert::Infallible,
    future::poll_fn,
    mem,
    task::Poll,
    time::{Duration, Instant},
};

/// Time from one probe to the next.
const PROBE: Duration = Duration::from_millis(5);
/// How long a queue has to stand, and how often the rate changes.
const INTERVAL: Duration = Duration::from_millis(100);
/// Fewer probes say nothing: a single stall may be all that they saw.
const PROBES_MIN: u32 = 3;
/// Of what was taken while a queue stood, so much is taken next.
const DECREASE: f64 = 0.8;
/// Of the most that was taken lately, so much more is taken when no queue stands.
const INCREASE: f64 = 0.03;
/// The most that was taken is forgotten by this factor an interval.
const MEMORY: f64 = 0.99;
/// Of the most that was taken, so much is always taken.
const FLOOR: f64 = 0.25;
/// And so many in an interval: of a search that is answered at once, a small part of one thread.
const FLOOR_COUNT: f64 = 50.0;
/// The part of an interval's searches that may come at once.
const BURST: f64 = 0.1;

/// Takes or refuses searches by how late probes are.
#[derive(Debug)]
pub(super) struct Throttle {
    lag_max: Duration,
    /// Beginning of the interval.
    begun: Instant,
    /// The least that a probe of the interval was late.
    least: Duration,
    probes: u32,
    taken: u32,
    refused: u32,
    /// Most searches taken in an interval, lately.
    most: f64,
    rate: Option<Rate>,
}

/// What may be taken while a queue stands.
#[derive(Debug)]
struct Rate {
    /// Searches an interval.
    searches: f64,
    /// Searches that may be taken now.
    tokens: f64,
    /// When tokens were last added.
    filled: Instant,
}

impl Throttle {
    pub(super) fn new(lag_max: Duration, now: Instant) -> Self {
        let (least, most, rate) = (Duration::MAX, 0.0, None);
        Self { lag_max, begun: now, least, probes: 0, taken: 0, refused: 0, most, rate }
    }

    /// Whether a search is taken.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let taken = self.rate.as_mut().is_none_or(|rate| rate.take(now));
        let counter = if taken { &mut self.taken } else { &mut self.refused };
        *counter = counter.saturating_add(1);
        taken
    }

    /// Notes that a probe was late by `lag`.
    pub(super) fn note(&mut self, now: Instant, lag: Duration) {
        self.least = self.least.min(lag);
        self.probes += 1;
        let elapsed = now.saturating_duration_since(self.begun);
        if elapsed < INTERVAL || self.probes < PROBES_MIN {
            return;
        }
        let taken = f64::from(self.taken) * INTERVAL.div_duration_f64(elapsed);
        let stands = self.least > self.lag_max;
        // While it stands, what can be done is not seen by what is taken.
        let known = if stands { self.most } else { self.most * MEMORY };
        self.most = known.max(taken);
        let floor = (self.most * FLOOR).max(FLOOR_COUNT);
        match &mut self.rate {
            Some(rate) if stands => rate.searches = (taken * DECREASE).max(floor),
            Some(rate) if self.refused > 0 => rate.searches += self.most * INCREASE,
            Some(_) => self.rate = None,
            None if stands => {
                self.rate = Some(Rate { searches: (taken * DECREASE).max(floor), tokens: 0.0, filled: now });
            }
            None => {}
        }
        (self.begun, self.least, self.probes, self.taken, self.refused) = (now, Duration::MAX, 0, 0, 0);
    }
}

impl Rate {
    fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled).div_duration_f64(INTERVAL);
        self.filled = now;
        self.tokens = (self.tokens + self.searches * elapsed).min((self.searches * BURST).max(1.0));
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

/// Tells how late the runtime is, again and again.
pub(super) async fn watch(note: impl Fn(Instant, Duration)) -> Infallible {
    loop {
        let due = Instant::now() + PROBE;
        tokio::time::sleep_until(due.into()).await;
        requeue().await;
        let now = Instant::now();
        note(now, now.saturating_duration_since(due));
    }
}

/// Goes through the run queue once: a task that wakes itself while it runs is put at the queue's end. One that a timer wakes
/// is run next, and one that yields waits for the sockets to be looked at.
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
    use std::collections::VecDeque;

    use super::*;

    const LAG_MAX: Duration = Duration::from_millis(5);

    /// A runtime on a clock of its own: what comes waits in order until its turn is there, and being refused takes a
    /// twentieth of the time that an answer takes.
    struct World {
        throttle: Throttle,
        now: Instant,
        due: Instant,
        /// When those that wait came.
        waiting: VecDeque<Instant>,
        /// Milliseconds of work done ahead.
        ahead: f64,
    }

    impl World {
        /// Of an answer.
        const MILLISECONDS: f64 = 0.1;
        /// Each has one request under way.
        const CONNECTIONS: usize = 1000;

        fn new() -> Self {
            let now = Instant::now();
            let throttle = Throttle::new(LAG_MAX, now);
            Self { throttle, now, due: now + PROBE, waiting: VecDeque::new(), ahead: 0.0 }
        }

        /// So many searches come in each millisecond of `time`: how many are taken in one, and how long each of them waited,
        /// from the shortest on.
        fn run(&mut self, searches: usize, time: Duration) -> (f64, Vec<Duration>) {
            let mut waits = Vec::new();
            let end = self.now + time;
            while self.now < end {
                self.now += Duration::from_millis(1);
                let come = searches.min(Self::CONNECTIONS - self.waiting.len());
                self.waiting.extend(std::iter::repeat_n(self.now, come));
                let mut budget = 1.0 - self.ahead;
                while budget > 0.0
                    && let Some(came) = self.waiting.pop_front()
                {
                    if self.throttle.take(self.now) {
                        waits.push(self.now - came);
                        budget -= Self::MILLISECONDS;
                    } else {
                        budget -= Self::MILLISECONDS / 20.0;
                    }
                }
                self.ahead = (-budget).max(0.0);
                if self.now >= self.due {
                    let lag = self.waiting.front().map_or(Duration::ZERO, |came| self.now - *came);
                    self.throttle.note(self.now, lag);
                    self.due = self.now + PROBE;
                }
            }
            waits.sort();
            (waits.len() as f64 / time.as_millis() as f64, waits)
        }
    }

    #[test]
    fn of_ten_times_too_many_those_that_are_taken_wait_little_and_all_are_taken_when_it_is_over() {
        let mut world = World::new();
        assert_eq!(world.run(5, Duration::from_secs(5)).0, 5.0, "half of what it can do");
        world.run(100, Duration::from_secs(2));
        for second in 0..60 {
            let (taken, waits) = world.run(100, Duration::from_secs(1));
            // Refusing the others takes half of the time.
            assert!((4.5..=6.0).contains(&taken), "second {second}: {taken} in a millisecond");
            let p99 = waits[waits.len() * 99 / 100];
            assert!(p99 <= 3 * LAG_MAX, "second {second}: {p99:?}");
        }
        world.run(5, Duration::from_millis(500));
        let (taken, waits) = world.run(5, Duration::from_secs(5));
        assert_eq!((taken, waits[waits.len() - 1]), (5.0, Duration::ZERO), "as before");
    }

    #[test]
    fn bursts_and_stalls_pass_and_a_light_load_is_not_to_blame() {
        let mut world = World::new();
        for _ in 0..20 {
            // 30 ms of work at once, which is done before an interval is over.
            let burst = world.run(300, Duration::from_millis(1)).1.len();
            assert_eq!(burst + world.run(1, Duration::from_millis(100)).1.len(), 400);
            // Nothing ran for a second.
            world.now += Duration::from_secs(1);
            world.throttle.note(world.now, Duration::from_secs(1));
        }
        // Late for whatever other reason.
        for _ in 0..1000 {
            world.now += Duration::from_millis(50);
            assert!((0..5).all(|_| world.throttle.take(world.now)));
            world.throttle.note(world.now, Duration::from_millis(50));
        }
    }

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
