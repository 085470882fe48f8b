//! Scores, softmax, and their gradients: three matrix products on libtorch, everything between them row by row in plain
//! Rust while a row is in the nearest cache. This file and `projections` are the only ones that touch tensors on the hot
//! path; slices go in and out.
//!
//! Items compete in two ways. The first `columns` rows of a step are dense: every query scores them. The rest are scored
//! only by the queries that name them (their own repeats, memory and targets): as columns they would be most of the
//! products of a sampled step. All columns are scored, and a sample of them takes and gives gradients, see `sampler`.
//! Gradients are written out, not recorded; `tests/learner_products.rs` holds them against autograd, `tests/learner_gradients.rs`
//! against plain Rust.

use tch::Tensor;

use shelfmark_state::{add_scaled, dot, exp, ln};

use super::{importance_sampling::ColumnSampler, jagged::Jagged, slots::Slots};

/// Log weight of a column that takes no part.
pub const ABSENT: f32 = f32::NEG_INFINITY;

/// One softmax. A target of positive weight costs `weight * -log p`, with `p` its share of `exp(score + log weight)`; one of
/// negative weight, a dislike, `|weight| * -log(1 - p)` (unlikelihood, Welleck et al. 2020): bounded, where
/// `weight * -log p` would push its score down for ever.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxTargets {
    /// Added to a column's score before the softmax, `[columns]`; [`ABSENT`] leaves it out.
    pub log_weights: Vec<f32>,
    /// Target rows with their weights, a list a query. They compete with log weight 0, whatever their column says.
    pub targets: Jagged<(u32, f32)>,
}

/// What the products need. Shapes: `q` `[queries, dim]`, `v` `[rows, dim]`, both row-major.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxInputs {
    /// Values of one row.
    pub dim: usize,
    /// How many of the rows are dense columns: the first ones.
    pub columns: usize,
    /// Query vectors.
    pub q: Vec<f32>,
    /// Item vectors.
    pub v: Vec<f32>,
    /// Item biases, `[rows]`.
    pub bias: Vec<f32>,
    /// Popularity terms, `[rows]`; known targets only.
    pub popularity: Vec<f32>,
    /// Repeat and memory terms, by row; known targets only. Those of a row that does not compete say nothing.
    pub sparse: Jagged<(u32, f32)>,
    /// Rows that compete for known targets with log weight 0, whatever their column says.
    pub own: Jagged<u32>,
    /// Known targets: the full score.
    pub known: SoftmaxTargets,
    /// First sights of items, which are columns: `q . v + b` only, and `b` takes no gradient.
    pub first: SoftmaxTargets,
    /// About so many columns take and give gradients.
    pub gradient_columns: usize,
    /// Chance of their draw, in `0..1`.
    pub chance: f64,
}

/// What the products give.
#[derive(Debug, Default)]
pub struct SoftmaxOutputs {
    /// Sum of losses.
    pub loss: f64,
    /// Gradient of `q`, `[queries, dim]`.
    pub dq: Vec<f32>,
    /// Rows that have a gradient: those that are no columns, then the sample of the columns, ascending.
    pub moved: Vec<usize>,
    /// Their gradients of `v`, `[moved, dim]`.
    pub dv: Vec<f32>,
    /// Gradient of the biases (and of each popularity term), `[rows]`: whole, for it costs next to nothing.
    pub db: Vec<f32>,
    /// Gradient of each value of `SoftmaxInputs::sparse`.
    pub dsparse: Vec<f32>,
    /// The products, then the gradients of the scores, `[queries, columns]`.
    errors: Vec<f32>,
    /// What competitors that are no columns add to `dq`.
    extra_dq: Vec<f32>,
    sampler: ColumnSampler,
    /// Errors, `[queries, sample]`, and vectors, `[sample, dim]`, of the sample of the columns.
    kept_errors: Vec<f32>,
    kept_v: Vec<f32>,
    space: Workspace,
}

/// Work space.
#[derive(Debug, Default)]
struct Workspace {
    /// What a row's score has beside its product, `[rows]`.
    offsets: Vec<f32>,
    /// The same with the column's log weight, `[columns]`.
    known_offsets: Vec<f32>,
    first_offsets: Vec<f32>,
    /// Scores of one query, then their gradients: the columns, then its competitors that are no columns.
    known: Vec<f32>,
    first: Vec<f32>,
    /// Those competitors.
    extra: Slots,
    /// Targets of one query.
    targets: Vec<QueryTarget>,
}

/// A target of one query.
#[derive(Debug, Clone, Copy)]
struct QueryTarget {
    place: usize,
    weight: f32,
    /// Its score; then what its gradient takes from it.
    pull: f32,
}

/// Runs the products; `outputs` is overwritten and reused.
pub fn forward_backward(inputs: &SoftmaxInputs, outputs: &mut SoftmaxOutputs) {
    let (dim, columns) = (inputs.dim, inputs.columns);
    let (queries, rows) = (inputs.q.len() / dim, inputs.v.len() / dim);
    let _no_grad = tch::no_grad_guard();
    let q = matrix(&inputs.q, [queries, dim]);
    outputs.errors.resize(queries * columns, 0.0);
    copy(&q.matmul(&matrix(&inputs.v[..columns * dim], [columns, dim]).tr()), &mut outputs.errors);

    outputs.softmaxes(inputs, queries, rows);

    outputs.sampler.draw(inputs.gradient_columns, inputs.chance);
    outputs.take_sample(inputs);
    let kept = outputs.sampler.kept().len();
    let errors = matrix(&outputs.kept_errors, [queries, kept]);
    outputs.dq.resize(queries * dim, 0.0);
    copy(&errors.matmul(&matrix(&outputs.kept_v, [kept, dim])), &mut outputs.dq);
    add_scaled(&mut outputs.dq, 1.0, &outputs.extra_dq);
    let extras = outputs.dv.len();
    outputs.dv.resize(outputs.moved.len() * dim, 0.0);
    copy(&errors.tr().matmul(&q), &mut outputs.dv[extras..]);
}

impl SoftmaxOutputs {
    /// Turns the products in `errors` into `d loss / d scores`. Rows that are no columns get their gradients, and give theirs to
    /// the queries, meanwhile.
    fn softmaxes(&mut self, inputs: &SoftmaxInputs, queries: usize, rows: usize) {
        fn zeros(values: &mut Vec<f32>, len: usize) {
            values.clear();
            values.resize(len, 0.0);
        }
        self.loss = 0.0;
        let columns = inputs.columns;
        zeros(&mut self.db, rows);
        zeros(&mut self.dsparse, inputs.sparse.all().len());
        zeros(&mut self.extra_dq, queries * inputs.dim);
        zeros(&mut self.dv, (rows - columns) * inputs.dim);
        self.sampler.begin(columns);
        self.space.begin(inputs);
        for query in 0..queries {
            let products = query * columns..(query + 1) * columns;
            let known = !inputs.known.targets.of(query).is_empty();
            let first = !inputs.first.targets.of(query).is_empty();
            if known {
                self.loss += self.space.known(inputs, query, &self.errors[products.clone()]);
                self.take_known(inputs, query);
            }
            if first {
                self.loss += self.space.first(inputs, query, &self.errors[products.clone()]);
            }
            let errors = &mut self.errors[products];
            match (known, first) {
                (true, false) => errors.copy_from_slice(&self.space.known[..columns]),
                (false, true) => errors.copy_from_slice(&self.space.first),
                (false, false) => errors.fill(0.0),
                (true, true) => {
                    let both = self.space.known.iter().zip(&self.space.first);
                    errors.iter_mut().zip(both).for_each(|(error, (known, first))| *error = known + first);
                }
            }
            self.sampler.add(errors);
        }
    }

    /// Notes a query's known errors where they are needed beside the products.
    fn take_known(&mut self, inputs: &SoftmaxInputs, query: usize) {
        let Workspace { known, extra, .. } = &self.space;
        let (columns, extras) = known.split_at(inputs.columns);
        self.db.iter_mut().zip(columns).for_each(|(sum, error)| *sum += error);
        let values = query * inputs.dim..(query + 1) * inputs.dim;
        let (q, dq) = (&inputs.q[values.clone()], &mut self.extra_dq[values]);
        for (row, error) in extra.rows().iter().map(|row| *row as usize).zip(extras) {
            self.db[row] += error;
            add_scaled(dq, *error, &inputs.v[row * inputs.dim..][..inputs.dim]);
            add_scaled(&mut self.dv[(row - inputs.columns) * inputs.dim..][..inputs.dim], *error, q);
        }
        let range = inputs.sparse.range(query);
        for ((row, _), gradient) in inputs.sparse.of(query).iter().zip(&mut self.dsparse[range]) {
            *gradient = place(*row, inputs.columns, extra).map_or(0.0, |place| known[place]);
        }
    }

    /// Notes which rows have a gradient, and takes out the errors and vectors of the sampled columns.
    fn take_sample(&mut self, inputs: &SoftmaxInputs) {
        let columns = inputs.columns;
        let kept = self.sampler.kept();
        self.moved.clear();
        self.moved.extend((columns..self.db.len()).chain(kept.iter().map(|(column, _)| *column)));
        self.kept_v.clear();
        for (column, _) in kept {
            self.kept_v.extend_from_slice(&inputs.v[column * inputs.dim..][..inputs.dim]);
        }
        self.kept_errors.clear();
        for errors in self.errors.chunks_exact(columns.max(1)) {
            self.kept_errors.extend(kept.iter().map(|(column, factor)| errors[*column] * factor));
        }
    }
}

/// A matrix of row-major values.
pub(super) fn matrix(values: &[f32], shape: [usize; 2]) -> Tensor {
    Tensor::from_slice(values).view(shape.map(|n| i64::try_from(n).expect("sizes fit in memory")))
}

/// Where a row's score stands among a query's, if it competes.
fn place(row: u32, columns: usize, extra: &Slots) -> Option<usize> {
    if (row as usize) < columns { Some(row as usize) } else { extra.get(row).map(|place| columns + place) }
}

impl Workspace {
    fn begin(&mut self, inputs: &SoftmaxInputs) {
        fn sums(to: &mut Vec<f32>, a: &[f32], b: &[f32]) {
            to.clear();
            to.extend(a.iter().zip(b).map(|(a, b)| a + b));
        }
        sums(&mut self.offsets, &inputs.bias, &inputs.popularity);
        sums(&mut self.known_offsets, &self.offsets, &inputs.known.log_weights);
        sums(&mut self.first_offsets, &inputs.bias, &inputs.first.log_weights);
    }

    /// The softmax of a query's known targets; `known` holds the gradients afterwards.
    fn known(&mut self, inputs: &SoftmaxInputs, query: usize, products: &[f32]) -> f64 {
        let Self { offsets, known_offsets, known, extra, targets, .. } = self;
        let columns = inputs.columns;
        known.clear();
        known.extend(products.iter().zip(&*known_offsets).map(|(product, offset)| product + offset));
        extra.begin(offsets.len());
        let q = &inputs.q[query * inputs.dim..][..inputs.dim];
        let aims = inputs.known.targets.of(query);
        for row in inputs.own.of(query).iter().copied().chain(aims.iter().map(|(row, _)| *row)) {
            let index = row as usize;
            if index < columns {
                known[index] = products[index] + offsets[index];
            } else if extra.insert(row) + columns == known.len() {
                known.push(dot(q, &inputs.v[index * inputs.dim..][..inputs.dim]) + offsets[index]);
            }
        }
        for (row, value) in inputs.sparse.of(query) {
            if let Some(place) = place(*row, columns, extra) {
                known[place] += value;
            }
        }
        targets.clear();
        targets.extend(aims.iter().map(|(row, weight)| QueryTarget {
            place: place(*row, columns, extra).expect("targets compete"),
            weight: *weight,
            pull: 0.0,
        }));
        softmax(known, targets)
    }

    /// The softmax of a query's first sights; `first` holds the gradients afterwards.
    fn first(&mut self, inputs: &SoftmaxInputs, query: usize, products: &[f32]) -> f64 {
        let Self { first_offsets, first, targets, .. } = self;
        first.clear();
        first.extend(products.iter().zip(&*first_offsets).map(|(product, offset)| product + offset));
        targets.clear();
        for (row, weight) in inputs.first.targets.of(query) {
            let place = *row as usize;
            first[place] = products[place] + inputs.bias[place];
            targets.push(QueryTarget { place, weight: *weight, pull: 0.0 });
        }
        softmax(first, targets)
    }
}

/// Share of the softmax beyond which a disliked item's gradient no longer grows.
const DISLIKED_SHARE_MAX: f32 = 1.0 - 1e-4;

/// Turns scores into the gradient of the targets' loss, which is returned: the softmax times what the targets weigh
/// together, minus the targets.
fn softmax(scores: &mut [f32], targets: &mut [QueryTarget]) -> f64 {
    for aim in &mut *targets {
        aim.pull = scores[aim.place];
    }
    let max = max(scores);
    let sum = exp_sum(scores, max);
    let log_sum = ln(sum) + max;
    let (mut loss, mut total) = (0.0, 0.0);
    for aim in &mut *targets {
        let log_p = aim.pull - log_sum;
        aim.pull = if aim.weight >= 0.0 {
            loss += f64::from(aim.weight) * -f64::from(log_p);
            aim.weight
        } else {
            let p = exp(log_p).min(DISLIKED_SHARE_MAX);
            loss += -f64::from(aim.weight) * -f64::from(-p).ln_1p();
            aim.weight * p / (1.0 - p)
        };
        total += aim.pull;
    }
    let factor = total / sum;
    scores.iter_mut().for_each(|score| *score *= factor);
    for aim in targets {
        scores[aim.place] -= aim.pull;
    }
    loss
}

/// The largest value. NaN is passed over: it shows in the sum.
fn max(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = values.as_chunks::<16>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *value);
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, larger)
}

/// Replaces each value by `e^(value - max)` and returns their sum, in an order that the length alone decides.
fn exp_sum(values: &mut [f32], max: f32) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (chunks, rest) = values.as_chunks_mut::<16>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *value = exp(*value - max);
            *lane += *value;
        }
    }
    let mut sum: f32 = lanes.into_iter().sum();
    for value in rest {
        *value = exp(*value - max);
        sum += *value;
    }
    sum
}

pub(super) fn copy(from: &Tensor, to: &mut [f32]) {
    from.contiguous().view([-1]).copy_data(to, to.len());
}
