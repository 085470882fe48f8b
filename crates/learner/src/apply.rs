//! From an append to steps: how records are cut into batches, and batches into steps.

use std::collections::BTreeMap;

use shelfmark_domain::{Append, Event, ForgottenUser, Position, RecordBody, VersionNumber};
use shelfmark_state::{ContextScratch, State, Unit};

use super::{
    candidate_sampling::{StepTask, step_targets},
    step::{StepReport, Stepper},
};

/// Why an append cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The caller must give the state that every restore of the append leads to.
    #[error("the record at position {position} restores version {version}, which was not loaded")]
    MissingState {
        /// The record.
        position: Position,
        /// The version.
        version: VersionNumber,
    },
}

/// What an append did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// One report a step.
    pub steps: Vec<StepReport>,
    /// Whether a restore record was among the records.
    pub restored: bool,
    /// Users and sessions that were dropped because they were idle.
    pub dropped: usize,
}

/// Sees every batch before it is learned: test-then-train hooks in here.
pub trait Observer {
    /// `state` has the batch's ids and histories, but parameters, popularity and known items from before it.
    fn before_learning(&mut self, state: &State, units: &[Unit]);

    /// A step is about to be taken on `state`.
    fn before_step(&mut self, state: &State, task: &StepTask<'_>) {
        let _ = (state, task);
    }

    /// The step was taken.
    fn after_step(&mut self, state: &State, report: &StepReport) {
        let _ = (state, report);
    }

    /// The batch whose last record is at `through` is learned: `state` is whole.
    fn after_learning(&mut self, state: &mut State, through: Position) {
        let _ = (state, through);
    }

    /// A user was forgotten (P10): what else holds the user must let go.
    fn forgot(&mut self, user: &ForgottenUser) {
        let _ = user;
    }

    /// The state was replaced by one that grew from a version: everything may have changed, not only what is marked as touched.
    /// `position` is the record's.
    fn restored(&mut self, position: Position, version: VersionNumber) {
        let _ = (position, version);
    }
}

/// Watches nothing.
impl Observer for () {
    fn before_learning(&mut self, _: &State, _: &[Unit]) {}
}

/// Applies appends. Owns work space only: everything that matters is in the state.
#[derive(Debug, Default)]
pub struct Learner {
    scratch: ContextScratch,
    stepper: Stepper,
}

impl Learner {
    /// Watches the rows of every `every`th step, where the default is [`super::STATISTICS_EVERY`]; 0 watches none.
    pub fn with_statistics_every(every: u32) -> Self {
        Self { stepper: Stepper::with_statistics_every(every), ..Self::default() }
    }

    /// Applies an append to `state`. `restored` holds the states that its restore records lead to, by their positions.
    pub fn apply(
        &mut self,
        state: &mut State,
        append: &Append,
        restored: &BTreeMap<Position, State>,
        observer: &mut dyn Observer,
    ) -> Result<Applied, ApplyError> {
        let mut applied = Applied::default();
        let mut events: Vec<&Event> = Vec::new();
        let mut first = append.first();
        for record in append.records.iter() {
            if let RecordBody::Event(event) = &record.body {
                // A unit is never cut by a batch: it closes only where the next one begins.
                let full = events.len() >= step_targets(state);
                if full && events.last().is_some_and(|last| !last.same_unit(event)) {
                    self.learn(state, &events, first, observer, &mut applied);
                    events.clear();
                }
                if events.is_empty() {
                    first = record.position;
                }
                events.push(event);
                continue;
            }
            self.learn(state, &events, first, observer, &mut applied);
            events.clear();
            match &record.body {
                RecordBody::PutItem(item) => state.put_item(item),
                RecordBody::RemoveItem { item } => {
                    state.remove_item(item);
                }
                RecordBody::Configure { config } => {
                    state.configure(config);
                }
                RecordBody::PutVector(row) => {
                    state.put_vector(row);
                }
                RecordBody::Forget(user) => {
                    state.forget(user);
                    observer.forgot(user);
                }
                RecordBody::Restore { version, .. } => {
                    let missing = || ApplyError::MissingState { position: record.position, version: *version };
                    *state = restored.get(&record.position).ok_or_else(missing)?.clone();
                    // What the state was marked with on its way here says nothing about the version that it is.
                    state.touched.clear();
                    observer.restored(record.position, *version);
                    applied.restored = true;
                }
                RecordBody::Event(_) => unreachable!("events were handled above"),
            }
        }
        self.learn(state, &events, first, observer, &mut applied);
        Ok(applied)
    }

    /// One batch: contexts first, then histories move on, then steps, then the batch's items are known. While learning is
    /// frozen it ends with the histories.
    fn learn(
        &mut self,
        state: &mut State,
        events: &[&Event],
        first: Position,
        observer: &mut dyn Observer,
        applied: &mut Applied,
    ) {
        if events.is_empty() {
            return;
        }
        let through = first.advanced(events.len() as u64 - 1);
        let known_before = state.readable.catalog.known().len();
        let events_before = state.readable.counters.events;
        let (units, rows) = state.apply_events(events, &mut self.scratch);
        observer.before_learning(state, &units);
        if !state.config().learning {
            observer.after_learning(state, through);
            return;
        }
        let pairs: Vec<(usize, usize)> =
            units.iter().enumerate().flat_map(|(u, unit)| (0..unit.targets.len()).map(move |t| (u, t))).collect();
        let size = step_targets(state);
        let size = if pairs.len() > 2 * size { size } else { pairs.len() };
        for (number, part) in pairs.chunks(size).enumerate() {
            let start = part[0].0;
            let end = part[part.len() - 1].0 + 1;
            let in_step: Vec<&Unit> = units[start..end].iter().collect();
            let pairs: Vec<(usize, usize)> = part.iter().map(|(unit, target)| (unit - start, *target)).collect();
            let key = (first.get(), number as u64);
            let task = StepTask { units: &in_step, pairs: &pairs, known_before, key };
            observer.before_step(state, &task);
            let report = StepReport { through, known: known_before, ..self.stepper.step(state, &task) };
            observer.after_step(state, &report);
            applied.steps.push(report);
        }
        state.count_events(&rows);
        applied.dropped += state.drop_idle(events_before);
        observer.after_learning(state, through);
    }
}

/// Sets libtorch up for bit-identical steps on the calling thread. Call once, on the learner's thread.
pub fn prepare_thread() {
    tch::set_num_threads(1);
}

/// Which order the learner's sums are in. Raise it with every change that may alter a bit of what is learned.
const SUMS: u32 = 3;

/// What must be equal between machines for equal digests (P4): libtorch, the processor's kind, capability and maker (its BLAS has
/// kernels for each), thread count, order of sums.
pub fn fingerprint() -> String {
    let capability = std::env::var("ATEN_CPU_CAPABILITY").unwrap_or_else(|_| detected_capability().to_owned());
    format!("libtorch-2.13.0 {} {capability} {} threads-1 sums-{SUMS}", std::env::consts::ARCH, maker())
}

/// As the processor says it: `AuthenticAMD`, `GenuineIntel`.
#[cfg(target_arch = "x86_64")]
fn maker() -> String {
    let words = std::arch::x86_64::__cpuid(0);
    let bytes: Vec<u8> = [words.ebx, words.edx, words.ecx].into_iter().flat_map(u32::to_le_bytes).collect();
    let letters = bytes.into_iter().filter(u8::is_ascii_alphanumeric).map(char::from);
    letters.collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn maker() -> String {
    "any".to_owned()
}

#[cfg(target_arch = "x86_64")]
fn detected_capability() -> &'static str {
    if std::is_x86_feature_detected!("avx512f") { "avx512" } else { "avx2" }
}

#[cfg(not(target_arch = "x86_64"))]
fn detected_capability() -> &'static str {
    "default"
}
