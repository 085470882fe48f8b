//! Taking versions: on demand, by count, by time and at shutdown, without stopping learning or reading.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    EngineError,
    cache::CachedVersion,
    metrics::{VERSION_SECONDS, VERSIONS},
    shared::{Shared, blocking},
    worker::Snapshot,
};
use crate::{
    domain::{Derived, Digest, Position, VersionManifest, VersionNumber},
    learner::fingerprint,
    state::State,
    versions::{NewVersion, VersionError},
};

/// Who takes versions by count, time and at shutdown, and on the way of a rollback.
pub const SYSTEM: &str = "system";
/// How often count and time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Items up to which a version is made ready for readers when it is taken, so that going back to it takes no time. It is a
/// copy of all vectors: larger ones are made ready when somebody asks for them.
const PREPARED_ITEMS_MAX: usize = 50_000;
/// Versions looked at when old ones are cleared away.
const RETENTION_PAGE: usize = 500;

/// A version to take now.
#[derive(Debug, Clone)]
pub struct TakeVersion {
    /// Name.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
}

/// A state about to be stored.
pub struct NewState {
    /// The state.
    pub state: State,
    /// Where it stands.
    pub position: Position,
    /// Its digest.
    pub digest: Digest,
    /// The version it grew from.
    pub parent: Option<VersionNumber>,
    /// How it was made, when it is not the log's.
    pub derived: Option<Derived>,
    /// Name.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// Live quality at that moment; null for a state that was not live.
    pub quality: Value,
}

/// Takes a version of the live state at the end of the append in work.
pub async fn take(shared: &Arc<Shared>, take: TakeVersion) -> Result<VersionManifest, EngineError> {
    let _one_at_a_time = shared.taking.lock().await;
    let Snapshot { state, position, digest, parent } = shared.snapshot().await?;
    let TakeVersion { label, reason, actor } = take;
    let quality = json!(shared.watch.quality());
    let new = NewState { state, position, digest, parent, derived: None, label, reason, actor, quality };
    let manifest = store(shared, new).await?;
    shared.set_parent(Some(manifest.version));
    Ok(manifest)
}

/// Stores a state, and keeps it in memory.
pub async fn store(shared: &Shared, new: NewState) -> Result<VersionManifest, EngineError> {
    let started = Instant::now();
    let NewState { state, position, digest, parent, derived, label, reason, actor, quality } = new;
    let encoded = state.clone();
    let segments = blocking(move || encoded.to_segments()).await;
    let counters = state.readable.counters;
    let metrics = json!({
        "events": counters.events,
        "items": state.readable.catalog.len(),
        "users": state.readable.users.len(),
        "sessions": state.readable.sessions.len(),
        "quarantined_events": counters.quarantined,
        "clipped_steps": counters.clipped,
        "quality": quality,
    });
    let fingerprint = fingerprint();
    let new = NewVersion { position, parent, digest, label, reason, actor, metrics, fingerprint, derived, segments };
    let manifest = Box::pin(shared.versions.save(new)).await?;
    let version = Arc::new(CachedVersion::new(&manifest, state));
    shared.cache.insert(Arc::clone(&version));
    if version.state.readable.catalog.len() <= PREPARED_ITEMS_MAX {
        blocking(move || drop(version.view())).await;
    }
    counter!(VERSIONS).increment(1);
    histogram!(VERSION_SECONDS).record(started.elapsed());
    tracing::info!(
        model = %shared.name, version = %manifest.version, %position, bytes = manifest.bytes,
        "version.taken: version {} at position {position}", manifest.version
    );
    Ok(manifest)
}

/// Takes the version of a clean end, when something changed since the last one.
pub async fn take_at_shutdown(shared: &Arc<Shared>) {
    if !shared.settings.version_at_shutdown {
        return;
    }
    let newest = shared.versions.newest(None).await.ok().flatten().map(|manifest| manifest.position);
    if newest.unwrap_or(Position::ZERO) < shared.position() {
        take_for(shared, "shutdown").await;
    }
}

async fn take_for(shared: &Arc<Shared>, reason: &str) {
    let asked = TakeVersion { label: None, reason: Some(reason.to_owned()), actor: SYSTEM.to_owned() };
    if let Err(error) = take(shared, asked).await {
        tracing::warn!(model = %shared.name, %error, "version.failed: no version was taken for {reason}");
        return;
    }
    if let Err(error) = clear_old(shared).await {
        tracing::warn!(model = %shared.name, %error, "version.retention: old versions stay for now");
    }
}

/// Takes versions by count and time. Every process may; whoever sees that one is due and holds the lock does.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let settings = &shared.settings;
    let mut last = Instant::now();
    // Where the newest version stood when the store was last asked: it is asked again only when one may be due.
    let mut newest_known = Position::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        let by_time = !settings.version_interval.is_zero() && last.elapsed() >= settings.version_interval;
        let many = |since: u64| settings.version_records > 0 && since >= settings.version_records;
        if !by_time && !many(shared.position().since(newest_known)) {
            continue;
        }
        let Ok(newest) = shared.versions.newest(None).await else { continue };
        newest_known = newest.map_or(Position::ZERO, |manifest| manifest.position);
        let since = shared.position().since(newest_known);
        let by_count = many(since);
        if !(by_count || by_time && since > 0) {
            continue;
        }
        last = Instant::now();
        match shared.versions.try_become_taker().await {
            Ok(Some(_taker)) => take_for(&shared, if by_count { "count" } else { "time" }).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(model = %shared.name, %error, "version.lock: no version was taken"),
        }
    }
}

/// Deletes the versions that nobody asked for beyond the newest `versions_kept`, and those that a rollback made on its way and
/// that nothing names: no label, no restore in the log, nobody who is served it, and no operation that may be about to.
async fn clear_old(shared: &Shared) -> Result<(), EngineError> {
    let oldest_running = shared.operations.store().oldest_running().await?;
    let versions = shared.versions.list(None, RETENTION_PAGE).await?;
    let automatic = versions.iter().filter(|manifest| manifest.actor == SYSTEM && manifest.label.is_none());
    let (derived, taken): (Vec<_>, Vec<_>) = automatic.partition(|manifest| manifest.derived.is_some());
    let left_over =
        derived.into_iter().filter(|manifest| oldest_running.is_none_or(|began| manifest.created_at < began));
    for manifest in taken.into_iter().skip(shared.settings.versions_kept.max(1)).chain(left_over) {
        match shared.versions.delete(manifest.version).await {
            Ok(()) | Err(VersionError::InUse(_) | VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
