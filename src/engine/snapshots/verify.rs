//! Offline verification of a database: each version is what was stored, and the log leads from each to the next (P3,
//! P4, P7).

use std::sync::Arc;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    Dependencies, EngineError,
    blocking::blocking,
    learning::recovery::beginning,
    models::open::open,
    replay::run::{Progress, replay},
    snapshots::{load::load_version, recent_states::StateAt},
    stores::Stores,
};
use shelfmark_domain::{Digest, Position, VersionManifest, VersionNumber, VersionRef};
use shelfmark_learner::fingerprint;
use shelfmark_log::{LogCheck, LogSettings};
use shelfmark_state::Digester;
use shelfmark_store::model_catalog;
use shelfmark_store::versions::{ManifestCheck, VersionError};

/// Told the model, and of its log the position reached and the head.
pub type ProgressFn = dyn Fn(&str, Position, Position) + Send + Sync;

/// What to check, and whom to tell how far it is.
pub struct Verify {
    /// Also learn the log again between the versions, and from the beginning to the first.
    pub replay: bool,
    /// Told how far it is.
    pub reached: Arc<ProgressFn>,
}

/// What was found of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedModel {
    /// The model.
    pub model: String,
    /// Last position of its log.
    pub head: Position,
    /// What was found of the log's records and checksums.
    pub log: LogCheck,
    /// Its versions, oldest first.
    pub versions: Vec<VerifiedVersion>,
    /// What the log leads to from the newest version; null unless it was learned again.
    pub digest: Option<Digest>,
    /// What is wrong; empty when nothing is.
    pub problems: Vec<String>,
}

/// What was found of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedVersion {
    /// The version.
    pub version: VersionNumber,
    /// Where it stands.
    pub position: Position,
    /// Whether its segments have their checksums and its state its digest.
    pub stored: bool,
    /// Whether the log leads to it from the version before; null when that was not asked, or cannot be said.
    pub replayed: Option<bool>,
    /// Why it cannot be said, or what is wrong.
    pub detail: Option<String>,
}

/// Checks every model of a database.
pub async fn verify(with: &Dependencies, verify: &Verify) -> Result<Vec<VerifiedModel>, EngineError> {
    let mut models = Vec::new();
    // A damaged record is named by the check of the log. What it leads to is found out all the same.
    let log = LogSettings { accept_damaged: true, ..with.log.clone() };
    let with = Dependencies { log, ..with.clone() };
    for listed in model_catalog::list(&with.pool).await? {
        let stores = open(&listed, &with).await?;
        models.push(Box::pin(model(&stores, verify)).await?);
    }
    Ok(models)
}

async fn model(stores: &Stores, verify: &Verify) -> Result<VerifiedModel, EngineError> {
    let head = stores.log.head().await?;
    let name = stores.name.as_str().to_owned();
    let mut problems = Vec::new();
    let log = stores.log.check(&|_| {}).await?;
    problems.extend(log.problems.iter().map(|problem| format!("log: {problem}")));
    let mut manifests = manifests(stores, &mut problems).await?;
    manifests.sort_by_key(|manifest| (manifest.position, manifest.version));
    let mut versions = Vec::with_capacity(manifests.len());
    let mut from = first(stores, &mut problems).await?;
    for manifest in manifests {
        (verify.reached)(&name, manifest.position, head);
        let (found, state) = Box::pin(version(stores, verify, &manifest, from.take(), head)).await?;
        if let Some(detail) = &found.detail
            && (!found.stored || found.replayed == Some(false))
        {
            problems.push(format!("version {}: {detail}", manifest.version));
        }
        versions.push(found);
        from = state;
    }
    let digest = match from.filter(|_| verify.replay) {
        Some(from) => match to(stores, verify, from, head, head).await {
            Ok((_, digest)) => Some(digest),
            Err(error) => {
                problems.push(error.to_string());
                None
            }
        },
        None => None,
    };
    Ok(VerifiedModel { model: name, head, log, versions, digest, problems })
}

/// Reads the manifests. Adds those to the problems that were changed, are gone, or that nobody made.
async fn manifests(stores: &Stores, problems: &mut Vec<String>) -> Result<Vec<VersionManifest>, EngineError> {
    let ManifestCheck { visible, changed, missing, unknown } = stores.versions.check_manifests().await?;
    for (versions, what) in [
        (changed, "a field of its manifest was changed"),
        (missing, "it was stored and never deleted, and its manifest is missing"),
        (unknown, "its manifest is there, and it was never stored, or was deleted"),
    ] {
        problems.extend(versions.iter().map(|version| format!("version {version}: {what}")));
    }
    let mut manifests = Vec::with_capacity(visible.len());
    for version in visible {
        match stores.versions.get(&VersionRef::Number(version)).await {
            Ok(manifest) => manifests.push(manifest),
            Err(error @ VersionError::Corrupt { .. }) => problems.push(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(manifests)
}

/// The state before the first record, unless it is damaged.
async fn first(stores: &Stores, problems: &mut Vec<String>) -> Result<Option<StateAt>, EngineError> {
    match beginning(stores).await {
        Ok(first) => Ok(Some(StateAt { state: first.state, position: first.position })),
        Err(error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. }))) => {
            problems.push(format!("the state at position 0: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Checks one version, and gives the state from which the log is learned on.
async fn version(
    stores: &Stores,
    verify: &Verify,
    manifest: &VersionManifest,
    from: Option<StateAt>,
    head: Position,
) -> Result<(VerifiedVersion, Option<StateAt>), EngineError> {
    let (number, position) = (manifest.version, manifest.position);
    let found = |stored, replayed, detail| VerifiedVersion { version: number, position, stored, replayed, detail };
    let loaded = match load_version(&stores.versions, number).await {
        Ok(version) => version,
        Err(error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. }))) => {
            return Ok((found(false, None, Some(error.to_string())), from));
        }
        Err(error) => return Err(error),
    };
    if manifest.derived.is_some() {
        let detail = "made beside the log: its state is not the log's".to_owned();
        return Ok((found(true, None, Some(detail)), from));
    }
    let next = Some(StateAt { state: loaded.state, position });
    if !verify.replay {
        return Ok((found(true, None, None), next));
    }
    if manifest.fingerprint != fingerprint() {
        let detail = format!("taken by a process with other numerics: {}", manifest.fingerprint);
        return Ok((found(true, None, Some(detail)), next));
    }
    let Some(from) = from else { return Ok((found(true, None, None), next)) };
    let after = from.position;
    let (replayed, detail) = match to(stores, verify, from, position, head).await {
        Ok((_, digest)) if digest == manifest.digest => (true, None),
        Ok((_, digest)) => (false, Some(format!("P4: the log leads from position {after} to digest {digest}"))),
        Err(error) => (false, Some(error.to_string())),
    };
    Ok((found(true, Some(replayed), detail), next))
}

/// Learns the log again as far as a position.
async fn to(
    stores: &Stores,
    verify: &Verify,
    from: StateAt,
    position: Position,
    head: Position,
) -> Result<(StateAt, Digest), EngineError> {
    let (reached, name) = (Arc::clone(&verify.reached), stores.name.as_str().to_owned());
    let progress = Progress {
        reached: Arc::new(move |position| reached(&name, position, head)),
        cancelled: CancellationToken::new(),
    };
    let at = Box::pin(replay(stores.source(), from, None, position, &progress)).await?.at;
    let state = at.state.clone();
    let digest = blocking(move || Digester::new(&state).digest()).await;
    Ok((at, digest))
}
