//! Pipeline from entries to the service: a blocking producer, a bounded channel, one sender.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use shelfmark_client::{Batch, BatchSender, Batcher, Client, Origin, SendStats};
use shelfmark_datasets::feeds::{BadLine, FeedBody};
use shelfmark_domain::{Event, RowVector};
use tokio::sync::mpsc;

use super::{send_progress::SendProgress, stats::ReadStats};

/// Makes the async runtime of a command. One thread posts and another reads, since the service may run on this machine
/// too.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("the async runtime cannot start")
}

/// Settings of sending.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// Number of entries of a batch.
    pub batch: usize,
    /// Number of encoded batches that wait while one is under way.
    pub ahead: usize,
    /// Highest rate, in events per second.
    pub rate: Option<f64>,
    /// Longest time without a successful request.
    pub patience: Duration,
    /// Whether to wait at the end until the live view holds everything.
    pub wait_applied: bool,
}

impl SendSettings {
    /// Returns the number of entries of a batch: with a rate, at most those of a tenth of a second, so that events flow
    /// evenly.
    fn entries(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 10,000")]
        let tenth = self.rate.map_or(usize::MAX, |rate| (rate / 10.0).clamp(1.0, 10_000.0) as usize);
        self.batch.min(tenth)
    }
}

/// Error of a producer after the sender failed. The error of the sender is the one to show.
#[derive(Debug, thiserror::Error)]
#[error("sending has ended")]
pub struct Closed;

enum Ready {
    Batch(Batch),
    Bad(String),
}

/// Input of the pipeline. It blocks the producer while enough batches wait.
pub struct Intake {
    batcher: Batcher,
    ready: mpsc::Sender<Ready>,
    /// Counts of reading, kept by the producer.
    pub stats: ReadStats,
}

impl Intake {
    /// Adds an entry.
    pub fn entry(&mut self, origin: Origin, body: FeedBody) -> Result<(), Closed> {
        match body {
            FeedBody::Item(item) => {
                let batch = self.batcher.item(origin, &item);
                self.send(batch)
            }
            FeedBody::Event(event) => self.event(origin, event),
        }
    }

    /// Adds an event.
    pub fn event(&mut self, origin: Origin, event: Event) -> Result<(), Closed> {
        let batches = self.batcher.event(origin, event);
        self.send(batches)
    }

    /// Adds a vector.
    pub fn vector(&mut self, origin: Origin, row: &RowVector) -> Result<(), Closed> {
        let batch = self.batcher.vector(origin, row);
        self.send(batch)
    }

    /// Counts a bad line, and shows it if it is one of the first.
    pub fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> Result<(), Closed> {
        match self.stats.count_bad(file, bad) {
            Some(line) => self.ready.blocking_send(Ready::Bad(line)).map_err(|_| Closed),
            None => Ok(()),
        }
    }

    /// Passes on what is left.
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

/// Result of a run. The counts are there even when it failed.
pub struct PipelineOutcome {
    /// Counts of reading.
    pub read: ReadStats,
    /// Counts of sending.
    pub sent: SendStats,
    /// Error that ended it early.
    pub failure: Option<anyhow::Error>,
}

/// Runs `produce` on a blocking thread, and delivers what it adds to its intake, in order.
pub async fn run(
    client: &Client,
    progress: &SendProgress,
    settings: &SendSettings,
    produce: impl FnOnce(&mut Intake) -> anyhow::Result<()> + Send + 'static,
) -> PipelineOutcome {
    let (ready, mut waiting) = mpsc::channel(settings.ahead.max(1));
    let mut intake = Intake { batcher: Batcher::new(settings.entries()), ready, stats: ReadStats::default() };
    let producer = tokio::task::spawn_blocking(move || {
        let result = produce(&mut intake);
        // What was read before a failure is good and goes out.
        let flushed = intake.flush();
        let Intake { stats, .. } = intake;
        (stats, result.and(flushed.map_err(anyhow::Error::from)))
    });
    let mut sender = BatchSender::new(client, progress, settings.patience, settings.rate);
    let delivering = async {
        while let Some(ready) = waiting.recv().await {
            match ready {
                Ready::Batch(batch) => sender.deliver(batch).await?,
                Ready::Bad(line) => progress.println(&line),
            }
        }
        if settings.wait_applied {
            sender.wait_applied().await?;
        }
        anyhow::Ok(())
    };
    let delivered = tokio::select! {
        delivered = delivering => delivered,
        never = progress.poll(client) => match never {},
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
