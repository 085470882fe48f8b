//! Monitoring of learning: health, live quality, traces of events, histories of rows,
//! reports on rows, and the map of items.

pub(super) mod history;
pub(super) mod map;
pub(super) mod map_drawing;
pub(super) mod map_moves;
pub(super) mod metrics;
pub(super) mod monitor;
pub(super) mod quality_sampler;
pub(super) mod ranking;
pub(super) mod reports;
pub(super) mod survey;
pub(super) mod trace;
