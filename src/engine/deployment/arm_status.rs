//! Figures of the arms that are served: lists, clicks and quality.

use serde::Serialize;
use shelfmark_metrics::{Label, MODEL, MetricInfo, MetricSection};
use utoipa::ToSchema;

use crate::engine::{
    deployment::{arms::ArmCounts, readers::Readers},
    monitoring::monitor::Monitor,
};
use shelfmark_domain::{Arm, ArmText, ModelName, VersionNumber};
use shelfmark_monitor::health::Quality;

const ARM: Label = Label::any("arm");

/// Metrics of arms. [`metrics()`] writes them in this order.
pub const METRICS: MetricSection = MetricSection::new(
    "Splits",
    &[
        MetricInfo::gauge("shelfmark_serving_arm_share", "ratio", "Share of the readers").labels(&[MODEL, ARM]),
        MetricInfo::counter("shelfmark_serving_arm_lists", "lists", "Lists recommended since the arm is served")
            .labels(&[MODEL, ARM]),
        MetricInfo::counter("shelfmark_serving_arm_clicks", "lists", "Lists that something was clicked of")
            .labels(&[MODEL, ARM]),
        MetricInfo::gauge("shelfmark_serving_arm_recall", "ratio", "Recall@20 of sampled targets")
            .labels(&[MODEL, ARM]),
        MetricInfo::gauge("shelfmark_serving_arm_mrr", "ratio", "Mean reciprocal rank@20 of sampled targets")
            .labels(&[MODEL, ARM]),
    ],
);

/// One arm and what came of it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ArmStatus {
    /// Number of the version; left out for the live state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// `true` for the live state, else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<bool>,
    /// Share of the readers in percent, 1 to 100; the shares of all arms sum to 100.
    pub percent: u8,
    /// Lists that this process recommended from it since it is served.
    pub lists: u64,
    /// Lists of it that an event with a liked kind sent back; each counts once.
    pub clicks: u64,
    /// Clicks by lists; null without lists.
    pub ctr: Option<f64>,
    /// How the arm's lists would have done on what came next, over the newest 1,000 sampled targets of all readers.
    pub quality: Quality,
}

/// The arms that are served, with their figures.
pub fn arms(readers: &Readers, monitor: &Monitor) -> Vec<ArmStatus> {
    let arm = |counts: &ArmCounts| {
        let (lists, clicks) = (counts.lists(), counts.clicks());
        let ArmText { version, live, percent } = Arm { served: counts.served, percent: counts.percent }.into();
        ArmStatus {
            version,
            live,
            percent,
            lists,
            clicks,
            ctr: (lists > 0).then(|| clicks as f64 / lists as f64),
            quality: monitor.quality_of(counts.served),
        }
    };
    readers.arms.counts().iter().map(|counts| arm(counts)).collect()
}

/// The figures of all arms in the Prometheus text format, rendered when asked: what is no longer served is not in it.
pub fn metrics<'a>(models: impl Iterator<Item = (&'a ModelName, Vec<ArmStatus>)>) -> String {
    use std::fmt::Write as _;
    type Figure = fn(&ArmStatus) -> Option<f64>;
    let figures: [Figure; 5] = [
        |arm| Some(f64::from(arm.percent) / 100.0),
        |arm| Some(arm.lists as f64),
        |arm| Some(arm.clicks as f64),
        |arm| arm.quality.recall,
        |arm| arm.quality.mrr,
    ];
    let arms: Vec<(&str, Vec<ArmStatus>)> = models.map(|(name, arms)| (name.as_str(), arms)).collect();
    let mut text = String::new();
    for (metric, figure) in METRICS.metrics.iter().zip(figures) {
        let MetricInfo { name, kind, help, .. } = metric;
        let kind = kind.name();
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (model, arm) in arms.iter().flat_map(|(model, arms)| arms.iter().map(move |arm| (model, arm))) {
            let version = arm.version.map_or_else(|| "live".to_owned(), |version| version.to_string());
            if let Some(value) = figure(arm) {
                let _ = writeln!(text, "{name}{{model=\"{model}\",arm=\"{version}\"}} {value}");
            }
        }
    }
    text
}
