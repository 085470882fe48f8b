//! Which items compete in a step's softmax: all known ones of a small catalogue, a sample of a large one.

use super::{
    slots::Slots,
    softmax::{ABSENT, Targets},
};
use crate::state::{Draws, State, Unit};

/// Newest repeats of a query that take part in a sampled softmax.
const REPEATS_PRESENT: usize = 50;
/// Tells the sampler's draws from other uses of the generator.
const DRAWS_NEGATIVES: u64 = 3;

/// One target of a step: (index of the unit in the step, index of its target).
pub type Pair = (usize, usize);

/// What one step learns.
#[derive(Debug, Clone, Copy)]
pub struct StepTask<'a> {
    /// Units with their contexts from before the batch.
    pub units: &'a [&'a Unit],
    /// Their targets that this step learns.
    pub pairs: &'a [Pair],
    /// Items known before the batch.
    pub known_before: usize,
    /// Position of the batch and number of the step in it: keys the draws.
    pub key: (u64, u64),
}

/// Fills `slots` with the items of the step (its columns) and the log weights of both softmaxes.
///
/// Cost: the catalogue when it is small, else `negatives` plus what the units name.
pub fn choose(state: &State, task: &StepTask<'_>, slots: &mut Slots, known: &mut Targets, first: &mut Targets) {
    let StepTask { units, pairs, known_before, key } = *task;
    let catalog = &state.readable.catalog;
    let config = state.config();
    slots.begin(catalog.len());
    known.log_weights.clear();
    known.present.clear();
    first.log_weights.clear();
    first.present.clear();
    let sampled = known_before >= config.full_softmax_below.max(1);
    if sampled {
        for (item, log_weight) in negatives(state, known_before, key) {
            slots.insert(item);
            known.log_weights.push(log_weight);
            first.log_weights.push(log_weight);
        }
    } else {
        for item in catalog.known().iter() {
            slots.insert(*item);
        }
        known.log_weights.resize(slots.rows().len(), 0.0);
        first.log_weights.resize(slots.rows().len(), 0.0);
    }
    // Columns from here on compete only where they are named.
    for unit in units {
        for item in &unit.context.history {
            slots.insert(*item);
        }
    }
    if sampled {
        for unit in units {
            let context = &unit.context;
            for repeat in context.repeats.iter().take(REPEATS_PRESENT) {
                slots.insert(repeat.item);
            }
            for remembered in &context.memory {
                slots.insert(remembered.item);
            }
        }
    }
    for (unit, target) in pairs {
        slots.insert(units[*unit].targets[*target].item);
    }
    let columns = slots.rows().len();
    known.log_weights.resize(columns, ABSENT);
    first.log_weights.resize(columns, ABSENT);
    for (unit, target) in pairs {
        let target = units[*unit].targets[*target];
        if !target.known {
            first.log_weights[slots.get(target.item).expect("inserted above")] = 0.0;
        }
    }
    if sampled {
        for (row, unit) in units.iter().enumerate() {
            let context = &unit.context;
            let repeats = context.repeats.iter().take(REPEATS_PRESENT).map(|repeat| repeat.item);
            for item in repeats.chain(context.memory.iter().map(|remembered| remembered.item)) {
                if catalog.is_known(item) {
                    let column = slots.get(item).expect("inserted above");
                    known.present.push(i64::try_from(row * columns + column).expect("score matrices fit in memory"));
                }
            }
        }
    }
}

/// Shared negatives, each once, with `log(times drawn / times expected)` (sampled softmax with logQ correction, Bengio
/// and Senecal 2008): half uniform over known items, half from the items of the newest events.
fn negatives(state: &State, known_before: usize, key: (u64, u64)) -> Vec<(u32, f32)> {
    let config = state.config();
    let known = state.readable.catalog.known();
    let (recent, recent_counts) = state.recent();
    let uniform = config.negatives / 2;
    let newest = config.negatives - uniform;
    let mut draws = Draws::new(config.seed ^ key.1.wrapping_mul(0x9e37_79b9), DRAWS_NEGATIVES, key.0);
    let mut drawn: Vec<u32> = Vec::with_capacity(config.negatives);
    drawn.extend((0..uniform).map(|_| known[draws.below(known_before)]));
    drawn.extend((0..newest).map(|_| recent[draws.below(recent.len())]));
    drawn.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^24")]
    let weight = |item: u32, times: usize| {
        let expected = uniform as f32 / known_before as f32
            + newest as f32 * recent_counts[item as usize] as f32 / recent.len() as f32;
        (times as f32 / expected).ln()
    };
    drawn.chunk_by(|a, b| a == b).map(|same| (same[0], weight(same[0], same.len()))).collect()
}
