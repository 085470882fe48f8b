//! Softmax of one query: from scores to gradients, in plain Rust, while the row is in the L1 cache.

use shelfmark_state::{exp, ln};

/// Loss of the liked targets, each with weight 1: it depends neither on the scale of weights nor on dislikes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LikedLoss {
    /// Number of targets.
    pub targets: usize,
    /// Sum of `-log p`, in nats.
    pub sum: f64,
}

impl LikedLoss {
    /// Returns the mean in nats; `None` without a liked target.
    #[expect(clippy::cast_precision_loss, reason = "counts of targets are far below 2^53")]
    pub fn mean(&self) -> Option<f64> {
        (self.targets > 0).then(|| self.sum / self.targets as f64)
    }
}

/// Kinds of events whose losses are told apart. Later ones share the last place.
pub const LOSS_KINDS: usize = 16;

/// Losses of the liked targets by kind of event, so that a change in the mix of kinds is told from a loss that rose.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LikedLosses([LikedLoss; LOSS_KINDS]);

impl LikedLosses {
    /// Creates the losses of one kind.
    pub fn of_kind(kind: u8, loss: LikedLoss) -> Self {
        let mut losses = Self::default();
        losses.0[place_of(kind)] = loss;
        losses
    }

    /// Adds a target.
    fn add(&mut self, kind: u8, loss: f64) {
        let liked = &mut self.0[place_of(kind)];
        liked.targets += 1;
        liked.sum += loss;
    }

    /// Returns the losses by place.
    pub const fn by_kind(&self) -> &[LikedLoss; LOSS_KINDS] {
        &self.0
    }

    /// Returns the loss of all kinds.
    pub fn total(&self) -> LikedLoss {
        let add = |all: LikedLoss, kind: &LikedLoss| LikedLoss {
            targets: all.targets + kind.targets,
            sum: all.sum + kind.sum,
        };
        self.0.iter().fold(LikedLoss::default(), add)
    }
}

fn place_of(kind: u8) -> usize {
    usize::from(kind).min(LOSS_KINDS - 1)
}

/// A target of one query.
#[derive(Debug, Clone, Copy)]
pub struct QueryTarget {
    /// Index of its score.
    pub place: usize,
    /// Row of its event's kind.
    pub kind: u8,
    /// Weight of its loss; negative for a dislike.
    pub weight: f32,
    /// The target's score.
    score: f32,
    /// The gradient of its loss without the softmax part.
    gradient: f32,
}

impl QueryTarget {
    /// Creates a target.
    pub const fn new(place: usize, weight: f32, kind: u8) -> Self {
        Self { place, kind, weight, score: 0.0, gradient: 0.0 }
    }
}

/// Limit of a disliked item's share `p` in its gradient `p / (1 - p)`.
const DISLIKED_SHARE_MAX: f32 = 1.0 - 1e-4;

/// Least sum of the exponentials of unseen competitors, relative to the best of all, with which the second softmax is
/// computed. Below it the quotients of f32 lose their digits.
const UNSEEN_SUM_MIN: f32 = 1e-30;

/// Second softmax of a query: what is over competitors that its user has not had.
pub struct NovelSoftmax<'a> {
    /// Weight of its loss.
    pub weight: f32,
    /// Places of the others, each with room for a number.
    pub seen: &'a mut [(usize, f32)],
}

/// Replaces scores by gradients and returns the loss of the targets. The gradient is the softmax times the sum of the
/// targets' weights, minus the weight at each target.
pub fn softmax(
    scores: &mut [f32],
    targets: &mut [QueryTarget],
    liked: &mut LikedLosses,
    novel: Option<NovelSoftmax<'_>>,
) -> f64 {
    for target in &mut *targets {
        target.score = scores[target.place];
    }
    let max = max(scores);
    let sum = exp_sum(scores, max);
    let log_sum = ln(sum) + max;
    let (mut loss, mut total) = (0.0, 0.0);
    for target in &mut *targets {
        let log_p = target.score - log_sum;
        target.gradient = if target.weight >= 0.0 {
            loss += f64::from(target.weight) * -f64::from(log_p);
            liked.add(target.kind, -f64::from(log_p));
            target.weight
        } else {
            let p = exp(log_p).min(DISLIKED_SHARE_MAX);
            loss += -f64::from(target.weight) * -f64::from(-p).ln_1p();
            target.weight * p / (1.0 - p)
        };
        total += target.gradient;
    }
    let factor = total / sum;
    let mut unseen_factor = factor;
    let novel = novel.filter(|novel| novel.weight > 0.0);
    if let Some(NovelSoftmax { weight, seen }) = novel {
        for (place, exponential) in &mut *seen {
            *exponential = std::mem::take(&mut scores[*place]);
        }
        let is_novel =
            |target: &QueryTarget| target.weight > 0.0 && !seen.iter().any(|(place, _)| *place == target.place);
        let unseen = if targets.iter().any(is_novel) { lane_sum(scores) } else { 0.0 };
        if unseen >= UNSEEN_SUM_MIN {
            let log_unseen = ln(unseen) + max;
            for target in targets.iter_mut().filter(|target| is_novel(target)) {
                let weight = weight * target.weight;
                loss += f64::from(weight) * f64::from(log_unseen - target.score);
                unseen_factor += weight / unseen;
                target.gradient += weight;
            }
        }
        scores.iter_mut().for_each(|score| *score *= unseen_factor);
        for (place, exponential) in seen {
            scores[*place] = *exponential * factor;
        }
    } else {
        scores.iter_mut().for_each(|score| *score *= factor);
    }
    for target in targets {
        scores[target.place] -= target.gradient;
    }
    loss
}

/// Returns the maximum. Ignores NaN, which shows in the sum.
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

/// Replaces each value by `e^(value - max)` and returns the sum, in an order that depends on the length only.
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

/// Returns the sum, in an order that depends on the length only.
fn lane_sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (chunks, rest) = values.as_chunks::<16>();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().chain(rest).sum()
}
