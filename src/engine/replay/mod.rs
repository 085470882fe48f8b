//! Replay: applies a stretch of the log to a state beside the learner, for rollbacks, traces and verification.

pub(super) mod rollback;
pub(super) mod rolled_back;
pub(super) mod rules;
pub(super) mod run;
mod taken_back;
pub(super) mod trace;
