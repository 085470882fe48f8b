//! Purge of deleted models' rows, in batches in the background.
//!
//! The mark in the model catalogue is the only state: after a crash, this process or another continues from there.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use shelfmark_log::purge_records;
use shelfmark_store::model_catalog::{self, ModelCatalogError};
use shelfmark_store::versions::purge_versions;

/// Interval between searches for marked models.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// Purges marked models until `stop`.
pub async fn run(pool: PgPool, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PURGE_INTERVAL) => {}
        }
        if let Err(error) = purge_all(&pool, &stop).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "model.purge_failed: rows of a deleted model stay for now"
            );
        }
    }
}

async fn purge_all(pool: &PgPool, stop: &CancellationToken) -> Result<(), EngineError> {
    for id in model_catalog::purgeable(pool).await? {
        while !stop.is_cancelled() && purge_batch(pool, id).await? {}
    }
    Ok(())
}

/// One transaction; `false` once nothing is left, or while another process is at it.
async fn purge_batch(pool: &PgPool, id: i32) -> Result<bool, EngineError> {
    let mut transaction = pool.begin().await.map_err(ModelCatalogError::from)?;
    if !model_catalog::try_lock_purge(&mut transaction, id).await? {
        return Ok(false);
    }
    let more = purge_records(&mut transaction, id).await? || purge_versions(&mut transaction, id).await?;
    if !more {
        model_catalog::delete_row(&mut transaction, id).await?;
    }
    transaction.commit().await.map_err(ModelCatalogError::from)?;
    if !more {
        tracing::info!(model_id = id, "model.removed: nothing is left of a deleted model");
    }
    Ok(more)
}
