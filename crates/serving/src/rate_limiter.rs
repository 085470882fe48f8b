//! Rate limiter of searches: load shedding (admission control) by the lag and the CPU time of the async threads.
//!
//! Small searches are answered on the threads that read requests, the async threads. What is too much for those waits
//! in sockets and in the runtime's run queue, where no queue of ours sees it. The probe (`lag_probe`) sees it: it
//! measures how late a task is. As in CoDel (controlled delay, Nichols and Jacobson 2012), bursts pass: a queue stands
//! when even the least late probe of 100 ms was too late.
//!
//! Threads are also late because other programs have the CPU. Refusing searches does not help then. So a rate is set,
//! or lowered, only when all three hold of the interval:
//!
//! 1. **A queue stands.** The least late probe was later than one wait for a CPU takes on average (run delay) and
//!    `lag_max` beside. So requests waited for each other, and not only for the CPU.
//! 2. **The threads are saturated.** They ran for nearly all the time that they ran or slept; run delay does not count.
//!    Threads that sleep have no queue of work.
//! 3. **Searches are to blame.** Searches offered x CPU time of one is a good part of the CPU time that was to be had.
//!
//! The rate follows by AIMD (additive increase, multiplicative decrease; Chiu and Jain 1989): four fifths of what was
//! admitted, again and again as long as the three hold, and a little more each time they do not. It is never below two
//! measures of capacity: a part of what the threads' CPU time is enough for, and most of what they would do if they
//! slept no more. Once none has to be refused, the rate is lifted.
//!
//! Only searches are refused for it: events and other reads cost little, and get the time that searches leave.
//! CPU time of the search threads does not count here: what waits for those is bounded by their queue (`queue`).

use std::time::{Duration, Instant};

use super::cpu_time::ThreadUsage;

/// How long a queue has to stand, and how often the rate changes.
const INTERVAL: Duration = Duration::from_millis(100);
/// Fewer probes say nothing: a single stall may be all that they saw.
const PROBES_MIN: u32 = 3;
/// The part of the CPU time that was to be had, from which on threads are saturated. The kernel adds CPU time up by
/// the tick of up to 10 ms, so more would be missed at times.
const SATURATED: f64 = 0.8;
/// The part of the same that searches are to take before they are to blame. Half of a small search's CPU time is the
/// HTTP server's, which is not measured by request: so it is a quarter where half is meant.
const BLAMED: f64 = 0.25;
/// Of what was admitted while a queue stood, so much is admitted next.
const DECREASE: f64 = 0.8;
/// Of the most that was admitted lately, so much more is admitted when no queue stands.
const INCREASE: f64 = 0.03;
/// The most that was admitted is forgotten by this factor an interval.
const MEMORY: f64 = 0.99;
/// Of the searches that all the CPU time to be had is enough for, so many are always admitted. Not more: under a flood,
/// refusals need most of it.
const FLOOR: f64 = 0.1;
/// The part of an interval's searches that may come at once.
const BURST: f64 = 0.1;
/// The measured cost of searches is forgotten by this factor an interval.
const COST_MEMORY: f64 = 0.9;

/// Admits or refuses searches.
#[derive(Debug)]
pub(super) struct RateLimiter {
    lag_max: Duration,
    /// Beginning of the interval.
    begun: Instant,
    /// The least that a probe of the interval was late.
    least: Duration,
    probes: u32,
    admitted: u32,
    refused: u32,
    /// Most searches admitted in an interval, lately.
    most: f64,
    cost: Cost,
    rate: Option<Rate>,
}

/// What was measured in an interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// How the async threads spent it.
    pub(super) threads: ThreadUsage,
    /// What searches used of the async threads.
    pub(super) searches: SearchUsage,
}

/// CPU time of the async threads that searches used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SearchUsage {
    /// Searches that ended.
    pub(super) count: u64,
    /// CPU time of them all.
    pub(super) cpu: Duration,
}

/// CPU time of one search, averaged over the last second or so.
#[derive(Debug, Default)]
struct Cost {
    searches: f64,
    /// Seconds, of them all.
    cpu: f64,
}

/// What may be admitted, as a token bucket.
#[derive(Debug)]
struct Rate {
    /// Searches an interval.
    searches: f64,
    /// Searches that may be admitted now.
    tokens: f64,
    /// When tokens were last added.
    filled: Instant,
}

impl RateLimiter {
    pub(super) fn new(lag_max: Duration, now: Instant) -> Self {
        Self {
            lag_max,
            begun: now,
            least: Duration::MAX,
            probes: 0,
            admitted: 0,
            refused: 0,
            most: 0.0,
            cost: Cost::default(),
            rate: None,
        }
    }

    /// Decides whether a search is admitted, and counts it.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        let admitted = self.rate.as_mut().is_none_or(|rate| rate.take(now));
        let counter = if admitted { &mut self.admitted } else { &mut self.refused };
        *counter = counter.saturating_add(1);
        admitted
    }

    /// Notes that a probe was late by `lag`. Returns whether the interval is over: then [`RateLimiter::adjust`] is due.
    pub(super) fn observe_lag(&mut self, now: Instant, lag: Duration) -> bool {
        self.least = self.least.min(lag);
        self.probes += 1;
        now.saturating_duration_since(self.begun) >= INTERVAL && self.probes >= PROBES_MIN
    }

    /// Sets, changes or lifts the rate by what was measured since the last call.
    pub(super) fn adjust(&mut self, now: Instant, usage: &Usage) {
        let intervals = now.saturating_duration_since(self.begun).div_duration_f64(INTERVAL).max(f64::MIN_POSITIVE);
        let admitted = f64::from(self.admitted) / intervals;
        let offered = admitted + f64::from(self.refused) / intervals;
        self.cost.add(usage.searches);
        let capacity = self.cost.searches_in(usage.threads.available()).map(|searches| searches / intervals);
        let blamed = capacity.is_some_and(|capacity| offered >= BLAMED * capacity);
        let overloaded = self.queue_stands(usage.threads) && usage.threads.utilisation() >= SATURATED && blamed;
        // Under overload, what can be done is not seen by what is admitted.
        let known = if overloaded { self.most } else { self.most * MEMORY };
        self.most = known.max(admitted);
        let lowered = (admitted * DECREASE).max(capacity.unwrap_or_default() * FLOOR);
        match &mut self.rate {
            Some(rate) if overloaded => rate.searches = lowered,
            Some(rate) if self.refused > 0 => {
                let could_do = admitted / usage.threads.utilisation().max(f64::MIN_POSITIVE);
                rate.searches = (rate.searches + self.most * INCREASE).max(could_do * DECREASE);
            }
            Some(_) => self.rate = None,
            None if overloaded => self.rate = Some(Rate { searches: lowered, tokens: 0.0, filled: now }),
            None => {}
        }
        (self.begun, self.least, self.probes, self.admitted, self.refused) = (now, Duration::MAX, 0, 0, 0);
    }

    /// Returns the searches admitted a second; `None` while all are.
    pub(super) fn per_second(&self) -> Option<f64> {
        self.rate.as_ref().map(|rate| rate.searches / INTERVAL.as_secs_f64())
    }

    /// Decides whether requests waited for each other, and not only for a CPU.
    fn queue_stands(&self, threads: ThreadUsage) -> bool {
        self.least.saturating_sub(threads.run_delay_mean) > self.lag_max
    }
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "a count of searches of a second")]
    fn add(&mut self, usage: SearchUsage) {
        self.searches = self.searches * COST_MEMORY + usage.count as f64;
        self.cpu = self.cpu * COST_MEMORY + usage.cpu.as_secs_f64();
    }

    /// Returns how many searches so much CPU time is enough for; `None` when no search was measured.
    fn searches_in(&self, available: Duration) -> Option<f64> {
        (self.cpu > 0.0).then(|| available.as_secs_f64() / self.cpu * self.searches)
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

#[cfg(test)]
mod tests;
