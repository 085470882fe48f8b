//! Verdicts on learning, each with the numbers that led to it. Thresholds are far from the figures of healthy models on
//! real streams (docs/LEARNING.md has both), because false alarms make people ignore all alarms.

use serde::Serialize;

use shelfmark_state::LearnedTable;

use super::{Sums, TableSums, TableSurvey};

/// Minimum number of targets for any verdict.
pub const TARGETS_MIN: u64 = 512;
/// Number of targets of the window that is judged.
pub const RECENT_TARGETS: u64 = 2048;
/// Number of targets before the window that it is compared with, and their minimum.
pub const BEFORE_TARGETS: u64 = 16_384;
const BEFORE_TARGETS_MIN: u64 = 4096;
/// Minimum number of targets of a kind of event beforehand for its losses to be compared.
const KIND_TARGETS_MIN: usize = 256;

/// Exploding: share of dropped steps.
const QUARANTINED_SHARE: f64 = 0.01;
/// Exploding: loss over that of a random guess, together with [`EXPLODING_CLIPPED_SHARE`].
const EXPLODING_LOSS: f64 = 1.25;
/// Exploding: share of clipped steps, together with [`EXPLODING_LOSS`].
const EXPLODING_CLIPPED_SHARE: f64 = 0.1;
/// Exploding: share of clipped steps that suffices alone.
const EXPLODING_CLIPPED_SHARE_ALONE: f64 = 0.5;
/// Exploding: loss over that of a random guess that suffices alone.
const EXPLODING_LOSS_ALONE: f64 = 3.0;
/// Exploding: mean norm of updated rows over the norm of a new item's vector.
const EXPLODING_NORM: f64 = 50.0;

/// Vanishing: update of a row over its norm, or over that of a new item where the row is shorter.
const VANISHING_RATIO: f64 = 1e-4;
/// Vanishing: that ratio for biases and small vectors, which hardly move once they have converged.
const VANISHING_RATIO_SMALL: f64 = 1e-6;
/// Vanishing: share of vectors with a gradient that do not move.
const VANISHING_STILL_SHARE: f64 = 0.9;

/// Drifting: remaining share of the advantage over a random guess.
const DRIFTING_LEFT: f64 = 1.0 / 3.0;
/// Drifting: minimum advantage beforehand.
const DRIFTING_ADVANTAGE_MIN: f64 = 0.05;

/// Sparse: share of met rows that never had a gradient.
const SPARSE_UNTOUCHED_SHARE: f64 = 0.9;
/// Sparse: minimum number of events per met row, since the first events reach few rows.
const SPARSE_EVENTS_PER_ROW: f64 = 20.0;
/// Sparse: share of stale items.
const SPARSE_STALE_SHARE: f64 = 0.5;
/// Sparse: minimum number of rows for shares to mean anything.
const SPARSE_ROWS_MIN: u64 = 100;

/// Root mean square of the values of a new item's vector, whose norm is `sqrt(dim)` times as large.
const FRESH_VALUE: f64 = 0.05;

/// Verdict on learning, in order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Too few targets were learned for a verdict.
    Unknown,
    /// No problem was found.
    Healthy,
    /// Most rows never had a gradient, or have none any more.
    Sparse,
    /// The loss rose: most of what was learned no longer holds.
    Drifting,
    /// Updates are too small to change the rows.
    Vanishing,
    /// Losses, gradients or norms grow without bound.
    Exploding,
}

impl Verdict {
    /// All verdicts, in order of severity.
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Healthy, Self::Sparse, Self::Drifting, Self::Vanishing, Self::Exploding];

    /// Returns the name in the API and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Sparse => "sparse",
            Self::Drifting => "drifting",
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
        }
    }
}

/// Verdict with its reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The numbers that led to it, in a sentence.
    pub because: String,
}

impl Finding {
    pub(super) fn new(verdict: Verdict, because: impl Into<String>) -> Self {
        Self { verdict, because: because.into() }
    }
}

/// Judges the model as a whole by its `recent` steps and those `before` them.
pub fn whole(recent: &Sums, before: &Sums) -> Finding {
    if recent.quarantined as f64 > QUARANTINED_SHARE * recent.steps as f64 {
        return Finding::new(
            Verdict::Exploding,
            format!(
                "{} of the last {} steps were dropped because a number was not finite",
                recent.quarantined, recent.steps
            ),
        );
    }
    let (Some(loss), Some(to_chance), Some(clipped)) =
        (recent.mean_loss(), recent.loss_to_chance(), recent.clipped_share())
    else {
        return unseen(recent);
    };
    if recent.targets < TARGETS_MIN {
        return unseen(recent);
    }
    let lost = format!(
        "the last {} targets had a mean loss of {loss:.2} nats, {to_chance:.2} times that of a random guess; \
         {:.0}% of steps were clipped",
        recent.targets,
        100.0 * clipped
    );
    let two_signs = to_chance > EXPLODING_LOSS && clipped > EXPLODING_CLIPPED_SHARE;
    if two_signs || to_chance > EXPLODING_LOSS_ALONE || clipped > EXPLODING_CLIPPED_SHARE_ALONE {
        return Finding::new(Verdict::Exploding, lost);
    }
    if let Some((before_to_chance, to_chance)) = losses_of_the_same_kinds(recent, before)
        && before.targets >= BEFORE_TARGETS_MIN
    {
        let (advantage, left) = (1.0 - before_to_chance, 1.0 - to_chance);
        if advantage >= DRIFTING_ADVANTAGE_MIN && left < DRIFTING_LEFT * advantage {
            return Finding::new(
                Verdict::Drifting,
                format!(
                    "the loss of the last {} targets was {to_chance:.2} times that of a random guess, and \
                     {before_to_chance:.2} times for the {} targets before: {:.0}% of what had been learned still holds",
                    recent.targets,
                    before.targets,
                    100.0 * (left / advantage).max(0.0)
                ),
            );
        }
    }
    Finding::new(Verdict::Healthy, lost)
}

/// Computes the losses over those of random guesses, first before and then now, as if the kinds of events had been mixed
/// before as they are now (direct standardization). What changed is then the model, not what people do. Kinds that
/// there were too few of before are left out; `None` when too few targets are left.
fn losses_of_the_same_kinds(recent: &Sums, before: &Sums) -> Option<(f64, f64)> {
    let (mut targets, mut chance, mut loss, mut expected) = (0, 0.0, 0.0, 0.0);
    for (now, then) in recent.kinds().iter().zip(before.kinds()) {
        if then.liked.targets >= KIND_TARGETS_MIN && then.chance > 0.0 {
            targets += now.liked.targets as u64;
            chance += now.chance;
            loss += now.liked.sum;
            expected += now.chance * then.liked.sum / then.chance;
        }
    }
    (targets >= TARGETS_MIN && chance > 0.0).then(|| (expected / chance, loss / chance))
}

/// Judges one table by its recent steps and by the newest survey. `dim` is the number of values of an embedding.
pub fn table(table: LearnedTable, recent: &Sums, survey: Option<&TableSurvey>, dim: usize) -> Finding {
    let sums = recent.table(table);
    let rows = survey.map(|survey| survey.rows);
    if rows == Some(0) && sums.rows == 0 {
        return Finding::new(Verdict::Healthy, "it has no rows");
    }
    if recent.targets < TARGETS_MIN || recent.measured == 0 {
        return unseen(recent);
    }
    if sums.rows == 0 {
        return rows.map_or_else(
            || Finding::new(Verdict::Unknown, "no step touched it, and its rows were not surveyed yet"),
            |rows| {
                let because = format!("none of its {rows} rows had a gradient in the last {} targets", recent.targets);
                Finding::new(Verdict::Sparse, because)
            },
        );
    }
    let motion = Motion::of(table, sums, dim);
    motion
        .exploding()
        .or_else(|| motion.vanishing())
        .or_else(|| survey.and_then(|survey| sparse(table, survey)))
        .unwrap_or_else(|| Finding::new(Verdict::Healthy, motion.told()))
}

/// Movement of the rows of a table.
struct Motion {
    /// Update of an updated row over its norm, or over that of a new item where the row is shorter.
    ratio: f64,
    ratio_min: f64,
    /// Norm of an updated row over that of a new item.
    norm: f64,
    still: f64,
    still_max: f64,
    is_vectors: bool,
}

impl Motion {
    fn of(table: LearnedTable, sums: &TableSums, dim: usize) -> Self {
        let rows = (sums.measured_rows as f64).max(1.0);
        let (update, norm) = ((sums.update / rows).sqrt(), (sums.weights / rows).sqrt());
        let is_vectors = !matches!(table, LearnedTable::Bias | LearnedTable::Small);
        let fresh = if is_vectors { FRESH_VALUE * (dim as f64).sqrt() } else { FRESH_VALUE };
        Self {
            ratio: update / norm.max(fresh),
            ratio_min: if is_vectors { VANISHING_RATIO } else { VANISHING_RATIO_SMALL },
            norm: norm / fresh,
            still: sums.still_share().unwrap_or(0.0),
            still_max: match table {
                // Biases have no gradient at the first event of an item, projections none for inputs that are 0.
                LearnedTable::Bias | LearnedTable::Small | LearnedTable::Projections => 1.0,
                LearnedTable::Items
                | LearnedTable::Last
                | LearnedTable::Users
                | LearnedTable::Tokens
                | LearnedTable::Context => VANISHING_STILL_SHARE,
            },
            is_vectors,
        }
    }

    fn exploding(&self) -> Option<Finding> {
        let because = || format!("touched rows are {:.0} times as long as a new item's", self.norm);
        (self.is_vectors && self.norm > EXPLODING_NORM).then(|| Finding::new(Verdict::Exploding, because()))
    }

    fn vanishing(&self) -> Option<Finding> {
        if self.ratio < self.ratio_min {
            let (ratio, least) = (percent(self.ratio), percent(self.ratio_min));
            let because = format!("a step moves a row by {ratio} of its length, less than {least}");
            return Some(Finding::new(Verdict::Vanishing, because));
        }
        let because = || format!("{:.0}% of rows with a gradient did not move", 100.0 * self.still);
        (self.still > self.still_max).then(|| Finding::new(Verdict::Vanishing, because()))
    }

    fn told(&self) -> String {
        let still = 100.0 * self.still;
        format!(
            "a step moves a row by {} of its length, {still:.0}% of rows with a gradient did not move",
            percent(self.ratio)
        )
    }
}

/// Formats a share as a percentage with one digit that is not 0, or as many as stand before the point.
fn percent(share: f64) -> String {
    const DIGITS_MAX: usize = 9;
    let value = 100.0 * share;
    let (mut digits, mut scaled) = (0, value);
    while scaled > 0.0 && scaled < 1.0 && digits < DIGITS_MAX {
        scaled *= 10.0;
        digits += 1;
    }
    format!("{value:.digits$}%")
}

/// Judges whether too few rows have gradients, or too few have any more.
fn sparse(table: LearnedTable, survey: &TableSurvey) -> Option<Finding> {
    if survey.met < SPARSE_ROWS_MIN {
        return None;
    }
    let untouched = survey.untouched_share().filter(|share| *share > SPARSE_UNTOUCHED_SHARE);
    if let (Some(share), Some(events)) =
        (untouched, survey.events_per_row.filter(|events| *events >= SPARSE_EVENTS_PER_ROW))
    {
        let because = format!(
            "no gradient ever reached {:.0}% of {} rows, although {events:.0} events came for each",
            100.0 * share,
            survey.met
        );
        return Some(Finding::new(Verdict::Sparse, because));
    }
    // Users and circumstances come and go, but existing items should keep competing.
    let items = matches!(table, LearnedTable::Items | LearnedTable::Bias);
    let share = survey.stale_share().filter(|share| items && *share > SPARSE_STALE_SHARE)?;
    let because = format!(
        "no step touched {:.0}% of {} rows in the last {} records",
        100.0 * share,
        survey.met,
        super::STALE_RECORDS
    );
    Some(Finding::new(Verdict::Sparse, because))
}

fn unseen(recent: &Sums) -> Finding {
    let because = format!("{} targets were seen, {TARGETS_MIN} are needed", recent.targets);
    Finding::new(Verdict::Unknown, because)
}

#[cfg(test)]
mod tests {
    use shelfmark_learner::{LikedLoss, LikedLosses, StepReport};

    use super::*;

    #[test]
    fn small_shares_keep_a_digit() {
        let shares = [0.0, 1e-6, 1e-4, 0.0257, 0.08, 0.5, 12.0].map(percent);
        assert_eq!(shares, ["0%", "0.0001%", "0.01%", "3%", "8%", "50%", "1200%"]);
    }

    fn liked(kind: u8, targets: usize, sum: f64) -> LikedLosses {
        LikedLosses::of_kind(kind, LikedLoss { targets, sum })
    }

    fn steps(count: usize, change: impl Fn(usize, &mut StepReport)) -> Sums {
        let mut sums = Sums::default();
        for n in 0..count {
            let mut step = StepReport {
                targets: 64,
                liked: liked(0, 64, 64.0 * 4.0),
                known: 1000,
                scale: 1.0,
                measured: true,
                ..StepReport::default()
            };
            change(n, &mut step);
            sums.add(&step);
        }
        sums
    }

    fn said(recent: &Sums, before: &Sums) -> Verdict {
        whole(recent, before).verdict
    }

    #[test]
    fn dropped_and_clipped_steps_and_losses_beyond_chance_are_exploding() {
        let well = steps(100, |_, _| {});
        assert_eq!(said(&well, &well), Verdict::Healthy);
        let dropped = steps(100, |n, step| step.quarantined = n % 50 == 0);
        let finding = whole(&dropped, &well);
        assert_eq!(finding.verdict, Verdict::Exploding);
        assert!(finding.because.contains("2 of the last 100 steps"), "{}", finding.because);
        assert_eq!(said(&steps(100, |n, step| step.quarantined = n == 0), &well), Verdict::Healthy, "one may happen");
        assert_eq!(said(&steps(100, |_, step| step.quarantined = true), &well), Verdict::Exploding, "nothing is left");
        let lost = |step: &mut StepReport| step.liked = liked(0, 64, 64.0 * 10.0);
        assert_eq!(said(&steps(100, |_, step| lost(step)), &Sums::default()), Verdict::Healthy, "one sign of two");
        let clipped = |n: usize, step: &mut StepReport| {
            lost(step);
            step.clipped = n.is_multiple_of(5);
        };
        assert_eq!(said(&steps(100, clipped), &Sums::default()), Verdict::Exploding);
    }

    #[test]
    fn an_advantage_that_is_lost_is_drifting_and_one_that_was_never_there_is_not() {
        let chance = 64.0 * 1000.0_f64.ln();
        let at = |to_chance: f64| steps(100, move |_, step| step.liked = liked(0, 64, to_chance * chance));
        assert_eq!(said(&at(0.95), &at(0.7)), Verdict::Drifting);
        assert_eq!(said(&at(0.85), &at(0.7)), Verdict::Healthy, "half of it is left");
        assert_eq!(said(&at(0.999), &at(0.97)), Verdict::Healthy, "there was hardly any");
        assert_eq!(
            said(&at(0.95), &steps(20, |_, step| step.liked = liked(0, 64, 0.7 * chance))),
            Verdict::Healthy,
            "too little before"
        );
    }
    /// Goal: what people do is told from what the model knows. Method: an easy kind of event and a hard one, of which
    /// first nine in ten are easy and then none.
    #[test]
    fn a_change_in_the_mix_of_kinds_is_no_drift_and_a_loss_within_a_kind_is() {
        let chance = 64.0 * 1000.0_f64.ln();
        let mix = |hard_of_ten: usize, hard_to_chance: f64| {
            steps(100, move |n, step| {
                let (kind, to_chance) = if n % 10 < hard_of_ten { (1, hard_to_chance) } else { (0, 0.5) };
                step.liked = liked(kind, 64, to_chance * chance);
            })
        };
        assert_eq!(said(&mix(10, 0.9), &mix(1, 0.9)), Verdict::Healthy, "only the hard kind is left");
        assert_eq!(said(&mix(10, 0.98), &mix(1, 0.8)), Verdict::Drifting, "the hard kind lost what it had");
        assert_eq!(said(&mix(10, 0.98), &mix(0, 0.8)), Verdict::Healthy, "a kind that is new has lost nothing");
    }
}
