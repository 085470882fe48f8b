//! Taking versions: on demand, by count, by time and at shutdown, without stopping learning or reading.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
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
    domain::{Position, VersionManifest},
    learner::fingerprint,
    state::Readable,
    versions::{NewVersion, VersionError},
};

/// Who takes versions by count, time and at shutdown.
const SYSTEM: &str = "system";
/// How often count and time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
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

/// Takes a version of the live state at the end of the append in work.
pub async fn take(shared: &Arc<Shared>, take: TakeVersion) -> Result<VersionManifest, EngineError> {
    let _one_at_a_time = shared.taking.lock().await;
    let started = Instant::now();
    let Snapshot { state, position, digest, parent } = shared.snapshot().await?;
    let encoded = state.clone();
    let segments = blocking(move || encoded.to_segments()).await;
    let metrics = figures(shared, &state.readable);
    let new = NewVersion {
        position,
        parent,
        digest,
        label: take.label,
        reason: take.reason,
        actor: take.actor,
        metrics,
        fingerprint: fingerprint(),
        segments,
    };
    let manifest = shared.versions.save(new).await?;
    shared.set_parent(Some(manifest.version));
    shared.cache.insert(Arc::new(CachedVersion::new(manifest.version, position, state)));
    counter!(VERSIONS).increment(1);
    histogram!(VERSION_SECONDS).record(started.elapsed());
    tracing::info!(
        model = %shared.name, version = %manifest.version, %position, bytes = manifest.bytes,
        "version.taken: version {} at position {position}", manifest.version
    );
    Ok(manifest)
}

/// What a manifest says of a state that is live now.
pub fn figures(shared: &Shared, readable: &Readable) -> serde_json::Value {
    let counters = readable.counters;
    serde_json::json!({
        "events": counters.events,
        "items": readable.catalog.len(),
        "users": readable.users.len(),
        "sessions": readable.sessions.len(),
        "quarantined_events": counters.quarantined,
        "clipped_steps": counters.clipped,
        "quality": shared.watch.quality(),
    })
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

/// Deletes the versions that nobody asked for beyond the newest `versions_kept`.
async fn clear_old(shared: &Shared) -> Result<(), EngineError> {
    let versions = shared.versions.list(None, RETENTION_PAGE).await?;
    let automatic = versions.iter().filter(|manifest| manifest.actor == SYSTEM && manifest.label.is_none());
    for manifest in automatic.skip(shared.settings.versions_kept.max(1)) {
        match shared.versions.delete(manifest.version).await {
            Ok(()) | Err(VersionError::InUse(_) | VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
