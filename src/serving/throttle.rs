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
const INCREASE: f64 = 0.05;
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
    use super::*;

    const LAG_MAX: Duration = Duration::from_millis(5);

    /// A runtime whose probes are late while it takes more searches than it can answer, on a clock of its own.
    struct World {
        throttle: Throttle,
        now: Instant,
        /// Searches that wait.
        waiting: f64,
    }

    impl World {
        /// Searches answered in a millisecond.
        const SPEED: f64 = 10.0;

        fn new() -> Self {
            let now = Instant::now();
            Self { throttle: Throttle::new(LAG_MAX, now), now, waiting: 0.0 }
        }

        /// So many searches come in each millisecond of `time`; the part that is taken, and the longest wait of one that is.
        fn run(&mut self, searches: u32, time: Duration) -> (f64, Duration) {
            let (mut taken, mut wait) = (0_u32, 0.0_f64);
            let end = self.now + time;
            let mut due = self.now + PROBE;
            while self.now < end {
                self.now += Duration::from_millis(1);
                let begun = taken;
                taken += (0..searches).map(|_| u32::from(self.throttle.take(self.now))).sum::<u32>();
                self.waiting = (self.waiting + f64::from(taken - begun) - Self::SPEED).max(0.0);
                let lag = Duration::from_secs_f64(self.waiting / Self::SPEED / 1000.0);
                wait = wait.max(lag.as_secs_f64());
                if self.now >= due {
                    self.throttle.note(self.now, lag);
                    due = self.now + PROBE;
                }
            }
            let came = f64::from(searches) * time.as_secs_f64() * 1000.0;
            (f64::from(taken) / came, Duration::from_secs_f64(wait))
        }
    }

    #[test]
    fn ten_times_too_many_are_refused_by_nine_tenths_and_those_taken_wait_little() {
        let mut world = World::new();
        assert_eq!(world.run(5, Duration::from_secs(5)).0, 1.0, "half of what it can do");
        world.run(100, Duration::from_secs(5));
        for second in 0..60 {
            let (taken, wait) = world.run(100, Duration::from_secs(1));
            assert!((0.07..=0.11).contains(&taken), "second {second}: {taken}");
            assert!(wait <= 4 * LAG_MAX, "second {second}: {wait:?}");
        }
        world.run(5, Duration::from_millis(200));
        assert_eq!(world.run(5, Duration::from_secs(5)).0, 1.0, "as before, at once");
    }

    #[test]
    fn bursts_and_stalls_pass_and_a_light_load_is_not_to_blame() {
        let mut world = World::new();
        for _ in 0..20 {
            // 30 ms of waiting, which is gone before an interval is over.
            assert_eq!(world.run(40, Duration::from_millis(10)).0, 1.0);
            assert_eq!(world.run(1, Duration::from_millis(100)).0, 1.0);
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
