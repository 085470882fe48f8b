//! Schedules: when requests are due, and which sender takes which.
//!
//! Request n is due at `begin + n / rate`, whatever became of those before it. A closed loop, which sends when the
//! reply before has come, leaves out just those requests that a stall would have delayed ("coordinated omission", Tene,
//! How NOT to Measure Latency, 2013), and so finds a service quick that stands still. Here a stall makes requests late,
//! late ones count from the time they were due, and those that are too late are counted and told as not sent.
//!
//! There is no queue: what waits is a number of permits, so whatever the rate, memory is that of the connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Longest sleep of the pacing thread: so soon it notices that it shall end.
const NAP_MAX: Duration = Duration::from_millis(50);
/// Shortest sleep: at more than 20,000 requests a second several are released at once.
const NAP_MIN: Duration = Duration::from_micros(50);

/// Requests at a fixed rate.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    begin: Instant,
    /// Requests a second, above 0.
    rate: f64,
    /// How many.
    count: u64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positive, and at most 1,000,000 a second for a day"
)]
impl Schedule {
    /// `rate` a second from `begin` on, for `time`.
    pub fn new(begin: Instant, rate: f64, time: Duration) -> Self {
        Self { begin, rate, count: (rate * time.as_secs_f64()).ceil() as u64 }
    }

    /// When a request is due.
    fn due(&self, number: u64) -> Instant {
        self.begin + Duration::from_secs_f64(number as f64 / self.rate)
    }

    /// How many requests are due before a time.
    pub fn due_before(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.begin).as_secs_f64();
        ((elapsed * self.rate).ceil() as u64).min(self.count)
    }
}

/// What a sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// Send this request now.
    Send {
        /// Which, from 0.
        number: u64,
        /// When it was due.
        due: Instant,
    },
    /// A request for which no sender was free in time.
    TooLate {
        /// When it was due.
        due: Instant,
    },
    /// There are no more.
    End,
}

/// One schedule's requests, shared by its senders.
pub struct Tickets {
    schedule: Schedule,
    senders: usize,
    late_max: Duration,
    /// A permit a request that is due and that no sender has taken yet.
    due: Semaphore,
    next: AtomicU64,
}

impl Tickets {
    /// For so many senders. A request that is not taken `late_max` after it was due is not sent any more.
    pub fn new(schedule: Schedule, senders: usize, late_max: Duration) -> Self {
        Self { schedule, senders, late_max, due: Semaphore::new(0), next: AtomicU64::new(0) }
    }

    /// How many senders there are to be.
    pub fn senders(&self) -> usize {
        self.senders
    }

    /// Waits for the next request that is due. Every sender gets one [`Ticket::End`].
    pub async fn take(&self) -> Ticket {
        match self.due.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_closed) => return Ticket::End,
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.schedule.count {
            return Ticket::End;
        }
        let due = self.schedule.due(number);
        if due.elapsed() > self.late_max { Ticket::TooLate { due } } else { Ticket::Send { number, due } }
    }

    /// Releases what is due by `now` beyond the `released` so far; after the last one, an end for every sender. Gives
    /// how many are released, and when the next is due.
    fn release(&self, released: u64, now: Instant) -> (u64, Option<Instant>) {
        // The one that is due at this very moment too.
        let due = self.schedule.due_before(now + Duration::from_nanos(1)).max(released);
        // A schedule has far fewer requests than a semaphore has permits.
        self.due.add_permits(usize::try_from(due - released).unwrap_or(Semaphore::MAX_PERMITS));
        if due < self.schedule.count {
            return (due, Some(self.schedule.due(due)));
        }
        self.due.add_permits(self.senders);
        (due, None)
    }
}

/// Releases requests when they are due; returns when all are, or when it shall stop. Runs on a thread of its own: the
/// timer of an async runtime wakes up to a millisecond late, a sleeping thread some 60 us.
pub fn pace(schedules: &[Arc<Tickets>], stop: &CancellationToken) {
    let mut running: Vec<(&Tickets, u64)> = schedules.iter().map(|tickets| (tickets.as_ref(), 0)).collect();
    while !running.is_empty() && !stop.is_cancelled() {
        let now = Instant::now();
        let mut wake = now + NAP_MAX;
        running.retain_mut(|(tickets, released)| {
            let (through, next) = tickets.release(*released, now);
            *released = through;
            wake = next.map_or(wake, |next| wake.min(next));
            next.is_some()
        });
        if !running.is_empty() {
            std::thread::sleep(wake.saturating_duration_since(now).max(NAP_MIN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn tickets(rate: f64, time: Duration, late_max: Duration) -> Tickets {
        Tickets::new(Schedule::new(Instant::now(), rate, time), 2, late_max)
    }

    #[test]
    fn requests_are_due_at_fixed_times_and_counted_by_them() {
        let begin = Instant::now();
        let schedule = Schedule::new(begin, 250.0, Duration::from_secs(2));
        assert_eq!(schedule.count, 500);
        assert_eq!(schedule.due(250) - begin, Duration::from_secs(1));
        let due_before = |ms| schedule.due_before(begin + Duration::from_millis(ms));
        assert_eq!([0, 1, 4, 5, 1000, 2000, 9000].map(due_before), [0, 1, 1, 2, 250, 500, 500]);
    }

    #[tokio::test]
    async fn what_a_stall_held_up_is_due_when_it_was_due() {
        let tickets = tickets(100.0, Duration::from_secs(1), LONG);
        let begin = tickets.schedule.begin;
        // Nobody took anything for half a second: 50 requests wait, each with its own time.
        let (released, next) = tickets.release(0, begin + Duration::from_millis(495));
        assert_eq!((released, next), (50, Some(begin + Duration::from_millis(500))));
        for number in 0..50 {
            assert_eq!(tickets.take().await, Ticket::Send { number, due: begin + Duration::from_millis(10 * number) });
        }
        assert_eq!(tickets.release(released, begin + LONG), (100, None));
        for _ in 50..100 {
            assert!(matches!(tickets.take().await, Ticket::Send { .. }));
        }
        assert_eq!((tickets.take().await, tickets.take().await), (Ticket::End, Ticket::End), "one for each sender");
    }

    #[tokio::test]
    async fn a_request_that_nobody_could_send_in_time_is_told_and_not_left_out() {
        let mut tickets = tickets(1000.0, Duration::from_millis(3), Duration::ZERO);
        tickets.schedule.begin -= Duration::from_secs(1);
        tickets.release(0, Instant::now());
        for _ in 0..3 {
            assert!(matches!(tickets.take().await, Ticket::TooLate { .. }));
        }
        assert_eq!(tickets.take().await, Ticket::End);
    }
}
