//! The loop: reads messages, collects them into batches, and has one batch under way at a time.

use std::{collections::BTreeMap, future::Future, pin::Pin, time::Duration};

use rdkafka::{Message, consumer::Consumer, error::KafkaResult, message::OwnedMessage};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    ConnectorError, Settings,
    batch::{Batch, Partition},
    dead_letters::DeadLetters,
    reader::{Begin, Reader, lasting},
    sender::{Sender, Sent},
};

/// How long a full batch waits before the partitions are paused: paused ones drop what was read ahead.
const PAUSE_AFTER: Duration = Duration::from_secs(5);
/// Pause after an error of the consumer.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
/// How long a request under way is waited for at the end. Its messages are read again otherwise, and not taken twice.
const END_MAX: Duration = Duration::from_secs(10);

/// Reads until `shutdown`, or until an error that no attempt would change.
///
/// # Errors
/// Why it ended.
pub async fn run(settings: &Settings, shutdown: impl Future<Output = ()>) -> Result<(), ConnectorError> {
    let sender = Sender::new(&settings.address()?, DeadLetters::new(settings)?)?;
    let reader = Reader::new(settings)?;
    reader.subscribe()?;
    tracing::info!(topics = settings.kafka.topics.join(","), group = settings.kafka.group, "kafka.started");
    let ended = Connector::new(settings, &reader, &sender).run(shutdown).await;
    // Leaving the group takes requests to Kafka, for which the thread waits.
    let consumer = reader.consumer;
    if tokio::task::spawn_blocking(move || drop(consumer)).await.is_err() {
        tracing::warn!("kafka.group_not_left");
    }
    tracing::info!("kafka.stopped");
    ended
}

/// What is under way.
enum Done {
    Begun(Result<Begin, ConnectorError>),
    Sent(u64, Result<Sent, ConnectorError>),
}

/// What happened.
enum Event {
    Shutdown,
    Done(Done),
    Read(KafkaResult<OwnedMessage>),
    Assigned,
    Due,
    Stuck,
}

struct Connector<'a> {
    settings: &'a Settings,
    reader: &'a Reader,
    sender: &'a Sender,
    /// Which assignment the partitions are of.
    generation: u64,
    /// Offset of the next message of each partition that is read, as the batch under way will have committed it.
    offsets: BTreeMap<Partition, i64>,
    collected: Batch,
    under_way: Option<Pin<Box<dyn Future<Output = Done> + 'a>>>,
    /// Whether the partitions are to be begun, for the first time or anew.
    to_begin: bool,
    paused: bool,
}

impl<'a> Connector<'a> {
    fn new(settings: &'a Settings, reader: &'a Reader, sender: &'a Sender) -> Self {
        let (offsets, collected) = (BTreeMap::new(), Batch::default());
        let (under_way, to_begin, paused) = (None, false, false);
        Self { settings, reader, sender, generation: 0, offsets, collected, under_way, to_begin, paused }
    }

    async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), ConnectorError> {
        tokio::pin!(shutdown);
        loop {
            self.start_work();
            match self.next(shutdown.as_mut()).await {
                Event::Shutdown => return self.finish().await,
                Event::Done(done) => {
                    self.under_way = None;
                    self.take(done)?;
                }
                Event::Read(Ok(message)) => self.push(message),
                Event::Read(Err(error)) => {
                    lasting(error)?;
                    sleep(ERROR_PAUSE).await;
                }
                // The beginning and the end of each round see to these.
                Event::Assigned | Event::Due => {}
                Event::Stuck => self.pause(),
            }
            self.follow_assignment();
        }
    }

    /// Waits for what happens next.
    async fn next(&mut self, shutdown: Pin<&mut impl Future<Output = ()>>) -> Event {
        let batch = &self.settings.batch;
        let full = self.collected.is_full(batch);
        let idle = self.under_way.is_none();
        let due = self.collected.due(batch).unwrap_or_else(Instant::now);
        let work = async {
            match &mut self.under_way {
                Some(work) => work.await,
                None => std::future::pending().await,
            }
        };
        let (reader, waits) = (self.reader, !self.collected.is_empty());
        tokio::select! {
            biased;
            () = shutdown => Event::Shutdown,
            done = work => Event::Done(done),
            () = reader.consumer.client().context().changed() => Event::Assigned,
            // While partitions are paused the consumer is polled on, so that it stays in its group.
            read = reader.consumer.recv(), if !full || self.paused => {
                Event::Read(read.map(|message| message.detach()))
            }
            () = sleep_until(due), if idle && waits => Event::Due,
            () = sleep(PAUSE_AFTER), if full && !self.paused => Event::Stuck,
        }
    }

    /// Begins what is to be done and can be.
    fn start_work(&mut self) {
        if self.under_way.is_some() {
            return;
        }
        let (reader, sender, generation) = (self.reader, self.sender, self.generation);
        if self.to_begin {
            self.to_begin = false;
            let assignment = reader.consumer.client().context().assignment();
            self.under_way = Some(Box::pin(async move { Done::Begun(reader.find_begin(assignment, sender).await) }));
            return;
        }
        let batch = &self.settings.batch;
        let due = self.collected.due(batch).is_some_and(|due| due <= Instant::now());
        if due || self.collected.is_full(batch) {
            let collected = std::mem::take(&mut self.collected);
            self.under_way = Some(Box::pin(async move { Done::Sent(generation, sender.send(collected).await) }));
            self.resume();
        }
    }

    /// Takes the result of what was under way.
    fn take(&mut self, done: Done) -> Result<(), ConnectorError> {
        match done {
            Done::Begun(begun) => {
                let Begin { generation, offsets } = begun?;
                if generation == self.generation {
                    tracing::info!(partitions = offsets.len(), "kafka.reading");
                    self.reader.begin(&offsets)?;
                    self.offsets = offsets;
                    if std::mem::take(&mut self.paused) {
                        tracing::info!("kafka.resumed");
                    }
                }
            }
            Done::Sent(generation, sent) => {
                let Sent { moved, elsewhere, stop } = sent?;
                if let Some(error) = stop {
                    return Err(error);
                }
                if generation == self.generation {
                    self.reader.show(&moved);
                    if elsewhere {
                        self.forget();
                        self.to_begin = true;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a message that was read. One that is behind, or of a partition that is not read, is none to be sent.
    fn push(&mut self, message: OwnedMessage) {
        let partition = Partition::new(message.topic(), message.partition());
        let Some(next) = self.offsets.get_mut(&partition).filter(|next| message.offset() >= **next) else { return };
        let start = std::mem::replace(next, message.offset() + 1);
        self.collected.push(&self.settings.event, partition, start, message);
    }

    /// Gives up what was collected for an assignment that is gone.
    fn follow_assignment(&mut self) {
        let assignment = self.reader.consumer.client().context().assignment();
        if assignment.generation == self.generation {
            return;
        }
        tracing::info!(partitions = assignment.partitions.len(), "kafka.assigned");
        self.generation = assignment.generation;
        self.forget();
        self.to_begin = !assignment.partitions.is_empty();
    }

    fn forget(&mut self) {
        self.offsets.clear();
        self.collected = Batch::default();
    }

    fn pause(&mut self) {
        tracing::info!("kafka.paused");
        self.paused = true;
        self.reader.pause(self.offsets.keys(), true);
    }

    fn resume(&mut self) {
        if self.paused {
            tracing::info!("kafka.resumed");
            self.paused = false;
            self.reader.pause(self.offsets.keys(), false);
        }
    }

    /// Waits for the request that is under way, so that nobody has to read its messages again.
    async fn finish(self) -> Result<(), ConnectorError> {
        let Some(work) = self.under_way else { return Ok(()) };
        match timeout(END_MAX, work).await {
            Ok(Done::Sent(_, sent)) => {
                let Sent { moved, stop, .. } = sent?;
                self.reader.show(&moved);
                stop.map_or(Ok(()), Err)
            }
            Ok(Done::Begun(_)) | Err(_) => Ok(()),
        }
    }
}
