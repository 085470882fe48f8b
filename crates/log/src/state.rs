//! Shared state of a log's handle, tails and tasks.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{
    LogSettings,
    commit::LogTarget,
    known_head::{KnownHead, ReaderPosition},
    metrics::Metrics,
    queue::QueueLevel,
    recent_appends::RecentAppends,
};

/// State that the handle, its tails and its tasks share.
pub(super) struct LogState {
    pub pool: PgPool,
    pub target: LogTarget,
    pub settings: LogSettings,
    pub recent: Arc<RecentAppends>,
    pub head: Arc<KnownHead>,
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub level: Arc<QueueLevel>,
    pub reader: Arc<ReaderPosition>,
}
