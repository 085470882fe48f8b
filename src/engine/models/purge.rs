//! Removal of deleted models' rows, in the background and a batch at a time.
//!
//! The mark in the roster is the only thing to remember: after a crash, this process or another goes on from what it
//! finds.

use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::{
    log::purge_records,
    model_catalog::{self, ModelCatalogError},
    versions::purge_versions,
};

/// How often it looks for marked models.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Removes what is marked until `stop`.
pub async fn run(pool: PgPool, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        if let Err(error) = remove_all(&pool, &stop).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "model.purge_failed: rows of a deleted model stay for now"
            );
        }
    }
}

async fn remove_all(pool: &PgPool, stop: &CancellationToken) -> Result<(), EngineError> {
    for id in model_catalog::purgeable(pool).await? {
        while !stop.is_cancelled() && remove_batch(pool, id).await? {}
    }
    Ok(())
}

/// One transaction; `false` once nothing is left, or while another process is at it.
async fn remove_batch(pool: &PgPool, id: i32) -> Result<bool, EngineError> {
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
