//! The load of one step: a pacing thread, and senders with a connection each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    LoadError,
    connection::{Connection, Endpoint},
    record::{PerKind, Record, RequestKind, SharedRecord, Times},
    schedule::{Schedule, Ticket, Tickets, pace},
};

/// From making the schedules to their beginning: for threads and senders to start.
const HEAD_START: Duration = Duration::from_millis(50);

/// Requests of one kind: the head, and the bodies that take turns.
pub struct RequestTemplate {
    /// The request without its body.
    pub request: Request<Full<Bytes>>,
    /// Bodies, sent in order, round and round; not empty.
    pub bodies: Vec<Bytes>,
}

/// Settings of a load, the same for all steps.
pub struct Load {
    /// Address of the requests.
    pub endpoint: Arc<Endpoint>,
    /// Requests by kind.
    pub templates: PerKind<Arc<RequestTemplate>>,
    /// Senders by kind.
    pub connections: PerKind<usize>,
    /// Time after which a request that is due and was not sent is not sent any more.
    pub late_max: Duration,
    /// Time of each step before counting begins.
    pub warmup: Duration,
    /// Time of each step that counts.
    pub duration: Duration,
    /// Length of the pieces that the step is reported in.
    pub piece: Duration,
}

/// A step under way.
pub struct Step {
    /// When counting begins.
    begin: Instant,
    /// Requests a second, and when they are due.
    schedules: PerKind<Option<Schedule>>,
    /// What was measured so far.
    pub record: Arc<SharedRecord>,
}

impl Step {
    /// Counts the requests that were due in the time that counts, up to `now`.
    pub fn due(&self, kind: RequestKind, now: Instant) -> u64 {
        self.schedules[kind]
            .map_or(0, |schedule| schedule.due_before(now).saturating_sub(schedule.due_before(self.begin)))
    }

    /// Returns how much of the time that counts is over.
    pub fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.begin)
    }
}

impl Load {
    /// Prepares a step at these rates in requests per second; 0 for none.
    pub fn step(&self, rates: &PerKind<f64>) -> Step {
        let first = Instant::now() + HEAD_START;
        let begin = first + self.warmup;
        let schedule = |kind| {
            let rate: f64 = rates[kind];
            (rate > 0.0).then(|| Schedule::new(first, rate, self.warmup + self.duration))
        };
        let pieces = self.duration.as_nanos().div_ceil(self.piece.as_nanos().max(1));
        let record = Record::new(begin, self.piece, usize::try_from(pieces).unwrap_or(usize::MAX));
        Step { begin, schedules: PerKind::new(schedule), record: Arc::new(SharedRecord::new(record)) }
    }

    /// Sends until every request has its end, or at most until `stop`.
    pub async fn run(&self, step: &Step, stop: &CancellationToken) -> Result<(), LoadError> {
        let mut senders = JoinSet::new();
        let mut paced = Vec::new();
        for kind in RequestKind::ALL {
            let Some(schedule) = step.schedules[kind] else { continue };
            let tickets = Arc::new(Tickets::new(schedule, self.connections[kind], self.late_max));
            for _ in 0..tickets.senders() {
                let sender = Sender {
                    kind,
                    tickets: Arc::clone(&tickets),
                    templates: Arc::clone(&self.templates[kind]),
                    connection: Connection::new(Arc::clone(&self.endpoint)),
                    record: Arc::clone(&step.record),
                };
                let stop = stop.clone();
                senders.spawn(async move { stop.run_until_cancelled(sender.send()).await });
            }
            paced.push(tickets);
        }
        let until = stop.clone();
        let pacing = std::thread::Builder::new().name("pace".to_owned()).spawn(move || pace(&paced, &until));
        let pacing = pacing.map_err(LoadError::PacingStart)?;
        while let Some(ended) = senders.join_next().await {
            ended?;
        }
        // It ended before the senders, which wait for its last word, or ends soon after `stop`.
        pacing.join().map_err(|_| LoadError::Pacing)
    }
}

struct Sender {
    kind: RequestKind,
    tickets: Arc<Tickets>,
    templates: Arc<RequestTemplate>,
    connection: Connection,
    record: Arc<SharedRecord>,
}

impl Sender {
    /// Sends what is due, one request at a time, until there is no more.
    async fn send(mut self) {
        loop {
            match self.tickets.take().await {
                Ticket::Send { number, due } => {
                    let bodies = &self.templates.bodies;
                    let place = usize::try_from(number % bodies.len() as u64).unwrap_or_default();
                    let mut request = self.templates.request.clone();
                    *request.body_mut() = Full::new(bodies[place].clone());
                    let sent = Instant::now();
                    let outcome = self.connection.send(request).await;
                    let times = Times { due, sent, ended: Instant::now() };
                    self.record.lock().ended(self.kind, times, outcome);
                }
                Ticket::TooLate { due } => self.record.lock().unsent(self.kind, due),
                Ticket::End => return,
            }
        }
    }
}
