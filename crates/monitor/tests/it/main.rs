//! Diffs and comparisons of states, verdicts on learning, and what matters in it.

mod diff;
mod forensics;
#[path = "../../../../tests/health_support/mod.rs"]
mod health_support;
#[path = "../../../../tests/serving_world/mod.rs"]
mod serving_world;
mod terms;
mod verdicts;
