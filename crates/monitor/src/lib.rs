//! Monitoring of learning: statistics, verdicts, traces of events, the change detector of the guard, diffs of states.
//!
//! | module | what it computes |
//! |---|---|
//! | [`health`] | series, verdicts, surveys of rows, live quality, traces, bias, the change detector |
//! | [`mod@diff`] | the differences of two views: rows, neighbours, recommendations, settings, figures |
//! | [`forensics`] | whether a table of vectors derives from another: rotation, permuted ids |
//! | [`map`] | a fixed linear projection of item vectors to two coordinates, and a sample of items |
//!
//! **Promises.** Functions are pure: nothing here changes a state (P4), and equal input gives equal figures. Every
//! verdict carries the numbers that led to it. Memory is bounded.
//!
//! **Must not know** threads, timers, channels, the log, Postgres, HTTP, or the names of metrics in Prometheus. The
//! engine supplies the input and publishes the figures.
//!
//! **Used by** the engine and by HTTP, which writes its figures as JSON. The feature `openapi` derives their schemas.

pub mod diff;
pub mod forensics;
pub mod health;
pub mod map;
