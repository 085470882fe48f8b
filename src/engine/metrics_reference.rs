//! Reference of the engine's metrics: their descriptions for Prometheus, and the sections of docs/reference/metrics.md.

use crate::engine::{deployment::arm_status, guard, memory_budget, metrics, monitoring};
use crate::telemetry::MetricInfo;

/// The sections, by their headings on the page.
const SECTIONS: [(&str, &[MetricInfo]); 5] = [
    ("Learner and views", metrics::METRICS),
    ("Health of learning", monitoring::metrics::METRICS),
    ("Splits", arm_status::METRICS),
    ("Guard", guard::METRICS),
    ("Memory", memory_budget::METRICS),
];

/// Tells the recorder what each metric of the engine is.
pub fn describe_metrics() {
    for (_, metrics) in SECTIONS {
        metrics.iter().for_each(MetricInfo::describe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics_page;

    /// Goal: the page names every metric, as Prometheus does. Method: render each section's table and look for it.
    #[test]
    fn the_page_of_metrics_is_generated_from_their_descriptions() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/metrics.md");
        let page = std::fs::read_to_string(path).expect("the page of metrics");
        for (heading, metrics) in SECTIONS {
            let table = metrics_page(metrics);
            let section = page.split("\n## ").find(|section| section.starts_with(&format!("{heading}\n")));
            let section = section.unwrap_or_else(|| panic!("docs/reference/metrics.md has no section {heading}"));
            assert!(section.contains(&table), "docs/reference/metrics.md, section {heading}, must hold:\n{table}");
        }
    }
}
