//! Measurements: histograms and counts of every request that was due.

use std::{
    collections::BTreeMap,
    ops::{Index, IndexMut},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::{Counter, Histogram};

use crate::RequestOutcome;

/// Longest time that a histogram tells from longer ones, in microseconds: 10 minutes.
const MICROS_MAX: u64 = 600_000_000;

/// Kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// `POST .../recommendations`.
    Recommendations,
    /// `POST .../events`.
    Events,
    /// `GET /livez`: what HTTP, the client and the machine take by themselves.
    Probes,
}

impl RequestKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Recommendations, Self::Events, Self::Probes];

    /// Its name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recommendations => "recommendations",
            Self::Events => "events",
            Self::Probes => "probes",
        }
    }
}

/// One value a kind.
#[derive(Debug, Clone)]
pub struct PerKind<T> {
    recommendations: T,
    events: T,
    probes: T,
}

impl<T> PerKind<T> {
    /// Made for each kind.
    pub fn new(mut make: impl FnMut(RequestKind) -> T) -> Self {
        Self {
            recommendations: make(RequestKind::Recommendations),
            events: make(RequestKind::Events),
            probes: make(RequestKind::Probes),
        }
    }
}

impl<T> Index<RequestKind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: RequestKind) -> &T {
        match kind {
            RequestKind::Recommendations => &self.recommendations,
            RequestKind::Events => &self.events,
            RequestKind::Probes => &self.probes,
        }
    }
}

impl<T> IndexMut<RequestKind> for PerKind<T> {
    fn index_mut(&mut self, kind: RequestKind) -> &mut T {
        match kind {
            RequestKind::Recommendations => &mut self.recommendations,
            RequestKind::Events => &mut self.events,
            RequestKind::Probes => &mut self.probes,
        }
    }
}

/// The times of a request that got an answer, or none.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// When it was due.
    pub due: Instant,
    /// When it was sent.
    pub sent: Instant,
    /// When its answer was read to the end, or given up.
    pub ended: Instant,
}

/// One kind's requests. Times are in microseconds.
#[derive(Debug, Clone)]
pub struct Requests {
    /// From the time a request was due to its answer: what somebody waits who does not know of the load.
    pub response: Histogram<u64>,
    /// From the time a request was sent to its answer.
    pub service: Histogram<u64>,
    /// From the time a request was due to the time it was sent.
    pub delay: Histogram<u64>,
    /// From the time a request was sent to its refusal.
    pub refusal: Histogram<u64>,
    /// Requests that were not answered, by why.
    pub errors: BTreeMap<String, u64>,
    /// Requests that failed: errors that are no refusals.
    pub failed: u64,
    /// Requests that no connection was free for in time.
    pub unsent: u64,
}

/// A piece of the measured time, for the picture. The requests are those that were due in it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Response times.
    pub response: Histogram<u32>,
    /// Requests refused.
    pub refused: u64,
    /// Requests that failed or were not sent.
    pub lost: u64,
}

/// Everything of one step.
#[derive(Debug, Clone)]
pub struct Record {
    /// Counted are requests that are due from here on.
    begin: Instant,
    piece: Duration,
    /// Requests by kind.
    pub requests: PerKind<Requests>,
    /// Pieces by kind, of `piece` each; requests that are due later belong to the last.
    pub pieces: PerKind<Vec<Piece>>,
}

impl Record {
    /// For the time from `begin` on, in so many pieces of this length.
    pub fn new(begin: Instant, piece: Duration, pieces: usize) -> Self {
        let requests = PerKind::new(|_| Requests {
            response: histogram(3),
            service: histogram(3),
            delay: histogram(3),
            refusal: histogram(3),
            errors: BTreeMap::new(),
            failed: 0,
            unsent: 0,
        });
        let empty = Piece { response: histogram(2), refused: 0, lost: 0 };
        Self { begin, piece, requests, pieces: PerKind::new(|_| vec![empty.clone(); pieces.max(1)]) }
    }

    /// Notes what became of a request.
    pub fn ended(&mut self, kind: RequestKind, times: Times, outcome: RequestOutcome) {
        let Some(place) = self.place(kind, times.due) else { return };
        let (requests, piece) = (&mut self.requests[kind], &mut self.pieces[kind][place]);
        let micros = |from, to: Instant| micros(to.saturating_duration_since(from));
        requests.delay.saturating_record(micros(times.due, times.sent));
        match outcome {
            RequestOutcome::Answered => {
                let response = micros(times.due, times.ended);
                requests.response.saturating_record(response);
                requests.service.saturating_record(micros(times.sent, times.ended));
                piece.response.saturating_record(response);
            }
            RequestOutcome::Refused(why) => {
                requests.refusal.saturating_record(micros(times.sent, times.ended));
                *requests.errors.entry(why).or_default() += 1;
                piece.refused += 1;
            }
            RequestOutcome::Failed(why) => {
                *requests.errors.entry(why).or_default() += 1;
                requests.failed += 1;
                piece.lost += 1;
            }
        }
    }

    /// Notes a request that was not sent.
    pub fn unsent(&mut self, kind: RequestKind, due: Instant) {
        let Some(place) = self.place(kind, due) else { return };
        self.requests[kind].unsent += 1;
        self.pieces[kind][place].lost += 1;
    }

    /// Where each piece begins and how long it is, when `elapsed` of the time is over; pieces that have not begun are
    /// left out.
    pub fn lengths(&self, elapsed: Duration) -> impl Iterator<Item = (Duration, Duration)> {
        let piece = self.piece;
        std::iter::successors(Some(Duration::ZERO), move |begin| Some(*begin + piece))
            .take_while(move |begin| *begin < elapsed)
            .map(move |begin| (begin, piece.min(elapsed - begin)))
    }

    /// The piece that a request belongs to; none while warming up.
    fn place(&self, kind: RequestKind, due: Instant) -> Option<usize> {
        let since = due.checked_duration_since(self.begin)?;
        let place = usize::try_from(since.as_nanos() / self.piece.as_nanos().max(1)).unwrap_or(usize::MAX);
        Some(place.min(self.pieces[kind].len() - 1))
    }
}

impl Requests {
    /// Requests that got their answer.
    pub fn answered(&self) -> u64 {
        self.response.len()
    }

    /// Requests that were refused.
    pub fn refused(&self) -> u64 {
        self.refusal.len()
    }

    /// Requests whose end is known.
    pub fn known(&self) -> u64 {
        self.answered() + self.refused() + self.failed + self.unsent
    }
}

/// A record that senders share. What they hold it for takes less than a microsecond.
#[derive(Debug)]
pub struct SharedRecord(Mutex<Record>);

impl SharedRecord {
    /// Shares a record.
    pub fn new(record: Record) -> Self {
        Self(Mutex::new(record))
    }

    /// For a moment.
    pub fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bounds are given: a histogram that resizes itself begins with 2 as its highest value, at which recording with
/// saturation would keep all values.
fn histogram<T: Counter>(digits: u8) -> Histogram<T> {
    Histogram::new_with_bounds(1, MICROS_MAX, digits).expect("the bounds are sound")
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_when_a_request_was_due_and_everything_due_is_accounted_for() {
        let begin = Instant::now() + Duration::from_secs(10);
        let at = |ms| begin + Duration::from_millis(ms);
        let mut record = Record::new(begin, Duration::from_secs(1), 2);
        let kind = RequestKind::Recommendations;
        let warm = Times { due: begin - Duration::from_millis(1), sent: at(5), ended: at(6) };
        record.ended(kind, warm, RequestOutcome::Answered);
        record.ended(kind, Times { due: at(100), sent: at(600), ended: at(601) }, RequestOutcome::Answered);
        record.ended(
            kind,
            Times { due: at(1500), sent: at(1500), ended: at(1502) },
            RequestOutcome::Refused("503 x".into()),
        );
        record.ended(
            kind,
            Times { due: at(9000), sent: at(9000), ended: at(9001) },
            RequestOutcome::Failed("broke".into()),
        );
        record.unsent(kind, at(50));
        record.unsent(RequestKind::Events, at(50));
        let requests = &record.requests[kind];
        assert_eq!((requests.answered(), requests.refused(), requests.failed, requests.unsent), (1, 1, 1, 1));
        assert_eq!(requests.known(), 4, "what was due before the beginning does not count");
        let near = |histogram: &Histogram<u64>, ms: u64| histogram.equivalent(histogram.max(), ms * 1000);
        assert!(near(&requests.response, 501) && near(&requests.service, 1) && near(&requests.delay, 500));
        let counts: Vec<_> =
            record.pieces[kind].iter().map(|piece| (piece.response.len(), piece.refused, piece.lost)).collect();
        assert_eq!(counts, [(1, 0, 1), (0, 1, 1)]);
    }
}
