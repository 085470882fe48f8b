//! Diffs of states and verdicts on learning.

mod diff;
#[path = "../../../../tests/health_support/mod.rs"]
mod health_support;
#[path = "../../../../tests/serving_world/mod.rs"]
mod serving_world;
mod verdicts;
