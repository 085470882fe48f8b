//! Change detector: a sequential test for a drop in quality. It may be evaluated after every sample, without end.
//!
//! **Null hypothesis.** Each sample is a number `z` in [-1, 1] whose mean, given all samples before, is at most 0:
//! `E[z_n | past] <= 0`. A quality in [0, 1] is measured on the same event in the live state and in a reference, and `z
//! = (1 - drop) * reference - live`. Its mean is positive only when live is below the reference by more than the share
//! `drop`. Samples need not be independent or identically distributed. Traffic may change from hour to hour, because
//! both states are measured on it.
//!
//! **Test.** A bettor who stakes the share `b` of a capital on `z` has `L_n = 1 + b z_n` times as much afterwards. That
//! is never negative, and has a mean of at most 1 under the null hypothesis: a test by betting (Waudby-Smith and Ramdas
//! 2024, "Estimating means of bounded random variables by betting", JRSS B 86). A drop may begin at any time, so a
//! bettor with a capital of 1 begins at every sample. Their total capital is `M_n = L_n (M_{n-1} + 1)`: the
//! Shiryaev-Roberts e-detector of Shin, Ramdas and Rinaldo (2022, "E-detectors: a nonparametric framework for
//! sequential change detection", NEJSDS). The best stake depends on the size of the drop, which is unknown. So six
//! stakes share the capital; an average of e-detectors is an e-detector.
//!
//! **Bound.** Under the null hypothesis `E[M_n | past] <= M_{n-1} + 1`, so `M_n - n` is a supermartingale, and `E[M] <=
//! E[n]` at any stopping time. The alarm is raised at the first `n` with `M_n >= 1 / a`, hence `E[n] >= 1 / a`: the
//! mean number of samples before a false alarm is at least `1 / a`, for any distribution of the samples.
//!
//! **Window.** Bettors who began more than `window` samples ago leave with their capital. That only lowers `M`, so the
//! bound holds, and the evidence for an alarm is at most `window` samples old.

use std::collections::VecDeque;

/// Stakes: shares of the capital that are bet. `1 + b z` is at least 0.36.
const BETS: [f64; 6] = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64];
/// Maximum of a sum, in case the test continues after the alarm.
const SUM_MAX: f64 = 1e200;

/// All bettors with one stake.
#[derive(Debug, Clone, Copy)]
struct Bettors {
    /// Their total capital.
    sum: f64,
    /// Capital of the oldest: the product over the window.
    oldest: f64,
    /// Capital of the richest, and how many samples ago that one began: the estimated begin of the drop.
    richest: f64,
    since: u64,
}

/// Change detector. Call [`Detector::observe`] once for each sample. Keeps `window` numbers.
#[derive(Debug, Clone)]
pub struct Detector {
    bettors: [Bettors; BETS.len()],
    /// The newest samples, at most `window`.
    window: VecDeque<f64>,
    window_max: usize,
    sum_max: f64,
    samples: u64,
}

impl Detector {
    /// Creates a test with at most `false_alarms` false alarms per sample on average (`a` above), whose evidence is at
    /// most `window` samples old. When live and reference never differ, `M` grows to `window`, which should be well
    /// below `1 / false_alarms`.
    pub fn new(false_alarms: f64, window: u64) -> Self {
        let none = Bettors { sum: 0.0, oldest: 1.0, richest: 1.0, since: 0 };
        Self {
            bettors: [none; BETS.len()],
            window: VecDeque::new(),
            window_max: usize::try_from(window).unwrap_or(usize::MAX).max(1),
            sum_max: 1.0 / false_alarms,
            samples: 0,
        }
    }

    /// Adds a sample: a number in [-1, 1] whose mean is at most 0 under the null hypothesis. Other values are clamped,
    /// and NaN counts as 0.
    pub fn observe(&mut self, z: f64) {
        let z = if z.is_nan() { 0.0 } else { z.clamp(-1.0, 1.0) };
        self.samples += 1;
        let gone = if self.window.len() == self.window_max { self.window.pop_front() } else { None };
        self.window.push_back(z);
        for (bettors, bet) in self.bettors.iter_mut().zip(BETS) {
            let factor = 1.0 + bet * z;
            bettors.sum = (bettors.sum + 1.0) * factor;
            bettors.oldest *= factor;
            if let Some(gone) = gone {
                bettors.sum = (bettors.sum - bettors.oldest).max(0.0);
                bettors.oldest /= 1.0 + bet * gone;
            }
            bettors.sum = bettors.sum.min(SUM_MAX);
            bettors.oldest = bettors.oldest.clamp(1.0 / SUM_MAX, SUM_MAX);
            if bettors.richest <= 1.0 || bettors.since >= self.window_max as u64 {
                (bettors.richest, bettors.since) = (1.0, 0);
            }
            bettors.richest = (bettors.richest * factor).min(SUM_MAX);
            bettors.since += 1;
        }
    }

    /// Returns the number of samples so far.
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// Returns `M`: the total capital of all bettors, as a mean over the stakes.
    pub fn sum(&self) -> f64 {
        self.bettors.iter().map(|bettors| bettors.sum).sum::<f64>() / BETS.len() as f64
    }

    /// Returns the progress towards an alarm on a logarithmic scale: 0 when bettors have at most their initial capital,
    /// 1 at the alarm.
    pub fn evidence(&self) -> f64 {
        let brought = self.window.len().max(1) as f64;
        ((self.sum() / brought).ln() / (self.sum_max / brought).ln().max(f64::MIN_POSITIVE)).max(0.0)
    }

    /// Whether the alarm is raised: the sum is too large under the null hypothesis.
    pub fn is_alarmed(&self) -> bool {
        self.sum() >= self.sum_max
    }

    /// Returns the number of samples since the estimated begin of the drop: since the richest bettor of the stake with
    /// the largest capital began.
    pub fn since(&self) -> u64 {
        let most = self.bettors.iter().max_by(|a, b| a.sum.total_cmp(&b.sum));
        most.map_or(0, |bettors| bettors.since)
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    /// Pairs of a quality in the live state and in the reference, as the guard has them: 1 with some chance each, where
    /// a part of the luck is common to both.
    fn z(draws: &mut CounterRng, live: f64, reference: f64, drop: f64) -> f64 {
        let chance = |draws: &mut CounterRng| draws.below(1_000_000) as f64 / 1e6;
        let common = chance(draws);
        let mut one = |share: f64| {
            let luck = if draws.below(2) == 0 { common } else { chance(draws) };
            f64::from(u8::from(luck < share))
        };
        let (live, reference) = (one(live), one(reference));
        (1.0 - drop) * reference - live
    }

    /// False alarms in `samples` samples; after each the test begins anew.
    fn false_alarms(seed: u64, samples: u64, next: impl Fn(&mut CounterRng, u64) -> f64, alpha: f64) -> u64 {
        let mut draws = CounterRng::new(seed, 4711, 0);
        let mut detector = Detector::new(alpha, 5000);
        let mut alarms = 0;
        for n in 0..samples {
            detector.observe(next(&mut draws, n));
            if detector.is_alarmed() {
                alarms += 1;
                detector = Detector::new(alpha, 5000);
            }
        }
        alarms
    }

    /// The bound is on the worst null, where the live state has fallen by exactly what is allowed: there a rate of 1 in
    /// 1,000 may be met, never exceeded. A million samples a null; an excess by chance of 150 over 1,000 is unheard of.
    #[test]
    fn false_alarms_are_no_more_than_promised_on_any_null() {
        let mut counts = Vec::new();
        for seed in 0..2 {
            let rate = |next: &dyn Fn(&mut CounterRng, u64) -> f64| false_alarms(seed, 1_000_000, next, 1e-3);
            let edge = rate(&|draws, _| z(draws, 0.21, 0.3, 0.3));
            let rare = rate(&|draws, _| z(draws, 0.014, 0.02, 0.3));
            let good = rate(&|draws, _| z(draws, 0.3, 0.3, 0.3));
            // Traffic that changes: hard hours and easy hours, live always at the edge.
            let tides =
                rate(&|draws, n| if n / 700 % 2 == 0 { z(draws, 0.07, 0.1, 0.3) } else { z(draws, 0.49, 0.7, 0.3) });
            // The null holds on average only: large wins and small losses in turn, as bettors like it.
            let skewed = rate(&|draws, _| if draws.below(10) == 0 { -0.9 } else { 0.1 });
            // Neither state ever finds anything.
            let nothing = rate(&|_, _| 0.0);
            counts.push([edge, rare, good, tides, skewed, nothing]);
        }
        println!("false alarms in 1,000,000 samples, at most 1,000 promised: {counts:?}");
        for count in counts.into_iter().flatten() {
            assert!(count <= 1150, "{count}");
        }
    }

    #[test]
    fn healthy_streams_are_left_alone_and_a_halved_quality_is_found() {
        let mut found = Vec::new();
        for seed in 0..40 {
            let mut draws = CounterRng::new(seed, 17, 0);
            let mut detector = Detector::new(1e-6, 2000);
            for _ in 0..20_000 {
                detector.observe(z(&mut draws, 0.42, 0.4, 0.3));
                assert!(!detector.is_alarmed(), "a false alarm, seed {seed}");
            }
            assert!(detector.evidence() < 0.1, "{}", detector.evidence());
            let mut samples: u64 = 0;
            while !detector.is_alarmed() {
                detector.observe(z(&mut draws, 0.2, 0.4, 0.3));
                samples += 1;
                assert!(samples < 2000, "not found, seed {seed}");
            }
            // Where the fall began is estimated, not known.
            assert!(detector.since().abs_diff(samples) < 900, "{} {samples}", detector.since());
            found.push(samples);
        }
        found.sort_unstable();
        println!("samples until a halved recall of .4 is found: median {}, worst {}", found[20], found[39]);
        assert!(found[20] <= 1000, "median {}", found[20]);
    }

    #[test]
    fn evidence_older_than_the_window_is_let_go() {
        let feed = |window| {
            let mut detector = Detector::new(1e-9, window);
            (0..4000).for_each(|_| detector.observe(0.01));
            detector
        };
        assert!(feed(4000).is_alarmed(), "small wins add up");
        assert!(!feed(400).is_alarmed() && feed(400).since() <= 400);
    }

    /// The sum over the window, kept up by one division a sample, against the sum as it is defined.
    #[test]
    fn the_sum_is_that_of_all_who_began_within_the_window() {
        let mut draws = CounterRng::new(5, 17, 0);
        let mut detector = Detector::new(1e-9, 50);
        let mut all = Vec::new();
        for _ in 0..700 {
            let z = z(&mut draws, 0.2, 0.4, 0.3);
            all.push(z);
            detector.observe(z);
            let newest: Vec<f64> = all.iter().rev().take(50).copied().collect();
            let sum = |bet: f64| {
                let mut product = 1.0;
                newest
                    .iter()
                    .map(|z| {
                        product *= 1.0 + bet * z;
                        product
                    })
                    .sum::<f64>()
            };
            let expected = BETS.into_iter().map(sum).sum::<f64>() / 6.0;
            assert!((detector.sum() / expected - 1.0).abs() < 1e-9, "{} {expected}", detector.sum());
        }
    }

    #[test]
    fn numbers_that_are_none_do_no_harm() {
        let mut detector = Detector::new(0.01, 100);
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -7.0].into_iter().for_each(|z| detector.observe(z));
        assert!(detector.sum().is_finite() && detector.sum() > 0.0 && !detector.is_alarmed());
        assert_eq!((detector.samples(), detector.evidence()), (4, 0.0));
    }
}
