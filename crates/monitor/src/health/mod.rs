//! The health of learning: what steps and tables did, put together into figures, series and verdicts. Pure: values in,
//! figures out.
//!
//! Promises: nothing here changes a state (P4), every verdict carries the numbers that led to it, and what is kept is
//! bounded: [`POINTS_MAX`] points, [`SAMPLE_ROWS_MAX`] rows of a table looked at by a survey, [`QUALITY_TARGETS`] sampled
//! targets and [`EXPOSURE_LISTS`] lists of live quality, [`TRACE_ROWS_MAX`] rows of a trace.
//!
//! Not here: threads, timers, channels and the log (the engine feeds it), routes (http) and Prometheus names (the engine).
//! Thresholds are constants of `verdict.rs`, with their reasons in docs/LEARNING.md.

mod bias;
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
mod trace;
mod verdict;

pub use bias::{BiasReport, CategoryBias, DecileBias, bias_report};
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
pub use trace::{MovedRow, Neighbour, Part, TRACE_ROWS_MAX, Trace, TraceTarget, Tracer};
pub use verdict::{Finding, Verdict};
