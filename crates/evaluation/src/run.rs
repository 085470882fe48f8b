//! Passes: one configuration over a stream, through the production learner.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark_domain::{Append, Event, Id, ModelConfig, Position, Record, RecordBody, Timestamp};
use shelfmark_learner::{ApplyError, Learner, Observer, prepare_thread};
use shelfmark_state::{ContextScratch, State, Unit};

use super::{BaselineKind, Method, Prequential, RankedTarget, Stream, Uncounted};

/// Protocol of a test.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Records of one append, at least; appends end where units end.
    pub append: usize,
    /// Share of the stream, 0 to 1, that is learned but not counted.
    pub discard: f64,
    /// Whether all events of one timestamp are ranked before any of them is learned. Appends end where timestamps end,
    /// and the events of one actor and timestamp stand side by side.
    pub whole_timestamps: bool,
    /// Baselines to compare with.
    pub baselines: Vec<BaselineKind>,
    /// Events that are learned but not counted, beside those without a positive weight.
    pub uncounted: Arc<Uncounted>,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { append: 64, discard: 0.1, whole_timestamps: false, baselines: Vec::new(), uncounted: Arc::default() }
    }
}

/// A pass under way. It can pause anywhere.
pub struct Run<'a> {
    stream: &'a Stream,
    append: usize,
    whole_timestamps: bool,
    state: State,
    learner: Learner,
    scratch: ContextScratch,
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
            whole_timestamps: protocol.whole_timestamps,
            state,
            learner: Learner::default(),
            scratch: ContextScratch::default(),
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
            .by_whole_timestamps(protocol.whole_timestamps)
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
            let append_end = stream.append_end(self.next, self.append, self.whole_timestamps);
            let events = &stream.events[self.next..append_end];
            if self.whole_timestamps {
                self.rank_and_learn(&units_side_by_side(events))?;
            } else {
                self.apply(events.iter().cloned().map(RecordBody::Event))?;
            }
            self.next = append_end;
        }
        Ok(())
    }

    /// Ranks all units from the state before the first of them, and then learns them.
    fn rank_and_learn(&mut self, events: &[&Event]) -> Result<(), ApplyError> {
        let began = Instant::now();
        // While learning is frozen, nothing but histories moves from unit to unit: no unit sees another's transitions.
        let mut before = self.state.clone();
        before.configure(&ModelConfig { learning: false, ..(**before.config()).clone() });
        let (units, _) = before.apply_events(events, &mut self.scratch);
        self.prequential.before_learning(&before, &units);
        drop(before);
        self.time += began.elapsed();
        self.learn(events.iter().map(|event| RecordBody::Event((*event).clone())), true)
    }

    /// Keeps the ranks of single targets, to be taken after each [`Run::advance`].
    pub fn keep_targets(&mut self) {
        self.prequential.keep_targets();
    }

    /// Returns the targets since the last call, with the ids of their items.
    pub fn take_targets(&mut self) -> Vec<(RankedTarget, Id)> {
        let catalog = &self.state.inference.catalog;
        let with_id = |target: RankedTarget| {
            let id = catalog.id(target.item).clone();
            (target, id)
        };
        self.prequential.take_targets().into_iter().map(with_id).collect()
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
        self.learn(bodies, false)
    }

    /// Learns records; their units are ranked first unless they are `ranked` already.
    fn learn(&mut self, bodies: impl Iterator<Item = RecordBody>, ranked: bool) -> Result<(), ApplyError> {
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
        let mut observer = Ranking { prequential: &mut self.prequential, done: ranked };
        let applied = self.learner.apply(&mut self.state, &append, &BTreeMap::new(), &mut observer)?;
        self.steps += applied.steps.len() as u64;
        self.clipped += applied.steps.iter().filter(|step| step.clipped).count() as u64;
        self.time += began.elapsed();
        Ok(())
    }
}

/// Observer that ranks units, unless that is done already.
struct Ranking<'a> {
    prequential: &'a mut Prequential,
    done: bool,
}

impl Observer for Ranking<'_> {
    fn before_learning(&mut self, state: &State, units: &[Unit]) {
        if !self.done {
            self.prequential.before_learning(state, units);
        }
    }

    fn after_learning(&mut self, state: &mut State, through: Position) {
        self.prequential.after_learning(state, through);
    }
}

/// Orders events so that those of one actor and timestamp stand side by side, otherwise as they were.
fn units_side_by_side(events: &[Event]) -> Vec<&Event> {
    let mut ordered = Vec::with_capacity(events.len());
    for of_time in events.chunk_by(|event, next| event.ts == next.ts) {
        let mut units: Vec<Vec<&Event>> = Vec::new();
        let mut numbers: HashMap<(Option<&Id>, Option<&Id>), usize> = HashMap::new();
        for event in of_time {
            let session = if event.user.is_some() { None } else { event.session.as_ref() };
            let number = *numbers.entry((event.user.as_ref(), session)).or_insert(units.len());
            if number == units.len() {
                units.push(Vec::new());
            }
            units[number].push(event);
        }
        ordered.extend(units.into_iter().flatten());
    }
    ordered
}
