//! State that a log's handle, its tails and its tasks share.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    LogSettings,
    commit::Target,
    head::{HeadKnown, ReaderKnown},
    metrics::Metrics,
    queue::QueueLevel,
    recent::Recent,
};

/// What the handle, its tails and its tasks share.
pub(super) struct LogState {
    pub pool: PgPool,
    pub target: Target,
    pub settings: LogSettings,
    pub recent: Arc<Recent>,
    pub head: Arc<HeadKnown>,
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub level: Arc<QueueLevel>,
    pub reader: Arc<ReaderKnown>,
}
