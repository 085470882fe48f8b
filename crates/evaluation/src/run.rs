//! Passes: one configuration over a stream, through the production learner.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark_domain::{Append, ModelConfig, Position, Record, RecordBody, Timestamp};
use shelfmark_learner::{ApplyError, Learner, prepare_thread};
use shelfmark_state::State;

use super::{BaselineKind, Method, Prequential, Stream, Uncounted};

/// Protocol of a test.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Records of one append, at least; appends end where units end.
    pub append: usize,
    /// Share of the stream, 0 to 1, that is learned but not counted.
    pub discard: f64,
    /// Baselines to compare with.
    pub baselines: Vec<BaselineKind>,
    /// Events that are learned but not counted, beside those without a positive weight.
    pub uncounted: Arc<Uncounted>,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { append: 64, discard: 0.1, baselines: Vec::new(), uncounted: Arc::default() }
    }
}

/// A pass under way. It can pause anywhere.
pub struct Run<'a> {
    stream: &'a Stream,
    append: usize,
    state: State,
    learner: Learner,
    prequential: Prequential,
    position: Position,
    next: usize,
    time: Duration,
    steps: u64,
    clipped: u64,
}

/// Result of a pass.
pub struct Evaluated {
    /// Metrics, of the model first and then of the baselines.
    pub prequential: Prequential,
    /// State of the model at the end.
    pub state: State,
    /// Number of gradient steps.
    pub steps: u64,
    /// Number of steps whose gradient was clipped.
    pub clipped: u64,
    /// Time for learning alone, without any ranking.
    pub learning: Duration,
}

impl<'a> Run<'a> {
    /// Begins a pass: applies the metadata, and prepares the calling thread for the learner.
    pub fn new(stream: &'a Stream, config: ModelConfig, protocol: &Protocol) -> Result<Self, ApplyError> {
        Self::from_state(stream, State::initial(Arc::new(config)), protocol)
    }

    /// Begins a pass from what `state` has learned: a clone of another pass's state is a fork of it. What is counted,
    /// and what is novel or was met how often, is of this stream alone.
    pub fn from_state(stream: &'a Stream, state: State, protocol: &Protocol) -> Result<Self, ApplyError> {
        prepare_thread();
        let seed = state.config().seed;
        let learned = state.inference.counters.counted;
        let mut run = Self {
            stream,
            append: protocol.append,
            state,
            learner: Learner::default(),
            prequential: Prequential::new(0, 0.0, 0, &[], seed),
            // Keys the sampler's draws: they go on rather than repeat the other pass's.
            position: Position::new(learned),
            next: 0,
            time: Duration::ZERO,
            steps: 0,
            clipped: 0,
        };
        let items = stream.items.iter().cloned().map(RecordBody::PutItem);
        run.apply(items)?;
        run.apply(stream.updates.iter().cloned())?;
        run.apply(stream.vectors.iter().cloned().map(RecordBody::PutVector))?;
        let events = stream.liked(run.state.config()) as u64;
        let listed = run.state.inference.catalog.len();
        run.prequential = Prequential::new(events, protocol.discard, listed, &protocol.baselines, seed)
            .after(learned)
            .leaving_out(Arc::clone(&protocol.uncounted));
        Ok(run)
    }

    /// Returns the number of events tested and learned so far.
    pub const fn done(&self) -> usize {
        self.next
    }

    /// Returns the metrics so far, of the model first.
    pub fn methods(&self) -> &[Method] {
        self.prequential.methods()
    }

    /// Tests and learns until `end` events, or a few more, are done.
    pub fn advance(&mut self, end: usize) -> Result<(), ApplyError> {
        let stream = self.stream;
        while self.next < end.min(stream.events.len()) {
            let append_end = stream.append_end(self.next, self.append);
            self.apply(stream.events[self.next..append_end].iter().cloned().map(RecordBody::Event))?;
            self.next = append_end;
        }
        Ok(())
    }

    /// Ends the pass and returns its result.
    pub fn finish(self) -> Evaluated {
        let ranking: Duration = self.prequential.methods().iter().map(|method| method.time).sum();
        Evaluated {
            prequential: self.prequential,
            state: self.state,
            steps: self.steps,
            clipped: self.clipped,
            learning: self.time.saturating_sub(ranking),
        }
    }

    fn apply(&mut self, bodies: impl Iterator<Item = RecordBody>) -> Result<(), ApplyError> {
        let began = Instant::now();
        let records: Arc<[Record]> = bodies
            .map(|body| {
                self.position = self.position.next();
                Record { position: self.position, appended_at: Timestamp::default(), source: None, body }
            })
            .collect();
        if records.is_empty() {
            return Ok(());
        }
        let append = Append { records };
        let applied = self.learner.apply(&mut self.state, &append, &BTreeMap::new(), &mut self.prequential)?;
        self.steps += applied.steps.len() as u64;
        self.clipped += applied.steps.iter().filter(|step| step.clipped).count() as u64;
        self.time += began.elapsed();
        Ok(())
    }
}
