//! Application of appends: cuts records into batches and batches into steps.

use std::collections::BTreeMap;

use shelfmark_domain::{Append, Event, ForgottenUser, Position, RecordBody, VersionNumber};
use shelfmark_state::{ContextScratch, State, Unit};

use super::{
    candidate_sampling::{StepTask, step_targets},
    step::{StepReport, Stepper},
};

/// Error of applying an append.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The caller did not pass the state that a restore record leads to.
    #[error("the record at position {position} restores version {version}, which was not loaded")]
    MissingState {
        /// Position of the restore record.
        position: Position,
        /// The version it restores.
        version: VersionNumber,
    },
}

/// Report on an applied append.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// One report per step.
    pub steps: Vec<StepReport>,
    /// Whether a restore record was among the records.
    pub restored: bool,
    /// Number of users and sessions evicted as idle.
    pub dropped: usize,
}

/// Hooks around learning, for example for prequential (test-then-train) evaluation.
pub trait Observer {
    /// Called before a batch is learned. `state` has the batch's ids and histories, but parameters, popularity and
    /// known items from before it.
    fn before_learning(&mut self, state: &State, units: &[Unit]);

    /// Called before a step on `state`.
    fn before_step(&mut self, state: &State, task: &StepTask<'_>) {
        let _ = (state, task);
    }

    /// Called after a step.
    fn after_step(&mut self, state: &State, report: &StepReport) {
        let _ = (state, report);
    }

    /// Called after a batch is learned. `through` is the position of its last record.
    fn after_learning(&mut self, state: &mut State, through: Position) {
        let _ = (state, through);
    }

    /// Called when a user was erased (P10): drop all data on the user.
    fn forgot(&mut self, user: &ForgottenUser) {
        let _ = user;
    }

    /// Called when a restore record at `position` replaced the state by one that grew from `version`. Every row may
    /// have changed, not only the touched ones.
    fn restored(&mut self, position: Position, version: VersionNumber) {
        let _ = (position, version);
    }
}

/// Observer that does nothing.
impl Observer for () {
    fn before_learning(&mut self, _: &State, _: &[Unit]) {}
}

/// Applies appends to a state. Owns workspaces only; everything that matters is in the state.
#[derive(Debug, Default)]
pub struct Learner {
    scratch: ContextScratch,
    stepper: Stepper,
}

impl Learner {
    /// Creates a learner that measures the rows of every `every`th step; 0 measures none. The default is
    /// [`super::STATISTICS_EVERY`].
    pub fn with_statistics_every(every: u32) -> Self {
        Self { stepper: Stepper::with_statistics_every(every), ..Self::default() }
    }

    /// Applies an append to `state`. `restored` holds the states that its restore records lead to, by position.
    ///
    /// # Errors
    /// [`ApplyError::MissingState`] when `restored` lacks a state. Records before it have been applied then.
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
                // A batch ends only where a unit does.
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
                RecordBody::PatchItem(patch) => state.patch_item(patch),
                RecordBody::RemoveItem { item } => state.remove_item(item),
                RecordBody::Merge(merge) => state.merge(merge),
                RecordBody::UpdateProfile(update) => state.update_profile(update),
                RecordBody::Retract(retraction) => {
                    state.retract(retraction);
                }
                RecordBody::ResetModality { modality } => state.reset_modality(modality),
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
                    // Rows touched on the way to the restored state are not changes from here on.
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

    /// Learns a batch: takes contexts, updates histories, runs the steps, and counts the items. While learning is
    /// frozen it stops after the histories.
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
        let known_before = state.inference.catalog.known().len();
        let events_before = state.inference.counters.events;
        let (units, rows) = state.apply_events(events, &mut self.scratch);
        observer.before_learning(state, &units);
        if !state.config().learning {
            observer.after_learning(state, through);
            return;
        }
        let pairs: Vec<(usize, usize)> =
            units.iter().enumerate().flat_map(|(u, unit)| (0..unit.targets.len()).map(move |t| (u, t))).collect();
        let size = step_targets(state);
        // Events that weigh nothing are no targets, so there may be none.
        let size = if pairs.len() > 2 * size { size } else { pairs.len().max(1) };
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
        applied.dropped += state.evict_idle(events_before);
        observer.after_learning(state, through);
    }
}

/// Configures libtorch for reproducible arithmetic. Call once, on the learner's thread.
pub fn prepare_thread() {
    tch::set_num_threads(1);
}

/// Version of the order of sums in the learner. Increment it with every change that may alter a bit of what is learned.
const SUMS: u32 = 6;

/// Returns what must be equal between machines for equal digests (P4): libtorch, architecture, CPU capability and maker
/// (BLAS has kernels for each), thread count, order of sums.
pub fn fingerprint() -> String {
    let capability = std::env::var("ATEN_CPU_CAPABILITY").unwrap_or_else(|_| detected_capability().to_owned());
    format!("libtorch-2.13.0 {} {capability} {} threads-1 sums-{SUMS}", std::env::consts::ARCH, maker())
}

/// Returns the processor's vendor id, such as `AuthenticAMD` or `GenuineIntel`.
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
