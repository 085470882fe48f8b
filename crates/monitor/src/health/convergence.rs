//! Convergence: whether the loss still falls, by an equivalence test on the newest points of a series.
//!
//! Two one-sided tests (Schuirmann 1987): learning has converged when the interval of the change of the loss lies within
//! [`MARGIN`] of no change. An interval that reaches beyond it on both sides is no proof of anything, and said so.

use std::sync::Arc;

use serde::Serialize;

use shelfmark_domain::Position;

use super::{Point, Series};

/// Number of points in each of the two halves that are compared, at most: 32,768 targets each.
pub const HALF_POINTS_MAX: usize = 64;
/// Number of points in each half, at least. Fewer do not say how much points differ by chance.
pub const HALF_POINTS_MIN: usize = 8;
/// Change of the loss, as a share of that of a random guess, below which it stands still.
pub const MARGIN: f64 = 0.01;
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
    /// Mean loss of the older half over that of a random guess.
    pub loss_before: Option<f64>,
    /// Mean loss of the newer half over that of a random guess.
    pub loss_now: Option<f64>,
    /// Change of the loss over that of a random guess; negative when it falls.
    pub change: Option<f64>,
    /// Lower end of the interval of 95% of the change.
    pub change_low: Option<f64>,
    /// Upper end of the interval of 95% of the change.
    pub change_high: Option<f64>,
}

/// Mean and variance of the mean of a half.
#[derive(Debug, Clone, Copy)]
struct Half {
    points: usize,
    targets: u64,
    mean: f64,
    variance_of_mean: f64,
}

impl Half {
    /// Computes the figures of points, each of one weight. `None` without two points that have a loss.
    fn of(points: &[Arc<Point>]) -> Option<Self> {
        let losses: Vec<f64> = points.iter().filter_map(|point| point.sums.loss_to_chance()).collect();
        if losses.len() < 2 {
            return None;
        }
        let count = losses.len() as f64;
        let mean = losses.iter().sum::<f64>() / count;
        let variance = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let targets = points.iter().map(|point| point.sums.targets).sum();
        Some(Self { points: losses.len(), targets, mean, variance_of_mean: variance / count })
    }
}

/// Judges whether the loss of the newest points still changes: the newer half of them against the older one.
pub fn convergence(series: &Series) -> Convergence {
    let points = series.newest(2 * HALF_POINTS_MAX);
    let half = points.len() / 2;
    // An odd point is the oldest one.
    let (before, now) = points[points.len() - 2 * half..].split_at(half);
    let after = points.len().checked_sub(2 * half + 1).map(|place| points[place].through);
    match (Half::of(before), Half::of(now)) {
        (Some(before), Some(now)) if before.points.min(now.points) >= HALF_POINTS_MIN => stated(after, before, now),
        (before, now) => {
            let targets = |half: Option<Half>| half.map_or(0, |half| half.targets);
            let because = format!(
                "{} points of figures are there, of 512 targets or 64 steps each; {} are needed",
                points.len(),
                2 * HALF_POINTS_MIN
            );
            Convergence {
                state: ConvergenceState::Unknown,
                because,
                after,
                targets_before: targets(before),
                targets_now: targets(now),
                loss_before: before.map(|half| half.mean),
                loss_now: now.map(|half| half.mean),
                change: None,
                change_low: None,
                change_high: None,
            }
        }
    }
}

fn stated(after: Option<Position>, before: Half, now: Half) -> Convergence {
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
        "the loss of the last {} targets was {:.3} times that of a random guess, and {:.3} times for the {} before: a \
         change of {change:+.3} (95% interval {low:+.3} to {high:+.3}, margin {MARGIN}), so {meaning}",
        now.targets, now.mean, before.mean, before.targets
    );
    Convergence {
        state,
        because,
        after,
        targets_before: before.targets,
        targets_now: now.targets,
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
}
