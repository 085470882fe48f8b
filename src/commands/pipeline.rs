//! From entries to the service: a blocking producer, a bounded channel, one sender.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use shelfmark::{
    domain::{Event, RowVector},
    feeds::{BadLine, FeedBody},
};
use shelfmark_client::{Batch, BatchSender, Batcher, Origin};
use tokio::sync::mpsc;

use super::{
    client::Client,
    progress::Progress,
    stats::{ReadStats, SHOWN_MAX, SendStats},
};

/// The runtime of a command: one thread posts, another reads; the service next door may want the rest.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("the async runtime cannot start")
}

/// How to send.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Entries of a batch.
    pub batch: usize,
    /// Batches that wait encoded while one is under way.
    pub ahead: usize,
    /// Events per second, at most.
    pub rate: Option<f64>,
    /// Longest time without a success.
    pub patience: Duration,
    /// Wait at the end until the live view holds everything.
    pub wait_applied: bool,
}

impl Sending {
    /// With a rate, a batch holds a tenth of a second at most: a rate is to be a stream, not a drip of lumps.
    fn entries(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 10,000")]
        let tenth = self.rate.map_or(usize::MAX, |rate| (rate / 10.0).clamp(1.0, 10_000.0) as usize);
        self.batch.min(tenth)
    }
}

/// Nobody takes batches any more: the sender failed, and its error is the one to show.
#[derive(Debug, thiserror::Error)]
#[error("sending has ended")]
pub struct Closed;

enum Ready {
    Batch(Batch),
    Bad(String),
}

/// Where a producer puts what it has; blocks while enough is waiting.
pub struct Intake {
    batcher: Batcher,
    ready: mpsc::Sender<Ready>,
    /// What was read, for the producer to count.
    pub stats: ReadStats,
}

impl Intake {
    /// Takes an entry.
    pub fn entry(&mut self, origin: Origin, body: FeedBody) -> Result<(), Closed> {
        match body {
            FeedBody::Item(item) => {
                let batch = self.batcher.item(origin, &item);
                self.send(batch)
            }
            FeedBody::Event(event) => self.event(origin, event),
        }
    }

    /// Takes an event.
    pub fn event(&mut self, origin: Origin, event: Event) -> Result<(), Closed> {
        let batches = self.batcher.event(origin, event);
        self.send(batches)
    }

    /// Takes a vector.
    pub fn vector(&mut self, origin: Origin, row: &RowVector) -> Result<(), Closed> {
        let batch = self.batcher.vector(origin, row);
        self.send(batch)
    }

    /// Counts a bad line and shows the first ones.
    pub fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> Result<(), Closed> {
        self.stats.bad += 1;
        if self.stats.bad > SHOWN_MAX {
            return Ok(());
        }
        let more = if self.stats.bad == SHOWN_MAX { " (further bad lines are only counted)" } else { "" };
        let line = format!("{file}:{}: bad line: {}{more}", bad.line, bad.detail);
        self.ready.blocking_send(Ready::Bad(line)).map_err(|_| Closed)
    }

    /// Sends what is left.
    pub fn flush(&mut self) -> Result<(), Closed> {
        let batches = self.batcher.take();
        self.send(batches.into_iter().flatten())
    }

    fn send(&mut self, batches: impl IntoIterator<Item = Batch>) -> Result<(), Closed> {
        for batch in batches {
            self.ready.blocking_send(Ready::Batch(batch)).map_err(|_| Closed)?;
        }
        Ok(())
    }
}

/// What came of a run; the tallies are there even when it failed.
pub struct PipelineOutcome {
    /// Reading.
    pub read: ReadStats,
    /// Sending.
    pub sent: SendStats,
    /// Why it ended early.
    pub failure: Option<anyhow::Error>,
}

/// Runs `produce` on a blocking thread and delivers what it puts into its intake, in order.
pub async fn run(
    client: &Client,
    progress: &Progress,
    sending: &Sending,
    produce: impl FnOnce(&mut Intake) -> anyhow::Result<()> + Send + 'static,
) -> PipelineOutcome {
    let (ready, mut waiting) = mpsc::channel(sending.ahead.max(1));
    let mut intake = Intake { batcher: Batcher::new(sending.entries()), ready, stats: ReadStats::default() };
    let producer = tokio::task::spawn_blocking(move || {
        let result = produce(&mut intake);
        // What was read before a failure is good and goes out.
        let flushed = intake.flush();
        let Intake { stats, .. } = intake;
        (stats, result.and(flushed.map_err(anyhow::Error::from)))
    });
    let mut sender = BatchSender::new(client, progress, sending.patience, sending.rate);
    let delivering = async {
        while let Some(ready) = waiting.recv().await {
            match ready {
                Ready::Batch(batch) => sender.deliver(batch).await?,
                Ready::Bad(line) => progress.say(&line),
            }
        }
        if sending.wait_applied {
            sender.wait_applied().await?;
        }
        anyhow::Ok(())
    };
    let delivered = tokio::select! {
        delivered = delivering => delivered,
        never = progress.watch(client) => match never {},
    };
    // Unblocks a producer that waits for room, so that it ends too.
    waiting.close();
    while waiting.try_recv().is_ok() {}
    let sent = sender.stats;
    let (read, produced) = match producer.await.context("the reading thread failed") {
        Ok((stats, result)) => (stats, result),
        Err(error) => (ReadStats::default(), Err(error)),
    };
    progress.finish();
    // A failed delivery is the cause of a closed intake, so it is told first.
    let failure = delivered.err().or(produced.err());
    PipelineOutcome { read, sent, failure }
}
