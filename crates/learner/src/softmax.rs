//! Softmax losses and their gradients. Three matrix products run on libtorch; all between them is plain Rust, row by
//! row while a row is in the L1 cache. On the hot path only this file and `projections` use tensors; their interfaces
//! are slices.
//!
//! Items compete in two ways. The first `columns` rows of a step are dense: every query scores them. The rest are
//! scored only by the queries that name them (their own repeats, memory candidates and targets). As columns they would
//! be most of the products of a sampled step. All columns are scored; a sample of them takes and gives gradients, see
//! `importance_sampling`.
//!
//! Gradients are written out. `tests/it/products.rs` compares them with autograd, `tests/it/gradients.rs`
//! with numeric differences.

use tch::Tensor;

use shelfmark_state::{add_scaled, dot};

use super::{
    importance_sampling::ColumnSampler,
    jagged::Jagged,
    slots::Slots,
    softmax_row::{LikedLosses, NovelSoftmax, QueryTarget, softmax},
};

/// Log weight of a column that does not compete.
pub const ABSENT: f32 = f32::NEG_INFINITY;

/// One softmax. A target of positive weight has the loss `weight * -log p`, where `p` is its share of `exp(score + log
/// weight)`. A target of negative weight, a dislike, has `|weight| * -log(1 - p)` (unlikelihood, Welleck et al. 2020),
/// because `weight * -log p` is not bounded below.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxTargets {
    /// Log weights, `[columns]`, added to scores before the softmax; [`ABSENT`] excludes a column.
    pub log_weights: Vec<f32>,
    /// Target rows and their weights, one list per query. Targets compete with log weight 0, whatever that of their
    /// column.
    pub targets: Jagged<(u32, f32)>,
    /// Rows of their events' kinds, for statistics; kind 0 where it is shorter.
    pub kinds: Vec<u8>,
}

impl SoftmaxTargets {
    /// Iterates over a query's targets: row, weight and kind.
    fn of(&self, query: usize) -> impl Iterator<Item = (u32, f32, u8)> {
        let kind = |place: usize| self.kinds.get(place).copied().unwrap_or_default();
        let places = self.targets.range(query);
        self.targets.of(query).iter().zip(places).map(move |((row, weight), place)| (*row, *weight, kind(place)))
    }
}

/// Inputs of the softmax. `q` is `[queries, dim]`, `v` is `[rows, dim]`, both row-major.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxInputs {
    /// Length of a row.
    pub dim: usize,
    /// Number of dense columns: the first rows.
    pub columns: usize,
    /// Query vectors.
    pub q: Vec<f32>,
    /// Item vectors.
    pub v: Vec<f32>,
    /// Item biases, `[rows]`.
    pub bias: Vec<f32>,
    /// Popularity terms by group of queries, `[groups, rows]`; for known targets only. Queries whose histories end at
    /// the same time gap share them.
    pub popularity: Vec<f32>,
    /// Group of each query.
    pub groups: Vec<usize>,
    /// Repeat and memory terms by row, one list per query; for known targets only. Ignored where the row does not
    /// compete.
    pub sparse: Jagged<(u32, f32)>,
    /// Number of values of each list in `sparse` that are repeats. They come first: the items that the user has had.
    pub repeats: Vec<usize>,
    /// Rows that compete for a query's known targets with log weight 0, whatever that of their column.
    pub own: Jagged<u32>,
    /// Known targets, with the full score.
    pub known: SoftmaxTargets,
    /// First sights of items, which are columns: scored by `q . v + b`, without a gradient of `b`.
    pub first: SoftmaxTargets,
    /// Weight of the second softmax: of known liked targets that are no repeats, over competitors that are none. Its
    /// loss is `novel_weight * weight * -log p` a target, with `p` the share among these.
    pub novel_weight: f32,
    /// Approximate number of columns that take and give gradients.
    pub gradient_columns: usize,
    /// Uniform random number in `0..1` for their sample.
    pub chance: f64,
}

/// Outputs of the softmax, with its workspace.
#[derive(Debug, Default)]
pub struct SoftmaxOutputs {
    /// Sum of the losses.
    pub loss: f64,
    /// The same of the liked targets alone, each with weight 1.
    pub liked: LikedLosses,
    /// Gradient of `q`, `[queries, dim]`.
    pub dq: Vec<f32>,
    /// Rows with a gradient: all that are no columns, then the sampled columns, ascending.
    pub moved: Vec<usize>,
    /// Their gradients of `v`, `[moved, dim]`.
    pub dv: Vec<f32>,
    /// Gradient of the biases, `[rows]`. Exact: it costs little.
    pub db: Vec<f32>,
    /// Gradient of the popularity terms, `[groups, rows]`; exact, too.
    pub dpopularity: Vec<f32>,
    /// Gradient of each value of `SoftmaxInputs::sparse`.
    pub dsparse: Vec<f32>,
    /// Products, then gradients of the scores, `[queries, columns]`.
    errors: Vec<f32>,
    /// Gradient of `q` from competitors that are no columns, `[queries, dim]`.
    extra_dq: Vec<f32>,
    sampler: ColumnSampler,
    /// Of the sampled columns: weighted errors, `[queries, sample]`, and vectors, `[sample, dim]`.
    kept_errors: Vec<f32>,
    kept_v: Vec<f32>,
    space: Workspace,
}

/// Workspace of the softmaxes.
#[derive(Debug, Default)]
struct Workspace {
    /// Terms of the score beside the product, `[groups, rows]`.
    offsets: Vec<f32>,
    /// The same with the log weights, `[groups, columns]`.
    known_offsets: Vec<f32>,
    /// For first sights, `[columns]`.
    first_offsets: Vec<f32>,
    /// Scores of one query, then their gradients: the columns, then competitors that are no columns.
    known: Vec<f32>,
    first: Vec<f32>,
    /// Competitors of one query that are no columns.
    extra: Slots,
    /// Targets of one query.
    targets: Vec<QueryTarget>,
    /// Places of one query's repeats, and what stood there while it was 0.
    seen: Vec<(usize, f32)>,
}

/// Computes losses and gradients. `outputs` is overwritten; its memory is reused.
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
    /// Replaces the products in `errors` by `d loss / d scores`. Handles rows that are no columns on the way: their
    /// gradients, and theirs of the queries.
    fn softmaxes(&mut self, inputs: &SoftmaxInputs, queries: usize, rows: usize) {
        fn zeros(values: &mut Vec<f32>, len: usize) {
            values.clear();
            values.resize(len, 0.0);
        }
        self.loss = 0.0;
        self.liked = LikedLosses::default();
        let columns = inputs.columns;
        zeros(&mut self.dpopularity, inputs.popularity.len());
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
                self.loss += self.space.known(inputs, query, &self.errors[products.clone()], &mut self.liked);
                self.take_known(inputs, query);
            }
            if first {
                self.loss += self.space.first(inputs, query, &self.errors[products.clone()], &mut self.liked);
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
        zeros(&mut self.db, rows);
        for gradients in self.dpopularity.chunks_exact(rows.max(1)) {
            add_scaled(&mut self.db, 1.0, gradients);
        }
    }

    /// Accumulates what a query's known errors contribute outside the products.
    fn take_known(&mut self, inputs: &SoftmaxInputs, query: usize) {
        let Workspace { known, extra, .. } = &self.space;
        let (columns, extras) = known.split_at(inputs.columns);
        let rows = inputs.bias.len();
        let sums = &mut self.dpopularity[inputs.groups[query] * rows..][..rows];
        sums.iter_mut().zip(columns).for_each(|(sum, error)| *sum += error);
        let values = query * inputs.dim..(query + 1) * inputs.dim;
        let (q, dq) = (&inputs.q[values.clone()], &mut self.extra_dq[values]);
        for (row, error) in extra.rows().iter().map(|row| *row as usize).zip(extras) {
            sums[row] += error;
            add_scaled(dq, *error, &inputs.v[row * inputs.dim..][..inputs.dim]);
            add_scaled(&mut self.dv[(row - inputs.columns) * inputs.dim..][..inputs.dim], *error, q);
        }
        let range = inputs.sparse.range(query);
        for ((row, _), gradient) in inputs.sparse.of(query).iter().zip(&mut self.dsparse[range]) {
            *gradient = place(*row, inputs.columns, extra).map_or(0.0, |place| known[place]);
        }
    }

    /// Lists the rows with a gradient. Gathers errors and vectors of the sampled columns.
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

/// Creates a tensor from row-major values.
pub(super) fn matrix(values: &[f32], shape: [usize; 2]) -> Tensor {
    Tensor::from_slice(values).view(shape.map(|n| i64::try_from(n).expect("sizes fit in memory")))
}

/// Returns the index of a row's score among a query's, or `None` when it does not compete.
fn place(row: u32, columns: usize, extra: &Slots) -> Option<usize> {
    if (row as usize) < columns { Some(row as usize) } else { extra.get(row).map(|place| columns + place) }
}

impl Workspace {
    fn begin(&mut self, inputs: &SoftmaxInputs) {
        fn sums(to: &mut Vec<f32>, a: &[f32], b: &[f32]) {
            to.extend(a.iter().zip(b).map(|(a, b)| a + b));
        }
        let rows = inputs.bias.len();
        for values in [&mut self.offsets, &mut self.known_offsets, &mut self.first_offsets] {
            values.clear();
        }
        for popularity in inputs.popularity.chunks_exact(rows.max(1)) {
            let start = self.offsets.len();
            sums(&mut self.offsets, &inputs.bias, popularity);
            sums(&mut self.known_offsets, &self.offsets[start..], &inputs.known.log_weights);
        }
        sums(&mut self.first_offsets, &inputs.bias, &inputs.first.log_weights);
    }

    /// Computes the softmax of a query's known targets. Leaves the gradients in `known` and returns the loss.
    fn known(&mut self, inputs: &SoftmaxInputs, query: usize, products: &[f32], liked: &mut LikedLosses) -> f64 {
        let Self { offsets, known_offsets, known, extra, targets, seen, .. } = self;
        let (columns, rows, group) = (inputs.columns, inputs.bias.len(), inputs.groups[query]);
        let offsets = &offsets[group * rows..][..rows];
        let known_offsets = &known_offsets[group * columns..][..columns];
        known.clear();
        known.extend(products.iter().zip(known_offsets).map(|(product, offset)| product + offset));
        extra.begin(offsets.len());
        let q = &inputs.q[query * inputs.dim..][..inputs.dim];
        let known_targets = inputs.known.targets.of(query);
        for row in inputs.own.of(query).iter().copied().chain(known_targets.iter().map(|(row, _)| *row)) {
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
        targets.extend(inputs.known.of(query).map(|(row, weight, kind)| {
            let place = place(row, columns, extra).expect("targets compete");
            QueryTarget::new(place, weight, kind)
        }));
        seen.clear();
        if inputs.novel_weight > 0.0 {
            let repeats = &inputs.sparse.of(query)[..inputs.repeats[query]];
            seen.extend(repeats.iter().filter_map(|(row, _)| Some((place(*row, columns, extra)?, 0.0))));
        }
        softmax(known, targets, liked, Some(NovelSoftmax { weight: inputs.novel_weight, seen }))
    }

    /// Computes the softmax of a query's first sights. Leaves the gradients in `first` and returns the loss.
    fn first(&mut self, inputs: &SoftmaxInputs, query: usize, products: &[f32], liked: &mut LikedLosses) -> f64 {
        let Self { first_offsets, first, targets, .. } = self;
        first.clear();
        first.extend(products.iter().zip(&*first_offsets).map(|(product, offset)| product + offset));
        targets.clear();
        for (row, weight, kind) in inputs.first.of(query) {
            let place = row as usize;
            first[place] = products[place] + inputs.bias[place];
            targets.push(QueryTarget::new(place, weight, kind));
        }
        softmax(first, targets, liked, None)
    }
}

pub(super) fn copy(from: &Tensor, to: &mut [f32]) {
    from.contiguous().view([-1]).copy_data(to, to.len());
}
