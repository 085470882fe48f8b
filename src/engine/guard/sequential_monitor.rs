//! Sequential test of a guard: its observations, its alarm, and the choice of a newer reference.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Value, json};

use crate::engine::{
    deployment::arms::ArmCounts,
    guard::{registry::GuardFigures, sampler::scores},
    monitoring::ranking::RankedSample,
};
use shelfmark_domain::{GuardMetric, GuardSettings, Served, VersionNumber};
use shelfmark_monitor::health::Detector;

/// Versions that wait to become old enough to be measured against.
const CANDIDATES_MAX: usize = 64;
/// Above this much evidence the reference stays: a fall that is being found must not be measured against itself.
const EVIDENCE_CALM: f64 = 0.25;
/// Lists of each arm before their clicks count: until then their numbers say little of the arms' shares.
const LISTS_MIN: u64 = 20;

/// A guard on watch.
pub struct SequentialMonitor {
    settings: GuardSettings,
    detector: Detector,
    /// Live and reference, newest last: at most `settings.window`.
    pairs: VecDeque<(f32, f32)>,
    /// Versions seen since, with the number of samples at that time, oldest first.
    candidates: VecDeque<(VersionNumber, u64)>,
    newest: Option<VersionNumber>,
    clicks: Option<Clicks>,
}

/// Lists and clicks of the live arm and of the reference's since the guard began.
#[derive(Debug, Clone, Copy)]
struct Clicks {
    reference: Served,
    /// Lists when it began: live, reference.
    began: [u64; 2],
    lists: [u64; 2],
    clicks: [u64; 2],
}

/// Why the guard acts.
pub struct Alarm {
    /// In a sentence.
    pub reason: String,
    /// The numbers.
    pub details: Value,
}

impl SequentialMonitor {
    /// Begins anew.
    pub fn new(settings: GuardSettings) -> Self {
        let detector = Detector::new(settings.false_alarms, settings.window);
        Self { settings, detector, pairs: VecDeque::new(), candidates: VecDeque::new(), newest: None, clicks: None }
    }

    /// Takes in a ranked sample.
    pub fn sampled(&mut self, ranked: &RankedSample) {
        if let Some((live, reference)) = scores(ranked, self.settings.metric) {
            // Positive on average only when live has fallen by more than is allowed.
            self.observe((live, reference), (1.0 - self.settings.drop) * reference - live);
        }
    }

    /// Takes in a click of an arm's list. Given a click, it is of the live arm with the chance `lists_live ctr_live /
    /// (lists_live ctr_live + lists_ref ctr_ref)`, which is lowest, as long as all is well, where `ctr_live = (1 -
    /// drop) ctr_ref`: two rates compared given their sum (Przyborowski and Wilenski 1940).
    pub fn clicked(&mut self, served: Served, arms: &[Arc<ArmCounts>]) {
        let Some(clicks) = &mut self.clicks else { return };
        let sides = [Served::Live, clicks.reference];
        let Some(side) = sides.iter().position(|side| *side == served) else { return };
        for (served, (lists, began)) in sides.iter().zip(clicks.lists.iter_mut().zip(clicks.began)) {
            let now = arms.iter().find(|arm| arm.served == *served).map_or(0, |arm| arm.lists());
            *lists = now.saturating_sub(began);
        }
        clicks.clicks[side] += 1;
        if clicks.lists.iter().any(|lists| *lists < LISTS_MIN) {
            return;
        }
        let [live, reference] = clicks.lists.map(|lists| lists as f64);
        let least = live * (1.0 - self.settings.drop);
        let chance = least / (least + reference);
        let of_live = if side == 0 { 1.0 } else { 0.0 };
        self.observe((of_live, 1.0 - of_live), chance - of_live);
    }

    fn observe(&mut self, (live, reference): (f64, f64), z: f64) {
        self.detector.observe(z);
        if self.pairs.len() as u64 == self.settings.window {
            self.pairs.pop_front();
        }
        #[expect(clippy::cast_possible_truncation, reason = "kept for means that people read")]
        self.pairs.push_back((live as f32, reference as f32));
    }

    /// The arm that clicks of live are measured against; `None`: there is no such arm. A new one begins anew.
    pub fn compare_clicks(&mut self, reference: Option<Served>, arms: &[Arc<ArmCounts>]) {
        if self.clicks.map(|clicks| clicks.reference) == reference {
            return;
        }
        let lists = |served| arms.iter().find(|arm| arm.served == served).map_or(0, |arm| arm.lists());
        let fresh = Self::new(self.settings.clone());
        self.detector = fresh.detector;
        self.pairs.clear();
        self.clicks = reference.map(|reference| Clicks {
            reference,
            began: [lists(Served::Live), lists(reference)],
            lists: [0; 2],
            clicks: [0; 2],
        });
    }

    /// A version is the newest of the live line.
    pub fn note_version(&mut self, version: VersionNumber) {
        if self.newest.replace(version) != Some(version) {
            if self.candidates.len() == CANDIDATES_MAX {
                // The oldest is the next to come of age.
                self.candidates.pop_back();
            }
            self.candidates.push_back((version, self.detector.samples()));
        }
    }

    /// A restore: versions that wait belong to a line that was left.
    pub fn forget_candidates(&mut self) {
        self.candidates.clear();
    }

    /// A newer reference, when there is one: older than the window, while nothing speaks for a fall.
    pub fn promote_reference(&mut self) -> Option<VersionNumber> {
        if self.settings.reference.is_some() || self.detector.evidence() > EVIDENCE_CALM {
            return None;
        }
        let samples = self.detector.samples();
        let mut aged = None;
        while let Some((version, since)) = self.candidates.front().copied()
            && samples.saturating_sub(since) >= self.settings.window
        {
            self.candidates.pop_front();
            aged = Some(version);
        }
        aged
    }

    /// How things look.
    pub fn figures(&self) -> GuardFigures {
        let (live, reference) = self.means(self.settings.window);
        GuardFigures {
            samples: self.detector.samples(),
            window_samples: self.pairs.len() as u64,
            live,
            reference,
            evidence: self.detector.evidence().min(1.0),
        }
    }

    /// Means over the newest samples; of clicks, the rates since the guard began.
    fn means(&self, newest: u64) -> (Option<f64>, Option<f64>) {
        if let Some(Clicks { lists, clicks, .. }) = self.clicks {
            let rate = |side: usize| (lists[side] > 0).then(|| clicks[side] as f64 / lists[side] as f64);
            return (rate(0), rate(1));
        }
        let newest = usize::try_from(newest).unwrap_or(usize::MAX).min(self.pairs.len());
        let mean = |value: fn(&(f32, f32)) -> f32| {
            let sum: f64 = self.pairs.iter().rev().take(newest).map(|pair| f64::from(value(pair))).sum();
            (newest > 0).then(|| sum / newest as f64)
        };
        (mean(|pair| pair.0), mean(|pair| pair.1))
    }

    /// Whether, and why, it is time to act against `reference`.
    pub fn alarm(&self, reference: VersionNumber) -> Option<Alarm> {
        let GuardSettings { metric, drop, window, min_samples, false_alarms, action, .. } = self.settings;
        if self.detector.samples() < min_samples || !self.detector.is_alarmed() {
            return None;
        }
        let since = self.detector.since();
        let (live, of_reference) = self.means(since);
        let (live_window, reference_window) = self.means(window);
        let fall = live.zip(of_reference).filter(|(_, reference)| *reference > 0.0);
        let fall = fall.map(|(live, reference)| 1.0 - live / reference);
        let details = json!({
            "guard": {
                "metric": metric, "action": action, "drop": drop, "false_alarms": false_alarms,
                "reference": reference, "samples": self.detector.samples(),
                "since": { "samples": since, "live": live, "reference": of_reference, "fall": fall },
                "window": { "samples": self.pairs.len(), "live": live_window, "reference": reference_window },
                "evidence": self.detector.evidence(),
            }
        });
        let name = match metric {
            GuardMetric::Recall => "recall@20",
            GuardMetric::Mrr => "mrr@20",
            GuardMetric::Ctr => "click-through",
        };
        let reason = format!(
            "{name} of the live state was {:.4} over {since} samples, {:.4} by version {reference}: {:.0}% lower, \
             {:.0}% are allowed",
            live.unwrap_or(0.0),
            of_reference.unwrap_or(0.0),
            100.0 * fall.unwrap_or(0.0),
            100.0 * drop
        );
        Some(Alarm { reason, details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::deployment::arms::Arms;
    use shelfmark_domain::{Arm, GuardAction, Serving, Split};
    use shelfmark_monitor::health::Ranked;
    use shelfmark_state::CounterRng;

    fn settings(metric: GuardMetric) -> GuardSettings {
        GuardSettings {
            metric,
            drop: 0.3,
            window: 200,
            min_samples: 20,
            false_alarms: 1e-4,
            action: GuardAction::Pin,
            reference: None,
        }
    }

    fn pair(live: bool, reference: bool) -> RankedSample {
        let at = |hit: bool| vec![Ranked { all: hit.then_some(1), novel: None }];
        RankedSample {
            live: at(live),
            popular: Vec::new(),
            main: Served::Live,
            versions: vec![(Served::Version(VersionNumber(3)), at(reference))],
            shown: Vec::new(),
        }
    }

    #[test]
    fn a_fall_is_told_with_its_numbers_and_not_before_the_least_number_of_samples() {
        let mut monitor = SequentialMonitor::new(settings(GuardMetric::Recall));
        (0..500).for_each(|n| monitor.sampled(&pair(n % 2 == 0, n % 2 == 0)));
        assert!(monitor.alarm(VersionNumber(3)).is_none());
        assert_eq!((monitor.figures().live, monitor.figures().window_samples), (Some(0.5), 200));
        let mut samples = 0;
        let alarm = loop {
            monitor.sampled(&pair(samples % 4 == 0, true));
            samples += 1;
            if let Some(alarm) = monitor.alarm(VersionNumber(3)) {
                break alarm;
            }
            assert!(samples < 200, "not found");
        };
        assert!(samples >= 20, "{samples}");
        let guard = &alarm.details["guard"];
        assert!(guard["since"]["live"].as_f64().expect("a mean") < 0.4, "{guard}");
        assert_eq!((&guard["reference"], &guard["metric"]), (&json!(3), &json!("recall")), "{guard}");
        assert!(alarm.reason.contains("by version 3") && alarm.reason.contains("30% are allowed"), "{}", alarm.reason);
    }

    /// Lists until the alarm, at most 8,000: half of them of the live arm, clicked with its own chance in a thousand.
    fn lists_until_alarm(clicked_of_live: usize) -> Option<u64> {
        let (live, version) = (Served::Live, Served::Version(VersionNumber(3)));
        let arm = |served| Arm { served, percent: 50 };
        let split = Split::new(vec![arm(live), arm(version)]).expect("valid");
        let arms = Arms::default();
        arms.serve(&Serving::Split(split), Vec::new());
        let mut monitor = SequentialMonitor::new(GuardSettings { window: 800, ..settings(GuardMetric::Ctr) });
        monitor.compare_clicks(Some(version), &arms.counts());
        let mut draws = CounterRng::new(1, 17, 0);
        for list in 0..8000 {
            let (served, chance) = if draws.below(2) == 0 { (live, clicked_of_live) } else { (version, 200) };
            arms.shown(served);
            if draws.below(1000) < chance {
                monitor.clicked(served, &arms.counts());
            }
            if let Some(alarm) = monitor.alarm(VersionNumber(3)) {
                assert!(alarm.reason.starts_with("click-through of the live state"), "{}", alarm.reason);
                return Some(list);
            }
        }
        None
    }

    #[test]
    fn clicks_of_the_live_arm_are_measured_against_its_share_of_the_lists() {
        assert_eq!(lists_until_alarm(200), None, "as good");
        assert_eq!(lists_until_alarm(160), None, "a fifth lower, and a third is allowed");
        assert!(lists_until_alarm(50).is_some_and(|lists| lists < 4000), "{:?}", lists_until_alarm(50));
    }

    #[test]
    fn a_version_becomes_the_reference_when_it_is_older_than_the_window_and_all_is_calm() {
        let mut monitor = SequentialMonitor::new(settings(GuardMetric::Recall));
        monitor.note_version(VersionNumber(4));
        monitor.note_version(VersionNumber(4));
        (0..150).for_each(|_| monitor.sampled(&pair(true, true)));
        monitor.note_version(VersionNumber(5));
        assert_eq!(monitor.promote_reference(), None);
        (0..50).for_each(|_| monitor.sampled(&pair(true, true)));
        assert_eq!(monitor.promote_reference(), Some(VersionNumber(4)));
        assert_eq!(monitor.promote_reference(), None);
        (0..149).for_each(|_| monitor.sampled(&pair(true, true)));
        (0..20).for_each(|_| monitor.sampled(&pair(false, true)));
        assert_eq!(monitor.promote_reference(), None, "something is wrong: {:?}", monitor.figures());
        let fixed = GuardSettings { reference: Some(VersionNumber(1)), ..settings(GuardMetric::Recall) };
        let mut monitor = SequentialMonitor::new(fixed);
        monitor.note_version(VersionNumber(4));
        (0..300).for_each(|_| monitor.sampled(&pair(true, true)));
        assert_eq!(monitor.promote_reference(), None, "the reference was named");
    }
}
