//! Prequential evaluation (test, then train): how well a configuration recommends on a stream of events.
//!
//! [`Run`] sends a [`Stream`] through the production [`Learner`](shelfmark_learner::Learner). [`Prequential`] is its
//! observer: it ranks every unit before it is learned (prequential evaluation: Dawid 1984; Gama, Sebastião and
//! Rodrigues 2013) and computes [`metrics`]. [`Report`] holds them as tables, JSON and curves. [`tuning`] searches
//! for a better configuration. [`svg_plot`] draws charts as SVG.
//!
//! **Promises.** Ranks are exact: every candidate is scored in full. A unit is ranked from the state before its batch
//! and, for histories, before itself. The baselines rank the same targets among the same candidates, and learn after
//! each unit, so they are never staler than the model. Equal input gives equal figures, `seconds` aside.
//!
//! **Must not know** files, the log, Postgres, views or HTTP. The command line reads files and writes reports.
//!
//! **Used by** `shelfmark evaluate` and `shelfmark tune`, and by `tests/it/learning_quality.rs`: one implementation of
//! the figures.
//!
//! **Bounds.** Everything is held in memory: the events ([`Stream::EVENTS_MAX`]), one state a run, and scores of 32
//! units at a time.

pub mod ablation;
mod actors;
mod baselines;
pub mod bootstrap;
mod kept_targets;
mod lead;
pub mod metrics;
mod model;
mod observations;
mod prequential;
pub mod ranking;
mod report;
mod run;
mod stream;
pub mod svg_plot;
pub mod tuning;

pub use actors::ActorHistory;
pub use baselines::{Baseline, BaselineKind, KnownActor};
pub use bootstrap::Interval;
pub use kept_targets::RankedTarget;
pub use lead::{Difference, Lead};
pub use observations::Observations;
pub use prequential::{MODEL_NAME, Method, Prequential};
pub use report::{Data, MethodReport, Report, Shot, Tried};
pub use run::{Evaluated, Protocol, Run};
pub use stream::{Stream, Uncounted};
