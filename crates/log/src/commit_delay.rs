//! Commit delay of the appender: how long a small append waits for more requests before it is committed.
//!
//! The delay makes appends fewer and larger. Callers gain when those just answered send their next request at once (a
//! closed loop): one commit then serves them all, instead of two that each serve a part. The learner gains because one
//! event costs it nearly as much as sixty in one append.
//!
//! The delay is bounded by what it can gain:
//! - An append waits for no more requests than were in flight at the last commit: those that it answered and those that
//!   were queued meanwhile. Once so many are together, no more are expected.
//! - It waits for half of the mean commit time, as measured recently. It waits for a whole commit time while this
//!   process's reader has one append unread.
//! - It waits for the reader, at most [`LogSettings::commit_delay_max`], while that has two appends or more unread: one
//!   more would only wait for them, and each small append costs the reader nearly as much as a large one.
//!
//! The end of each append is in the log, so every reader forms the same steps, whatever the delay was.

use std::time::Duration;

use tokio::time::Instant;

use super::LogSettings;
use shelfmark_domain::Position;

/// Inverse weight of the newest commit in the moving average: one eighth.
const MEAN_OVER: u32 = 8;

/// Commit delay of one appender.
#[derive(Debug)]
pub(super) struct CommitDelay {
    records_enough: usize,
    delay_max: Duration,
    /// Moving average of the commit time; zero before the first commit.
    commit_mean: Duration,
    /// Requests in flight at the end of the last commit.
    expected: usize,
    /// End of the last append, and of the one before it.
    head: Position,
    before_head: Position,
}

/// Append that is not committed yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingAppend {
    pub requests: usize,
    pub records: usize,
    /// When its first request was taken.
    pub since: Instant,
}

/// Wait for more requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// End of the wait.
    pub until: Instant,
    /// Decide again once the reader gets to this position.
    pub reader_behind: Option<Position>,
}

/// Successful commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    /// Head after it.
    pub head: Position,
    pub took: Duration,
    /// Requests that it answers.
    pub requests: usize,
    /// Requests that are queued at its end.
    pub waiting: usize,
}

impl CommitDelay {
    pub(super) fn new(settings: &LogSettings) -> Self {
        Self {
            records_enough: settings.commit_delay_records,
            delay_max: settings.commit_delay_max,
            commit_mean: Duration::ZERO,
            expected: 0,
            head: Position::ZERO,
            before_head: Position::ZERO,
        }
    }

    /// Notes a commit.
    pub(super) fn committed(&mut self, commit: Commit) {
        let took = commit.took.min(self.delay_max);
        let mean = self.commit_mean;
        self.commit_mean = if mean.is_zero() { took } else { mean - mean / MEAN_OVER + took / MEAN_OVER };
        self.expected = commit.requests + commit.waiting;
        // Requests that were all repeats append nothing.
        if commit.head > self.head {
            self.before_head = std::mem::replace(&mut self.head, commit.head);
        }
    }

    /// Notes a failed append, after which no requests are expected.
    pub(super) fn failed(&mut self) {
        self.expected = 0;
    }

    /// Returns how long to wait for one more request; `None` to commit now. `reader` is `None` without a reader.
    pub(super) fn wait(&self, pending: PendingAppend, reader: Option<Position>, now: Instant) -> Option<Wait> {
        if pending.records >= self.records_enough || pending.requests >= self.expected {
            return None;
        }
        let is_behind = |position| reader.is_some_and(|reader| reader < position);
        let (delay, reader_behind) = if is_behind(self.before_head) {
            (self.delay_max, Some(self.before_head))
        } else if is_behind(self.head) {
            (self.commit_mean, Some(self.head))
        } else {
            (self.commit_mean / 2, None)
        };
        let until = pending.since + delay;
        (now < until).then_some(Wait { until, reader_behind })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::*;

    const COMMIT: Duration = Duration::from_millis(3);
    const DELAY_MAX: Duration = Duration::from_millis(10);

    fn at(position: u64) -> Position {
        Position::new(position)
    }

    fn delay() -> CommitDelay {
        CommitDelay::new(&LogSettings {
            commit_delay_records: 64,
            commit_delay_max: DELAY_MAX,
            ..LogSettings::default()
        })
    }

    /// An append of so many single records that begins after `before`.
    fn commit(before: u64, requests: usize, waiting: usize) -> Commit {
        Commit { head: at(before + requests as u64), took: COMMIT, requests, waiting }
    }

    fn singles(requests: usize, since: Instant) -> PendingAppend {
        PendingAppend { requests, records: requests, since }
    }

    #[test]
    fn nobody_waits_for_more_than_were_under_way() {
        let (mut delay, now) = (delay(), Instant::now());
        assert_eq!(delay.wait(singles(1, now), Some(at(0)), now), None, "the first of all");
        delay.committed(commit(0, 1, 0));
        assert_eq!(delay.wait(singles(1, now), Some(at(0)), now), None, "one caller, whose event is being learned");
        delay.committed(commit(1, 1, 15));
        assert!(delay.wait(singles(15, now), Some(at(0)), now).is_some());
        assert_eq!(delay.wait(singles(16, now), Some(at(0)), now), None, "all 16 callers");
        let enough = PendingAppend { requests: 2, records: 64, since: now };
        assert_eq!(delay.wait(enough, Some(at(0)), now), None);
        delay.failed();
        assert_eq!(delay.wait(singles(1, now), Some(at(0)), now), None);
    }

    #[test]
    fn a_wait_is_bounded_by_what_a_commit_takes() {
        let (mut delay, now) = (delay(), Instant::now());
        delay.committed(commit(0, 4, 0));
        delay.committed(commit(4, 4, 0));
        let until = |reader: Option<u64>, now| delay.wait(singles(1, now), reader.map(at), now);
        let half = Wait { until: now + COMMIT / 2, reader_behind: None };
        for reader in [None, Some(8)] {
            assert_eq!(until(reader, now), Some(half), "nothing unread: {reader:?}");
        }
        let whole = Wait { until: now + COMMIT, reader_behind: Some(at(8)) };
        assert_eq!(until(Some(4), now), Some(whole), "the last append is unread");
        let longest = Wait { until: now + DELAY_MAX, reader_behind: Some(at(4)) };
        assert_eq!(until(Some(0), now), Some(longest), "two appends are unread");
        assert_eq!(delay.wait(singles(1, now), Some(at(8)), now + COMMIT / 2), None, "it has waited");
    }

    #[test]
    fn one_slow_commit_does_not_stretch_the_waits_beyond_the_longest() {
        let (mut delay, now) = (delay(), Instant::now());
        delay.committed(Commit { took: Duration::from_secs(5), ..commit(0, 4, 0) });
        let until = |delay: &CommitDelay| delay.wait(singles(1, now), Some(at(4)), now).expect("a wait").until;
        assert_eq!(until(&delay), now + DELAY_MAX / 2);
        for _ in 0..40 {
            delay.committed(commit(4, 4, 0));
        }
        assert!(until(&delay) < now + COMMIT * 11 / 10);
    }

    /// What a simulated second comes to.
    struct Simulated {
        events: u64,
        appends: u64,
        longest_wait: Duration,
        longest_lag: Duration,
    }

    /// Callers of single events in front of an appender and a learner, in simulated time.
    struct Simulation {
        /// Time that the learner takes for an append.
        learns: Duration,
        /// When requests come, soonest first, in microseconds since the start.
        arrivals: BinaryHeap<std::cmp::Reverse<u64>>,
        /// Whether a caller who was answered comes back, and after how long.
        returns: Option<Duration>,
    }

    impl Simulation {
        fn run(mut self) -> Simulated {
            let start = Instant::now();
            let time = |micros: u64| start + Duration::from_micros(micros);
            let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap();
            let mut delay = delay();
            let mut seen =
                Simulated { events: 0, appends: 0, longest_wait: Duration::ZERO, longest_lag: Duration::ZERO };
            // End of every append, and when the learner has shown it.
            let mut shown: Vec<(u64, u64)> = vec![(0, 0)];
            let reader = |shown: &[(u64, u64)], now: u64| {
                let index = shown.partition_point(|(_, at)| *at <= now);
                Position::new(shown[index - 1].0)
            };
            let (mut now, mut head) = (0, 0);
            while now < 1_000_000 {
                let Some(std::cmp::Reverse(first)) = self.arrivals.pop() else { break };
                now = now.max(first);
                let since = now;
                let mut requests = 1;
                loop {
                    while self.arrivals.peek().is_some_and(|next| next.0 <= now) {
                        self.arrivals.pop();
                        requests += 1;
                    }
                    let Some(wait) = delay.wait(singles(requests, time(since)), Some(reader(&shown, now)), time(now))
                    else {
                        break;
                    };
                    let caught_up = wait
                        .reader_behind
                        .and_then(|position| shown.iter().find(|(end, _)| *end >= position.get()).map(|(_, at)| *at));
                    let until = micros(wait.until - start).max(now + 1);
                    let next = self.arrivals.peek().map_or(u64::MAX, |next| next.0);
                    now = until.min(next).min(caught_up.unwrap_or(u64::MAX));
                }
                seen.longest_wait = seen.longest_wait.max(Duration::from_micros(now - since));
                now += micros(COMMIT);
                let waiting = self.arrivals.iter().filter(|next| next.0 <= now).count();
                delay.committed(commit(head, requests, waiting));
                head += requests as u64;
                let begun = shown.last().unwrap().1.max(now);
                shown.push((head, begun + micros(self.learns)));
                seen.longest_lag = seen.longest_lag.max(Duration::from_micros(shown.last().unwrap().1 - now));
                if let Some(returns) = self.returns {
                    // One after the other, as a network and two cores let them.
                    let spread = |n: usize| micros(returns) * (1 + n as u64) / requests as u64;
                    self.arrivals.extend((0..requests).map(|n| std::cmp::Reverse(now + spread(n))));
                }
                seen.events += requests as u64;
                seen.appends += 1;
            }
            seen
        }

        fn closed_loop(callers: usize, learns: Duration, returns: Duration) -> Simulated {
            let arrivals = (0..callers as u64).map(|n| std::cmp::Reverse(n * 50)).collect();
            Self { learns, arrivals, returns: Some(returns) }.run()
        }

        fn open_loop(every: Duration, learns: Duration) -> Simulated {
            let every = u64::try_from(every.as_micros()).unwrap();
            let arrivals = (0..1_000_000 / every).map(|n| std::cmp::Reverse(n * every)).collect();
            Self { learns, arrivals, returns: None }.run()
        }
    }

    #[test]
    fn callers_in_a_closed_loop_share_every_commit() {
        for callers in [1, 2, 4, 16, 60] {
            for learns in [Duration::from_millis(1), Duration::from_millis(4), Duration::from_millis(20)] {
                let seen = Simulation::closed_loop(callers, learns, Duration::from_millis(1));
                // A commit and the way back take 4 ms: 250 appends of all callers.
                let most = 250 * callers as u64;
                assert!(seen.events > most * 95 / 100, "{callers} callers, {learns:?}: {} of {most}", seen.events);
                assert!(seen.longest_wait <= COMMIT, "{callers} callers, {learns:?}: {:?}", seen.longest_wait);
            }
        }
    }

    #[test]
    fn a_learner_of_small_appends_keeps_up_with_a_steady_stream() {
        // At 1,000 events a second, commits alone would make 333 appends.
        for learns in [1, 2, 4, 5, 8] {
            let seen = Simulation::open_loop(Duration::from_millis(1), Duration::from_millis(learns));
            assert!(seen.events > 980, "{learns} ms: {}", seen.events);
            let (waited, lag) = (seen.longest_wait, seen.longest_lag);
            assert!(lag < Duration::from_millis(40), "{learns} ms: {lag:?} behind, {} appends", seen.appends);
            let longest = if learns <= 4 { COMMIT } else { DELAY_MAX };
            assert!(waited <= longest, "{learns} ms: a request waited {waited:?}");
        }
    }
}
