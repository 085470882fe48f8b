//! Learner: applies records to a state, in order, with gradient steps on libtorch.
//!
//! **Promises.** The same state and the same appends give the same bits (P4, on CPU with one libtorch thread). A value
//! that is not finite never reaches a row (P8). A step has at least `step_targets` targets (doubled once the softmax is
//! sampled), at most twice as many, and never crosses the end of an append.
//!
//! **Must not know** clocks, unseeded random numbers, threads, the log, Postgres, or the readers of its states. This is
//! the only crate that depends on `tch`. Histories, counters and transition memory belong to [`shelfmark_state`].
//!
//! **Used by** the engine and `evaluation`, which call it; `monitor` reads its reports.

mod adagrad;
mod apply;
mod candidate_sampling;
mod dense;
mod gradient_clipping;
mod importance_sampling;
mod jagged;
mod projections;
mod regularizer;
mod slots;
mod small_vectors;
mod softmax;
mod softmax_row;
mod sparse_terms;
mod step;
mod step_statistics;

pub use apply::{Applied, ApplyError, Learner, Observer, fingerprint, prepare_thread};
pub use candidate_sampling::StepTask;
pub use dense::{NotPositiveDefinite, invert_positive_definite};
pub use jagged::Jagged;
pub use softmax::{ABSENT, SoftmaxInputs, SoftmaxOutputs, SoftmaxTargets, forward_backward};
pub use softmax_row::{LOSS_KINDS, LikedLoss, LikedLosses};
pub use step::{StepReport, Stepper};
pub use step_statistics::{STATISTICS_EVERY, TableStep, TableSteps};
