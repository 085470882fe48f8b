//! Candidate sampling: the items that compete in a step's softmax. All known items of a small catalogue, a sample of a
//! large one (sampled softmax with logQ correction, Bengio and Senecal 2008).

use shelfmark_state::{CounterRng, State, Unit, ln};

use super::{
    slots::{Slots, as_place},
    softmax::{ABSENT, SoftmaxInputs},
};

/// Newest repeats and best memory candidates of a query that take part in a sampled softmax. With 50 and 64 they would
/// be most of a step's rows, without a gain in recall (docs/LEARNING.md).
const REPEATS_PRESENT: usize = 16;
const MEMORY_PRESENT: usize = 16;
/// Streams of the random numbers for negatives and for columns with a gradient.
const DRAWS_NEGATIVES: u64 = 3;
const DRAWS_GRADIENT: u64 = 10;

/// A target of a step: (index of the unit in the step, index of the target in the unit).
pub type Pair = (usize, usize);

/// Input of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepTask<'a> {
    /// Units, with their contexts from before the batch.
    pub units: &'a [&'a Unit],
    /// The targets that this step learns.
    pub pairs: &'a [Pair],
    /// Number of items known before the batch.
    pub known_before: usize,
    /// Position of the batch and number of the step in it: the key of random numbers.
    pub key: (u64, u64),
}

/// Whether a step with so many known items samples its softmax.
fn is_sampled(state: &State, known: usize) -> bool {
    known >= state.config().full_softmax_below.max(1)
}

/// Returns the least number of targets of a step: `step_targets`, doubled once the softmax is sampled. Twice as many
/// targets share the cost of the negatives then, and seldom have items in common.
pub fn step_targets(state: &State) -> usize {
    let known = state.inference.catalog.known().len();
    state.config().step_targets * if is_sampled(state, known) { 2 } else { 1 }
}

/// Chooses the items of a step. Fills `slots` with its rows, dense columns first, and `inputs` with the log weights at
/// which they compete.
///
/// Costs the catalogue when it is small, else `negatives` plus the items that the units name.
pub fn choose_columns(state: &State, task: &StepTask<'_>, slots: &mut Slots, inputs: &mut SoftmaxInputs) {
    let StepTask { units, pairs, known_before, key } = *task;
    let catalog = &state.inference.catalog;
    inputs.gradient_columns = state.config().gradient_items;
    inputs.chance = draws(state, DRAWS_GRADIENT, key).unit();
    let SoftmaxInputs { columns, own, known, first, .. } = inputs;
    slots.begin(catalog.len());
    known.log_weights.clear();
    let sampled = is_sampled(state, known_before);
    if sampled {
        for (item, log_weight) in negatives(state, known_before, key) {
            slots.insert(item);
            known.log_weights.push(log_weight);
        }
    } else {
        // In ascending order, so that neighbours in the tables are gathered one after the other.
        let rows = 0..u32::try_from(catalog.len()).expect("rows are u32");
        for item in rows.filter(|row| catalog.is_known(*row)) {
            slots.insert(item);
        }
        known.log_weights.resize(slots.rows().len(), 0.0);
    }
    first.log_weights.clone_from(&known.log_weights);
    // First sights compete with each other and with known items, but not for known targets.
    let targets = || pairs.iter().map(|(unit, target)| units[*unit].targets[*target]);
    for target in targets().filter(|target| !target.known) {
        slots.insert(target.item);
    }
    *columns = slots.rows().len();
    known.log_weights.resize(*columns, ABSENT);
    first.log_weights.resize(*columns, 0.0);
    // Rows from here on are scored only by the queries that name them.
    for target in targets() {
        slots.insert(target.item);
    }
    own.clear();
    for unit in units {
        let context = &unit.context;
        for item in context.history.iter().chain(&context.disliked[..context.pooled_dislikes]) {
            slots.insert(*item);
        }
        if sampled {
            let repeats = context.repeats.iter().take(REPEATS_PRESENT).map(|repeat| repeat.item);
            let memory = context.memory.iter().take(MEMORY_PRESENT).map(|remembered| remembered.item);
            for item in repeats.chain(memory).filter(|item| catalog.is_known(*item)) {
                own.push(as_place(slots.insert(item)));
            }
        }
        own.close();
    }
}

/// Returns the random numbers of a step for one use.
fn draws(state: &State, domain: u64, key: (u64, u64)) -> CounterRng {
    CounterRng::new(state.config().seed ^ key.1.wrapping_mul(0x9e37_79b9), domain, key.0)
}

/// Samples the shared negatives and returns them, distinct, with `log(times drawn / times expected)` (logQ correction,
/// Bengio and Senecal 2008). Half are drawn uniformly over known items, half from the recent items.
fn negatives(state: &State, known_before: usize, key: (u64, u64)) -> Vec<(u32, f32)> {
    let config = state.config();
    let known = state.inference.catalog.known();
    let (recent, recent_counts) = state.recent();
    // A model that has had dislikes only has no recent items.
    let newest = if recent.is_empty() { 0 } else { config.negatives - config.negatives / 2 };
    let uniform = config.negatives - newest;
    let mut draws = draws(state, DRAWS_NEGATIVES, key);
    let mut drawn: Vec<u32> = Vec::with_capacity(config.negatives);
    drawn.extend((0..uniform).map(|_| known[draws.below(known_before)]));
    drawn.extend((0..newest).map(|_| recent[draws.below(recent.len())]));
    drawn.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^24")]
    let weight = |item: u32, times: usize| {
        let expected = uniform as f32 / known_before as f32
            + newest as f32 * recent_counts[item as usize] as f32 / recent.len().max(1) as f32;
        ln(times as f32 / expected)
    };
    drawn.chunk_by(|a, b| a == b).map(|same| (same[0], weight(same[0], same.len()))).collect()
}
