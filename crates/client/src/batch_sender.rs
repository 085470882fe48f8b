//! Delivery of batches, in order, each entry once.
//!
//! One request is under way at a time. The service may answer concurrent requests in any order, and the order of events
//! is worth more to a learner than a second connection. It is fast because batches are large and encoded ahead.
//! A request without a reply is sent again: event ids make the repetition harmless. The next batch waits for the reply,
//! so the order holds through every failure.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::{Batch, BatchKind, Client, ClientError, ModelStatus, RejectedEntry, SendStats, client::BatchReply, retry};

/// Receiver of progress.
pub trait Observer {
    /// Takes the counts after each answered request.
    fn on_sent(&self, stats: &SendStats);

    /// Takes the model's status while the sender waits until everything is applied.
    fn on_status(&self, status: ModelStatus);

    /// Takes the error of a request that will be repeated.
    fn on_retry(&self, error: &ClientError);
}

/// Why delivery ended early.
#[derive(Debug, thiserror::Error)]
pub enum BatchSendError {
    /// No request succeeded for as long as was to be waited.
    #[error("gave up at {at}: no request succeeded for {} s; run the same command again to go on", waited.as_secs())]
    GaveUp {
        /// First entry that is not known to be taken.
        at: String,
        /// How long it was tried.
        waited: Duration,
        /// The last failure.
        source: Box<ClientError>,
    },
    /// The service will not take anything.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The reply does not account for every entry of the batch: this is not the service it should be.
    #[error("the reply accounts for {told} of the {sent} entries from {at} on")]
    Unaccounted {
        /// First entry of the batch.
        at: String,
        /// Entries sent.
        sent: usize,
        /// Accepted, duplicate and rejected ones together.
        told: u64,
    },
    /// The live view does not move.
    #[error("the live view stands at {position} and did not reach {wanted}: nothing moved for {} s", waited.as_secs())]
    NotApplied {
        /// Where it stands.
        position: u64,
        /// Where it should be.
        wanted: u64,
        /// How long nothing moved.
        waited: Duration,
    },
}

/// Delivers batches and counts.
pub struct BatchSender<'a> {
    client: &'a Client,
    observer: &'a dyn Observer,
    patience: Duration,
    pace: Option<Pace>,
    /// What was answered.
    pub stats: SendStats,
}

impl<'a> BatchSender<'a> {
    /// `patience`: how long without a success until it gives up. `rate`: events per second, at most.
    pub fn new(client: &'a Client, observer: &'a dyn Observer, patience: Duration, rate: Option<f64>) -> Self {
        let pace = rate.map(|rate| Pace { rate, next: Instant::now() });
        Self { client, observer, patience, pace, stats: SendStats::default() }
    }

    /// Delivers a batch, whatever it takes; every entry is then taken, there already, or counted as rejected.
    pub async fn deliver(&mut self, batch: Batch) -> Result<(), BatchSendError> {
        if let (BatchKind::Events, Some(pace)) = (batch.kind, &mut self.pace) {
            pace.wait(batch.len()).await;
        }
        // Parts of the batch still to go, in order. Every round takes entries out or halves a part, so it ends after
        // at most twice as many requests as there are entries.
        let mut parts = VecDeque::from([batch]);
        while let Some(part) = parts.pop_front() {
            match self.post(&part).await? {
                Ok(reply) => self.count(&part, &reply)?,
                Err(refusal) => {
                    for rest in self.refused(&part, refusal).into_iter().rev() {
                        parts.push_front(rest);
                    }
                }
            }
            self.observer.on_sent(&self.stats);
        }
        Ok(())
    }

    /// Posts until there is an answer. The inner error is a refusal of the content.
    async fn post(&mut self, part: &Batch) -> Result<Result<BatchReply, Rejection>, BatchSendError> {
        let (client, observer, stats) = (self.client, self.observer, &mut self.stats);
        let send = async || client.post(part.kind, part.body.clone()).await;
        let on_retry = |error: &ClientError| {
            stats.retries += 1;
            observer.on_retry(error);
        };
        match retry(self.patience, send, on_retry).await {
            Ok(reply) => Ok(Ok(reply)),
            Err((ClientError::Refused { code, detail, errors, .. }, _)) => Ok(Err(Rejection { code, detail, errors })),
            Err((error, waited)) if error.is_transient() => {
                Err(BatchSendError::GaveUp { at: part.begin(), waited, source: Box::new(error) })
            }
            Err((error, _)) => Err(error.into()),
        }
    }

    fn count(&mut self, part: &Batch, reply: &BatchReply) -> Result<(), BatchSendError> {
        // Not every rejection needs to be named, but all are counted.
        let named = reply.rejected.len() as u64;
        let unnamed = reply.rejected_count.unwrap_or(named).saturating_sub(named);
        let told = reply.accepted + reply.duplicates + reply.unknown + named + unnamed;
        if told != part.len() as u64 {
            return Err(BatchSendError::Unaccounted { at: part.begin(), sent: part.len(), told });
        }
        let stats = &mut self.stats;
        match part.kind {
            BatchKind::Items => stats.items += reply.accepted + reply.duplicates,
            BatchKind::Events | BatchKind::Vectors => {
                stats.events += part.len() as u64;
                stats.accepted += reply.accepted;
                stats.duplicates += reply.duplicates;
            }
        }
        for rejected in &reply.rejected {
            if let Some(origin) = rejected.index.and_then(|index| part.origins.get(index)) {
                stats.reject(origin, rejected);
            }
        }
        stats.reject_unnamed(unnamed);
        stats.position = stats.position.max(reply.position.unwrap_or(0));
        Ok(())
    }

    /// A whole request was refused: takes the entries at fault out, or looks for them by halves.
    fn refused(&mut self, part: &Batch, refusal: Rejection) -> Vec<Batch> {
        let mut at_fault = vec![false; part.len()];
        for error in &refusal.errors {
            if let Some(index) = error.index
                && at_fault.get(index) == Some(&false)
            {
                at_fault[index] = true;
                self.stats.reject(&part.origins[index], error);
            }
        }
        let faults = at_fault.iter().filter(|&&fault| fault).count();
        if faults == 0 && part.len() == 1 {
            let Rejection { code, detail, .. } = refusal;
            self.stats.reject(&part.origins[0], &RejectedEntry { index: Some(0), code, detail });
            at_fault[0] = true;
        } else if faults == 0 {
            let middle = part.len() / 2;
            return [part.pick(0..middle), part.pick(middle..part.len())].into_iter().flatten().collect();
        }
        if part.kind == BatchKind::Events {
            self.stats.events += faults.max(usize::from(part.len() == 1)) as u64;
        }
        part.pick((0..part.len()).filter(|&place| !at_fault[place])).into_iter().collect()
    }

    /// Waits until the live view holds all that was sent.
    pub async fn wait_applied(&mut self) -> Result<(), BatchSendError> {
        let wanted = self.stats.position;
        let mut best = 0;
        let mut moved = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            match self.client.status().await {
                Ok(status) => {
                    self.observer.on_status(status);
                    if status.position >= wanted {
                        return Ok(());
                    }
                    if status.position > best {
                        best = status.position;
                        moved = Instant::now();
                    }
                }
                Err(error) if error.is_transient() => self.observer.on_retry(&error),
                Err(error) => return Err(error.into()),
            }
            if moved.elapsed() > self.patience {
                return Err(BatchSendError::NotApplied { position: best, wanted, waited: moved.elapsed() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }
}

struct Rejection {
    code: String,
    detail: String,
    errors: Vec<RejectedEntry>,
}

/// Keeps to a rate: each batch has its time, however long the ones before it took.
struct Pace {
    rate: f64,
    next: Instant,
}

impl Pace {
    /// How far a stalled sender may catch up at full speed.
    const BEHIND_MAX: Duration = Duration::from_secs(1);

    async fn wait(&mut self, events: usize) {
        let oldest = Instant::now().checked_sub(Self::BEHIND_MAX).unwrap_or(self.next);
        self.next = self.next.max(oldest);
        tokio::time::sleep_until(self.next).await;
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most 10,000 events")]
        let seconds = events as f64 / self.rate;
        self.next += Duration::from_secs_f64(seconds);
    }
}
