//! Shared state of a log's handle, tails and tasks.

use std::{collections::VecDeque, sync::Arc};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use shelfmark_domain::{Append, Position};

use super::{
    LogError, LogSettings,
    database_health::DatabaseHealth,
    known_head::{KnownHead, ReaderPosition},
    log_target::LogTarget,
    metrics::Metrics,
    queue::QueueLevel,
    read_appends::{Stretch, read_after},
    recent_appends::RecentAppends,
};

/// State that the handle, its tails and its tasks share.
pub(super) struct LogState {
    pub pool: PgPool,
    pub target: LogTarget,
    pub settings: LogSettings,
    pub recent: Arc<RecentAppends>,
    pub head: Arc<KnownHead>,
    pub database: Arc<DatabaseHealth>,
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub level: Arc<QueueLevel>,
    pub reader: Arc<ReaderPosition>,
}

impl LogState {
    /// Reads whole appends after a position, about `records_max` records.
    pub(super) async fn read_after(&self, after: Position, records_max: usize) -> Result<VecDeque<Append>, LogError> {
        let stretch = Stretch {
            model_id: self.target.model_id,
            after,
            records_max,
            bytes_max: self.settings.read_bytes_max,
            accept_damaged: self.settings.accept_damaged,
        };
        match read_after(&self.pool, stretch).await {
            // An erasure that committed between the queries of one append looks like damage, once.
            Err(LogError::Unreadable { .. }) => read_after(&self.pool, stretch).await,
            read => read,
        }
    }
}
