//! Rollback: pin, unpin, restore. Each leaves a deployment entry.

use std::{sync::Arc, time::Duration};

use super::{
    EngineError,
    follow::serve,
    shared::{Shared, blocking},
};
use crate::{
    domain::{
        Deployment, DeploymentMode, NewRecord, RecordBody, RollbackRequest, RollbackTarget, Served, Serving,
        VersionManifest,
    },
    log::Outcome,
    versions::NewDeployment,
};

/// Longest wait for the learner to meet a restore record.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(120);

/// Pins or restores; returns once readers see it.
pub async fn rollback(shared: &Arc<Shared>, request: RollbackRequest) -> Result<Deployment, EngineError> {
    let _only_one = shared.rollback.try_lock().map_err(|_| EngineError::RollbackRunning)?;
    let RollbackTarget::Version(version) = &request.to;
    let manifest = shared.versions.get(version).await?;
    match request.mode {
        DeploymentMode::Restore => restore(shared, &manifest, request).await,
        DeploymentMode::Pin
        | DeploymentMode::Unpin
        | DeploymentMode::Split
        | DeploymentMode::Freeze
        | DeploymentMode::Resume => pin(shared, &manifest, request).await,
    }
}

async fn pin(
    shared: &Arc<Shared>,
    manifest: &VersionManifest,
    request: RollbackRequest,
) -> Result<Deployment, EngineError> {
    // Built before it is announced: no reader waits for it, and a corrupt version is refused here.
    let version = shared.version(manifest.version).await?;
    blocking(move || version.view()).await;
    let deployment = shared
        .versions
        .deploy(NewDeployment {
            mode: DeploymentMode::Pin,
            from: shared.versions.served().await?,
            to: Served::Version(manifest.version),
            version: Some(manifest.version),
            position: None,
            actor: request.actor,
            reason: request.reason,
            details: request.details,
        })
        .await?;
    serve(shared, &Serving::One(deployment.to)).await?;
    Ok(deployment)
}

/// The version is checked first, so that a restore record always names a sound one.
async fn restore(
    shared: &Arc<Shared>,
    manifest: &VersionManifest,
    request: RollbackRequest,
) -> Result<Deployment, EngineError> {
    shared.version(manifest.version).await?;
    let from = shared.versions.served().await?;
    let record = NewRecord { body: RecordBody::Restore { version: manifest.version }, retry_hash: None };
    let outcomes = shared.log.append(vec![record]).await?;
    let position = match outcomes.first() {
        Some(Outcome::Accepted(position) | Outcome::Duplicate(position) | Outcome::Conflict(position)) => *position,
        None => unreachable!("one outcome a record"),
    };
    // Written down before it is applied: the record is durable, so it will be.
    let deployment = shared
        .versions
        .deploy(NewDeployment {
            mode: DeploymentMode::Restore,
            from,
            to: Served::Live,
            version: Some(manifest.version),
            position: Some(position),
            actor: request.actor,
            reason: request.reason,
            details: request.details,
        })
        .await?;
    shared.wait_applied(position, RESTORE_TIMEOUT).await?;
    serve(shared, &Serving::One(Served::Live)).await?;
    Ok(deployment)
}

/// Serves the live state again.
pub async fn unpin(shared: &Arc<Shared>, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
    let _only_one = shared.rollback.try_lock().map_err(|_| EngineError::RollbackRunning)?;
    let deployment = shared
        .versions
        .deploy(NewDeployment {
            mode: DeploymentMode::Unpin,
            from: shared.versions.served().await?,
            to: Served::Live,
            version: None,
            position: None,
            actor,
            reason,
            details: None,
        })
        .await?;
    serve(shared, &Serving::One(Served::Live)).await?;
    Ok(deployment)
}
