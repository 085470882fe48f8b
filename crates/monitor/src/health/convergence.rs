//! Convergence: whether the loss still falls, by an equivalence test on the newest points of a series.
//!
//! Two one-sided tests (Schuirmann 1987): learning has converged when the interval of the change of the loss lies within
//! [`MARGIN`] of no change. An interval that reaches beyond it on both sides is no proof of anything, and said so.
//!
//! Losses are compared kind by kind of event, and both halves are weighted by the kinds of the newer one (direct
//! standardization): what changed is then the model, not what people do.

use std::sync::Arc;

use serde::Serialize;

use shelfmark_domain::Position;
use shelfmark_learner::LOSS_KINDS;

use super::{Point, Series, sums::KindSums};

/// Number of points in each of the two halves that are compared, at most: 32,768 targets each.
pub const HALF_POINTS_MAX: usize = 64;
/// Number of points in each half, at least. Fewer do not say how much points differ by chance.
pub const HALF_POINTS_MIN: usize = 8;
/// Change of the loss, as a share of that of a random guess, below which it stands still.
pub const MARGIN: f64 = 0.01;
/// Share of the newer half that kinds of event of both halves must have, for a statement.
const COMPARED_SHARE_MIN: f64 = 0.5;
/// Quantile of the normal distribution for an interval of 95%.
const Z_95: f64 = 1.96;

/// Whether the loss still changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConvergenceState {
    /// Too few targets were learned for a statement.
    Unknown,
    /// The loss falls: more events will improve the model.
    Improving,
    /// The loss stands still within the margin.
    Converged,
    /// The loss rises.
    Worsening,
    /// The figures differ too much by chance to tell.
    Undecided,
}

impl ConvergenceState {
    /// Returns the name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Improving => "improving",
            Self::Converged => "converged",
            Self::Worsening => "worsening",
            Self::Undecided => "undecided",
        }
    }
}

/// Statement whether learning has converged, with the figures that led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Convergence {
    /// The statement.
    pub state: ConvergenceState,
    /// The numbers that led to it, in a sentence.
    pub because: String,
    /// Position of the first record of neither half: the halves lie after it.
    pub after: Option<Position>,
    /// Number of targets of the older half.
    pub targets_before: u64,
    /// Number of targets of the newer half.
    pub targets_now: u64,
    /// Mean loss of the older half over that of a random guess, as if its kinds of event had been mixed as in the newer
    /// half. Kinds that are too rare in either half are left out.
    pub loss_before: Option<f64>,
    /// Mean loss of the newer half over that of a random guess, of the same kinds.
    pub loss_now: Option<f64>,
    /// Change of the loss over that of a random guess; negative when it falls.
    pub change: Option<f64>,
    /// Lower end of the interval of 95% of the change.
    pub change_low: Option<f64>,
    /// Upper end of the interval of 95% of the change.
    pub change_high: Option<f64>,
}

/// Points of one half.
struct Half<'a> {
    points: &'a [Arc<Point>],
    kinds: [KindHalf; LOSS_KINDS],
}

/// What a half has of one kind of event.
#[derive(Debug, Clone, Copy, Default)]
struct KindHalf {
    /// Number of points with targets of the kind.
    points: usize,
    sums: KindSums,
}

/// Mean loss of a half over that of a random guess.
#[derive(Debug, Clone, Copy)]
struct Loss {
    mean: f64,
    variance_of_mean: f64,
}

impl KindHalf {
    /// Whether there is enough of the kind to say how much points differ by chance.
    fn is_enough(&self) -> bool {
        self.points >= HALF_POINTS_MIN && self.sums.chance > 0.0
    }

    fn loss_to_chance(&self) -> f64 {
        self.sums.liked.sum / self.sums.chance
    }
}

impl<'a> Half<'a> {
    fn of(points: &'a [Arc<Point>]) -> Self {
        let mut kinds = [KindHalf::default(); LOSS_KINDS];
        for point in points {
            for (kind, sums) in kinds.iter_mut().zip(point.sums.kinds()) {
                kind.points += usize::from(sums.liked.targets > 0);
                kind.sums.add(sums.liked, sums.chance);
            }
        }
        Self { points, kinds }
    }

    fn targets(&self) -> u64 {
        self.points.iter().map(|point| point.sums.targets).sum()
    }

    /// Computes the mean loss of kinds of event mixed by `weights`, which add up to 1. It is a sum of ratios; its
    /// variance is that of their linear approximation, with points as independent clusters (Cochran 1977, chapter 6).
    fn loss(&self, weights: &[f64; LOSS_KINDS]) -> Loss {
        let weighted = || self.kinds.iter().zip(weights).enumerate().filter(|(_, (_, weight))| **weight > 0.0);
        let mean = weighted().map(|(_, (kind, weight))| weight * kind.loss_to_chance()).sum();
        let residual = |point: &Arc<Point>| -> f64 {
            let of_kind = |(place, (kind, weight)): (usize, (&KindHalf, &f64))| {
                let sums = point.sums.kinds()[place];
                let points = kind.points as f64;
                let unbiased = (points / (points - 1.0)).sqrt();
                unbiased * weight * (sums.liked.sum - kind.loss_to_chance() * sums.chance) / kind.sums.chance
            };
            weighted().map(of_kind).sum()
        };
        Loss { mean, variance_of_mean: self.points.iter().map(|point| residual(point).powi(2)).sum() }
    }
}

/// Computes the weights of the kinds of event that both halves have enough of: their shares in the newer half. `None`
/// when most of it is of other kinds.
fn weights(before: &Half<'_>, now: &Half<'_>) -> Option<[f64; LOSS_KINDS]> {
    let mut weights = [0.0; LOSS_KINDS];
    for (weight, (before, now)) in weights.iter_mut().zip(before.kinds.iter().zip(&now.kinds)) {
        if before.is_enough() && now.is_enough() {
            *weight = now.sums.chance;
        }
    }
    let compared: f64 = weights.iter().sum();
    let all: f64 = now.kinds.iter().map(|kind| kind.sums.chance).sum();
    if compared <= 0.0 || compared < COMPARED_SHARE_MIN * all {
        return None;
    }
    weights.iter_mut().for_each(|weight| *weight /= compared);
    Some(weights)
}

/// Judges whether the loss of the newest points still changes: the newer half of them against the older one.
pub fn convergence(series: &Series) -> Convergence {
    let points = series.newest(2 * HALF_POINTS_MAX);
    let half = points.len() / 2;
    // An odd point is the oldest one.
    let (before, now) = points[points.len() - 2 * half..].split_at(half);
    let after = points.len().checked_sub(2 * half + 1).map(|place| points[place].through);
    let (before, now) = (Half::of(before), Half::of(now));
    if let Some(weights) = weights(&before, &now) {
        return stated(after, (&before, before.loss(&weights)), (&now, now.loss(&weights)));
    }
    let mut because = format!(
        "{} points of figures are there, of 512 targets or 64 steps each; {} are needed",
        points.len(),
        2 * HALF_POINTS_MIN
    );
    if half >= HALF_POINTS_MIN {
        because.push_str(", with the same kinds of event in both halves");
    }
    Convergence {
        state: ConvergenceState::Unknown,
        because,
        after,
        targets_before: before.targets(),
        targets_now: now.targets(),
        loss_before: None,
        loss_now: None,
        change: None,
        change_low: None,
        change_high: None,
    }
}

fn stated(
    after: Option<Position>,
    (half_before, before): (&Half<'_>, Loss),
    (half_now, now): (&Half<'_>, Loss),
) -> Convergence {
    let (targets_before, targets_now) = (half_before.targets(), half_now.targets());
    let change = now.mean - before.mean;
    let reach = Z_95 * (before.variance_of_mean + now.variance_of_mean).sqrt();
    let (low, high) = (change - reach, change + reach);
    let (state, meaning) = if high < -MARGIN {
        (ConvergenceState::Improving, "it still falls")
    } else if low > MARGIN {
        (ConvergenceState::Worsening, "it rises")
    } else if low >= -MARGIN && high <= MARGIN {
        (ConvergenceState::Converged, "it stands still")
    } else if high < 0.0 {
        (ConvergenceState::Improving, "it falls, perhaps by less than the margin")
    } else if low > 0.0 {
        (ConvergenceState::Worsening, "it rises, perhaps by less than the margin")
    } else {
        (ConvergenceState::Undecided, "too uncertain to tell whether it stands still")
    };
    let because = format!(
        "the loss of the last {targets_now} targets was {:.3} times that of a random guess, and {:.3} times for the \
         {targets_before} before, with the same mix of kinds of event: \
         a change of {change:+.3} (95% interval {low:+.3} to {high:+.3}, margin {MARGIN}), so {meaning}",
        now.mean, before.mean
    );
    Convergence {
        state,
        because,
        after,
        targets_before,
        targets_now,
        loss_before: Some(before.mean),
        loss_now: Some(now.mean),
        change: Some(change),
        change_low: Some(low),
        change_high: Some(high),
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_learner::{LikedLoss, LikedLosses, StepReport};

    use super::*;
    use crate::health::PointQuality;

    /// A series of points whose losses over chance are given.
    fn series(losses: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (number, loss) in losses.into_iter().enumerate() {
            let liked = LikedLoss { targets: 512, sum: 512.0 * loss * 1000.0_f64.ln() };
            let liked = LikedLosses::of_kind(0, liked);
            let through = Position::new(512 * (number as u64 + 1));
            let step = StepReport { targets: 512, liked, known: 1000, scale: 1.0, through, ..StepReport::default() };
            series.add(&step, PointQuality::default);
        }
        series
    }

    /// A series of points with 512 targets each: for each kind how many, and their loss over chance.
    fn mixed(points: impl IntoIterator<Item = [(usize, f64); 2]>) -> Series {
        let mut series = Series::default();
        for (number, kinds) in points.into_iter().enumerate() {
            for (kind, (targets, loss)) in (0..).zip(kinds) {
                let liked = LikedLoss { targets, sum: targets as f64 * loss * 1000.0_f64.ln() };
                let liked = LikedLosses::of_kind(kind, liked);
                let through = Position::new(512 * (number as u64 + 1));
                let step = StepReport { targets, liked, known: 1000, scale: 1.0, through, ..StepReport::default() };
                series.add(&step, PointQuality::default);
            }
        }
        series
    }

    /// Noise without a random generator: alternating signs, so every half has a mean of 0.
    fn noisy(count: usize, loss: impl Fn(usize) -> f64, noise: f64) -> Series {
        series((0..count).map(move |n| loss(n) + if n.is_multiple_of(2) { noise } else { -noise }))
    }

    fn state(series: &Series) -> ConvergenceState {
        convergence(series).state
    }

    #[test]
    fn a_falling_a_flat_and_a_rising_loss_are_told_apart() {
        assert_eq!(state(&noisy(128, |n| 0.9 - 0.002 * n as f64, 0.01)), ConvergenceState::Improving);
        assert_eq!(state(&noisy(128, |_| 0.6, 0.01)), ConvergenceState::Converged);
        assert_eq!(state(&noisy(128, |n| 0.5 + 0.002 * n as f64, 0.01)), ConvergenceState::Worsening);
        // A fall long ago is none now.
        assert_eq!(state(&noisy(400, |n| if n < 200 { 0.9 } else { 0.6 }, 0.01)), ConvergenceState::Converged);
    }

    #[test]
    fn few_points_say_nothing_and_noisy_ones_do_not_prove_a_standstill() {
        assert_eq!(state(&noisy(2 * HALF_POINTS_MIN - 1, |_| 0.6, 0.0)), ConvergenceState::Unknown);
        assert_eq!(state(&noisy(2 * HALF_POINTS_MIN, |_| 0.6, 0.0)), ConvergenceState::Converged);
        assert_eq!(state(&noisy(2 * HALF_POINTS_MIN, |_| 0.6, 0.1)), ConvergenceState::Undecided);
        assert_eq!(state(&Series::default()), ConvergenceState::Unknown);
    }

    #[test]
    fn the_reason_has_the_figures_of_both_halves() {
        let found = convergence(&noisy(128, |n| if n < 64 { 0.8 } else { 0.6 }, 0.0));
        assert_eq!((found.targets_before, found.targets_now), (64 * 512, 64 * 512));
        assert!((found.change.expect("a change") + 0.2).abs() < 1e-9);
        assert!(found.because.contains("0.600 times") && found.because.contains("0.800 times"), "{}", found.because);
        assert!(found.because.contains("-0.200"), "{}", found.because);
        // An odd point is in neither half.
        let found = convergence(&noisy(21, |_| 0.6, 0.0));
        assert_eq!((found.after, found.targets_now), (Some(Position::new(512)), 10 * 512));
    }

    /// Goal: what people do is told from what the model knows. Method: an easy kind of event and a hard one, whose
    /// shares change from one half to the other.
    #[test]
    fn a_change_in_the_mix_of_kinds_is_no_change_of_the_loss_and_one_within_a_kind_is() {
        let noise = |n: usize| if n.is_multiple_of(2) { 0.01 } else { -0.01 };
        let mix = |hard: fn(bool) -> usize, loss: fn(bool) -> f64| {
            convergence(&mixed((0..128).map(move |n| {
                let newer = n >= 64;
                [(512 - hard(newer), 0.4 + noise(n)), (hard(newer), loss(newer) + noise(n))]
            })))
        };
        let more_hard = |newer| if newer { 412 } else { 100 };
        let found = mix(more_hard, |_| 0.9);
        assert_eq!(found.state, ConvergenceState::Converged, "{}", found.because);
        let expected = (100.0 * 0.4 + 412.0 * 0.9) / 512.0;
        for loss in [found.loss_before, found.loss_now] {
            assert!((loss.expect("a loss") - expected).abs() < 1e-9, "{found:?}");
        }
        let found = mix(more_hard, |newer| if newer { 0.8 } else { 0.9 });
        assert_eq!(found.state, ConvergenceState::Improving, "the hard kind is learned: {}", found.because);
        let found = mix(|newer| if newer { 100 } else { 412 }, |newer| if newer { 1.0 } else { 0.8 });
        assert_eq!(found.state, ConvergenceState::Worsening, "hidden by easy events: {}", found.because);
        let found = mix(|newer| if newer { 200 } else { 0 }, |_| 0.9);
        assert_eq!(found.state, ConvergenceState::Converged, "a new kind is left out: {}", found.because);
        let found = mix(|newer| if newer { 400 } else { 0 }, |_| 0.9);
        assert_eq!((found.state, found.change), (ConvergenceState::Unknown, None), "{}", found.because);
        assert!(found.because.contains("same kinds"), "{}", found.because);
    }

    /// Goal: the interval is as wide as points differ. Method: alternating losses, whose error of the mean is known.
    #[test]
    fn the_interval_is_that_of_the_means_of_both_halves() {
        let found = convergence(&noisy(128, |_| 0.6, 0.05));
        let error = 0.05 * (64.0_f64 / 63.0).sqrt() / 8.0;
        let reach = Z_95 * (2.0 * error * error).sqrt();
        let (low, high) = (found.change_low.expect("an interval"), found.change_high.expect("an interval"));
        assert!((high - reach).abs() < 1e-9 && (low + reach).abs() < 1e-9, "{low} to {high}, expected {reach}");
    }
}
