//! What is known of learning: health, live quality, what events did and how rows came to be what they are.

pub(super) mod history;
pub(super) mod metrics;
pub(super) mod monitor;
pub(super) mod quality_sampler;
pub(super) mod ranking;
pub(super) mod survey;
pub(super) mod trace;
