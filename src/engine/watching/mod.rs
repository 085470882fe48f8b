//! What is known of learning: health, live quality, what events did and how rows came to be what they are.

pub(super) mod history;
pub(super) mod ranking;
pub(super) mod sampling;
pub(super) mod surveying;
pub(super) mod trace;
pub(super) mod watch;
pub(super) mod watch_metrics;
