//! The products of a step on libtorch: scores, softmax, and their gradients. This file and `projections` are the only
//! ones that touch tensors on the hot path; slices go in and out.
//!
//! Gradients are written out as matrix products, not recorded: measured 2 to 3.5 times faster than autograd on one
//! thread. `tests/learner_gradients.rs` holds them against autograd and against plain Rust.

use tch::{Kind, Tensor};

/// Log weight of a column that takes no part.
pub const ABSENT: f32 = f32::NEG_INFINITY;

/// Places in the `[queries, columns]` score matrix, as row-major flat indices, with a value each.
#[derive(Debug, Clone, Default)]
pub struct Sparse {
    /// Flat indices.
    pub index: Vec<i64>,
    /// Values.
    pub value: Vec<f32>,
}

impl Sparse {
    /// Adds one place.
    pub fn push(&mut self, row: usize, column: usize, columns: usize, value: f32) {
        self.index.push(i64::try_from(row * columns + column).expect("score matrices fit in memory"));
        self.value.push(value);
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.index.clear();
        self.value.clear();
    }
}

/// One softmax over the columns. A target of positive weight costs `weight * -log p`, with `p` its share of
/// `exp(score + log weight)`; one of negative weight, a dislike, `|weight| * -log(1 - p)` (unlikelihood, Welleck et al.
/// 2020): bounded, where `weight * -log p` would push its score down for ever.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Added to a column's score before the softmax, `[columns]`; [`ABSENT`] leaves it out.
    pub log_weights: Vec<f32>,
    /// Places that take part with log weight 0 whatever their column says; targets always do.
    pub present: Vec<i64>,
    /// Target places with their weights.
    pub targets: Sparse,
}

/// What the products need. Shapes: `q` `[queries, dim]`, `v` `[columns, dim]`, both row-major.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Values of one row.
    pub dim: usize,
    /// Query vectors.
    pub q: Vec<f32>,
    /// Column (item) vectors.
    pub v: Vec<f32>,
    /// Item biases, `[columns]`.
    pub bias: Vec<f32>,
    /// Popularity terms, `[columns]`; known targets only.
    pub popularity: Vec<f32>,
    /// Repeat and memory terms; known targets only.
    pub sparse: Sparse,
    /// Known targets: the full score.
    pub known: Targets,
    /// First sights of items: `q . v + b` only, and `b` takes no gradient.
    pub first: Targets,
}

/// What the products give.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// Sum of losses.
    pub loss: f64,
    /// Gradient of `q`, `[queries, dim]`.
    pub dq: Vec<f32>,
    /// Gradient of `v`, `[columns, dim]`.
    pub dv: Vec<f32>,
    /// Gradient of the biases (and of each popularity term), `[columns]`; zeros without known targets.
    pub db: Vec<f32>,
    /// Gradient at each place of `Inputs::sparse`.
    pub dsparse: Vec<f32>,
}

/// Runs the products; `outputs` is overwritten and reused.
pub fn forward_backward(inputs: &Inputs, outputs: &mut Outputs) {
    let size = |n: usize| i64::try_from(n).expect("sizes fit in memory");
    let (queries, columns) = (inputs.q.len() / inputs.dim, inputs.v.len() / inputs.dim);
    let _no_grad = tch::no_grad_guard();
    let q = Tensor::from_slice(&inputs.q).view([size(queries), size(inputs.dim)]);
    let v = Tensor::from_slice(&inputs.v).view([size(columns), size(inputs.dim)]);
    let base = Tensor::from_slice(&inputs.bias).addmm(&q, &v.tr());

    outputs.loss = 0.0;
    outputs.dq.resize(inputs.q.len(), 0.0);
    outputs.dv.resize(inputs.v.len(), 0.0);
    outputs.db.clear();
    outputs.db.resize(columns, 0.0);
    outputs.dsparse.clear();
    outputs.dsparse.resize(inputs.sparse.index.len(), 0.0);

    let mut dq: Option<Tensor> = None;
    let mut dv: Option<Tensor> = None;
    if !inputs.known.targets.index.is_empty() {
        let full = &base + Tensor::from_slice(&inputs.popularity);
        if !inputs.sparse.index.is_empty() {
            let place = Tensor::from_slice(&inputs.sparse.index);
            let _ = full.view([-1]).index_add_(0, &place, &Tensor::from_slice(&inputs.sparse.value));
        }
        let errors = errors(&full, &inputs.known, &mut outputs.loss);
        if !inputs.sparse.index.is_empty() {
            let place = Tensor::from_slice(&inputs.sparse.index);
            copy(&errors.view([-1]).index_select(0, &place), &mut outputs.dsparse);
        }
        copy(&errors.sum_dim_intlist(&[0_i64][..], false, Kind::Float), &mut outputs.db);
        dv = Some(errors.tr().matmul(&q));
        dq = Some(errors.matmul(&v));
    }
    if !inputs.first.targets.index.is_empty() {
        let errors = errors(&base, &inputs.first, &mut outputs.loss);
        let (more_v, more_q) = (errors.tr().matmul(&q), errors.matmul(&v));
        dv = Some(dv.map_or_else(|| more_v.shallow_clone(), |dv| dv + &more_v));
        dq = Some(dq.map_or_else(|| more_q.shallow_clone(), |dq| dq + &more_q));
    }
    match (dq, dv) {
        (Some(dq), Some(dv)) => {
            copy(&dq, &mut outputs.dq);
            copy(&dv, &mut outputs.dv);
        }
        (None, _) | (_, None) => {
            outputs.dq.fill(0.0);
            outputs.dv.fill(0.0);
        }
    }
}

/// Share of the softmax beyond which a disliked item's gradient no longer grows.
const DISLIKED_SHARE_MAX: f32 = 1.0 - 1e-4;

/// `d loss / d scores`: a row of the softmax times what its targets weigh together, minus the targets.
fn errors(scores: &Tensor, targets: &Targets, loss: &mut f64) -> Tensor {
    let (rows, columns) = scores.size2().expect("scores are a matrix");
    let place = Tensor::from_slice(&targets.targets.index);
    let weighted = scores + Tensor::from_slice(&targets.log_weights);
    let mut flat = weighted.view([-1]);
    let unweighted = scores.contiguous().view([-1]);
    if !targets.present.is_empty() {
        let present = Tensor::from_slice(&targets.present);
        let _ = flat.index_copy_(0, &present, &unweighted.index_select(0, &present));
    }
    let _ = flat.index_copy_(0, &place, &unweighted.index_select(0, &place));
    let log_p = weighted.log_softmax(-1, Kind::Float);
    let mut at_targets = vec![0.0_f32; targets.targets.index.len()];
    copy(&log_p.view([-1]).index_select(0, &place), &mut at_targets);
    let mut totals = vec![0.0_f32; usize::try_from(rows).expect("sizes are not negative")];
    let mut added = Vec::with_capacity(at_targets.len());
    for ((place, weight), log_p) in targets.targets.index.iter().zip(&targets.targets.value).zip(at_targets) {
        let (cost, total) = if *weight >= 0.0 {
            (f64::from(*weight) * -f64::from(log_p), *weight)
        } else {
            let p = log_p.exp().min(DISLIKED_SHARE_MAX);
            (-f64::from(*weight) * -f64::from(-p).ln_1p(), weight * p / (1.0 - p))
        };
        *loss += cost;
        totals[usize::try_from(place / columns).expect("places are not negative")] += total;
        added.push(-total);
    }
    let errors = log_p.exp() * Tensor::from_slice(&totals).unsqueeze(1);
    let _ = errors.view([-1]).index_add_(0, &place, &Tensor::from_slice(&added));
    errors
}

pub(super) fn copy(from: &Tensor, to: &mut [f32]) {
    from.contiguous().view([-1]).copy_data(to, to.len());
}
