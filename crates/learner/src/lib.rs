//! The learner: applies records to a state in order, deterministically. The only room that names `tch`.
//!
//! Promises: same state and same appends give the same bits (P4, on CPU with one libtorch thread); a number that is
//! not finite never reaches a row (P8). It reads no clock, no unseeded random number and nothing outside its arguments.
//! A step takes at least `step_targets` targets (twice that once the softmax is sampled) and at most twice as many, and never
//! crosses the end of an append.
//! Not here: threads, the log, publishing (the engine), and the state's own bookkeeping (`state::advance`).

mod adagrad;
mod apply;
mod clip;
mod columns;
mod lists;
mod projections;
mod pull;
mod slots;
mod softmax;
mod sparse;
mod step;
mod thinning;
mod watch;

pub use apply::{Applied, ApplyError, Learner, Observer, fingerprint, prepare_thread};
pub use columns::StepTask;
pub use lists::Lists;
pub use softmax::{ABSENT, Inputs, Outputs, Targets, forward_backward};
pub use step::{StepReport, Stepper};
pub use watch::{TableStep, TableSteps, WATCH_EVERY, WatchedTable};
