//! Long work of a model: exports, reports and event streams, each bounded for itself.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use tracing::Instrument;

use super::{AdmissionControl, Pool, Share, current};
use crate::{
    engine::{EXPORTS_MAX, REPORTS_MAX, STREAMS_MAX},
    http::error::ApiError,
};
use shelfmark_domain::ModelName;

/// Models beyond which pools that nobody holds anything of are forgotten.
const POOLS_KEPT: usize = 256;

/// A kind of long work. The engine bounds each for its own sake; here callers share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LongWorkKind {
    /// Rows written as a file.
    Export,
    /// Traces, histories, diffs and bias reports.
    Report,
    /// Points of learning as they come.
    Stream,
}

impl LongWorkKind {
    const fn what(self) -> &'static str {
        match self {
            Self::Export => "exports of the model",
            Self::Report => "traces, histories, diffs and bias reports of the model",
            Self::Stream => "event streams of the model",
        }
    }

    const fn total(self) -> usize {
        match self {
            Self::Export => EXPORTS_MAX,
            Self::Report => REPORTS_MAX,
            Self::Stream => STREAMS_MAX,
        }
    }
}

/// Pools by kind and model.
#[derive(Debug, Default)]
pub struct LongWork(HashMap<(LongWorkKind, ModelName), Arc<Pool>>);

impl AdmissionControl {
    /// Returns the pool of a kind of work of a model that exists.
    pub(super) fn pool_of(&self, kind: LongWorkKind, model: &ModelName) -> Arc<Pool> {
        let mut pools = self.long_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.0.get(&(kind, model.clone())) {
            return Arc::clone(pool);
        }
        if pools.0.len() >= POOLS_KEPT {
            // Models come and go. Whoever holds something keeps its pool.
            pools.0.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        let pool = Pool::new(kind.what(), kind.total() as u64, self.share_percent);
        pools.0.insert((kind, model.clone()), Arc::clone(&pool));
        pool
    }
}

/// Takes a caller's share of a kind of long work, for the request that is being handled.
pub fn take_part(kind: LongWorkKind, model: &ModelName) -> Result<Option<Share>, ApiError> {
    Ok(current().map(|ticket| ticket.long_work(kind, model)).transpose()?)
}

/// Makes a report, counted until it is made. It goes on when its client goes away: one who asks and hangs up in a loop would
/// keep others from theirs otherwise.
pub async fn run_report<T: Send + 'static>(
    model: &ModelName,
    report: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    let Some(ticket) = current() else { return Ok(report.await) };
    let share = ticket.long_work(LongWorkKind::Report, model)?;
    let counted = async move {
        let _share = share;
        report.await
    };
    let made = ticket.reports().spawn(counted.in_current_span()).await;
    made.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => ApiError::Internal(error.to_string()),
    })
}
