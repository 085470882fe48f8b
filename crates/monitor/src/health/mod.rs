//! Health of learning: figures, series and verdicts, computed from the reports of steps and from the rows of states.
//!
//! **Promises.** Functions are pure and change no state (P4). Every verdict carries the numbers that led to it.
//!
//! **Bounds.** [`POINTS_MAX`] points; [`SAMPLE_ROWS_MAX`] rows of each table in a survey; [`QUALITY_TARGETS`] sampled
//! targets and [`EXPOSURE_LISTS`] lists of live quality; [`TRACE_ROWS_MAX`] rows of a trace;
//! [`TERMS_MAX`] terms of a ranking.
//!
//! **Must not know** threads, timers, channels, the log and the names of Prometheus metrics (all in the engine), or
//! routes (http). Thresholds are constants of `verdict.rs`; docs/LEARNING.md has their reasons.

mod bias;
mod convergence;
mod detector;
mod gini;
mod judge;
mod metric;
mod movers;
mod quality;
mod quantiles;
mod row_tracker;
mod series;
mod sums;
mod survey;
mod terms;
mod trace;
mod verdict;

pub use bias::{BiasReport, CategoryBias, DecileBias, StrongRow, bias_report};
pub use convergence::{Convergence, ConvergenceState, convergence};
pub use detector::Detector;
pub use judge::{Health, StepFigures, TableFigures, TableHealth, judge};
pub use metric::{Metric, UnknownMetric};
pub use movers::{MOVERS_MAX, Mover, cosine, relative_distance};
pub use quality::{EXPOSURE_LISTS, Exposure, QUALITY_TARGETS, Quality, QualityWindow, Ranked};
pub use quantiles::Quantiles;
pub use row_tracker::{Cause, LARGEST_STEPS, RowOwner, RowStep, RowTracker};
pub use series::{POINT_STEPS_MAX, POINT_TARGETS, POINTS_MAX, Point, PointQuality, Series};
pub use sums::{Sums, TableSums};
pub use survey::{SAMPLE_ROWS_MAX, STALE_RECORDS, StillRow, Survey, SurveyedVersion, Surveyor, TableSurvey};
pub use terms::{RankedTerm, TERMS_MAX, TermsReport, TermsTable, TermsTableReport, terms_report};
pub use trace::{MovedRow, Neighbour, Part, TRACE_ROWS_MAX, Trace, TraceTarget, Tracer};
pub use verdict::{Finding, Verdict};
