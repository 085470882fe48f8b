//! Taking versions: on demand, by count, by time and at shutdown, without stopping learning or reading.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    EngineError,
    cache::CachedVersion,
    growth::Grown,
    metrics::{VERSION_SECONDS, VERSIONS},
    retention,
    shared::Shared,
    worker::Snapshot,
};
use crate::{
    domain::{Position, VersionManifest, VersionNumber},
    learner::fingerprint,
    state::State,
    versions::{Chain, NewSegments, NewVersion, VersionError},
};

/// Who takes versions by count, time and at shutdown.
pub const SYSTEM: &str = "system";
/// How often count and time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Longest wait for the learner to meet the record that forgets a user.
const FORGET_TIMEOUT: Duration = Duration::from_secs(60);

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
    loop {
        match take_once(shared, &take).await {
            // A user was forgotten meanwhile; what the learner holds once it has met that can be stored.
            Err(EngineError::Version(VersionError::Outdated)) => {
                shared.wait_applied(shared.log.head().await?, FORGET_TIMEOUT).await?;
            }
            taken => return taken,
        }
    }
}

async fn take_once(shared: &Arc<Shared>, take: &TakeVersion) -> Result<VersionManifest, EngineError> {
    let started = Instant::now();
    let (Snapshot { state, position, digester }, mut grown) = shared.snapshot_to_store().await?;
    let saved = loop {
        let delta_of = delta_of(shared, &state, &grown).await;
        let segments = match (&delta_of, &grown.touched) {
            (Ok(Some(_)), Some(touched)) => state.delta_segments(touched),
            _ => state.segments(),
        };
        let new = NewVersion {
            position,
            seen_through: position,
            parent: grown.parent,
            delta_of: delta_of.unwrap_or_default(),
            digest: digester.digest(),
            label: take.label.clone(),
            reason: take.reason.clone(),
            actor: take.actor.clone(),
            metrics: metrics(shared, &state),
            fingerprint: fingerprint(),
            segments: NewSegments::new(segments),
        };
        match shared.versions.save(new).await {
            // Somebody deleted the version that it would have stood on.
            Err(VersionError::NotFound(_)) if grown.touched.take().is_some() => {}
            saved => break saved,
        }
    };
    let manifest = match saved {
        Ok(manifest) => manifest,
        Err(error) => {
            shared.growth().not_stored(grown);
            return Err(error.into());
        }
    };
    shared.growth().stored(&grown, manifest.version);
    shared.cache.insert(Arc::new(CachedVersion::new(manifest.version, position, state, digester)));
    counter!(VERSIONS).increment(1);
    histogram!(VERSION_SECONDS).record(started.elapsed());
    tracing::info!(
        model = %shared.name, version = %manifest.version, %position, bytes = manifest.bytes,
        "version.taken: version {} at position {position}", manifest.version
    );
    Ok(manifest)
}

fn metrics(shared: &Shared, state: &State) -> serde_json::Value {
    let counters = state.readable.counters;
    serde_json::json!({
        "events": counters.events,
        "items": state.readable.catalog.len(),
        "users": state.readable.users.len(),
        "sessions": state.readable.sessions.len(),
        "quarantined_events": counters.quarantined,
        "clipped_steps": counters.clipped,
        "quality": shared.watch.quality(),
    })
}

/// The version that the next one may be a delta of: its parent, unless its rows' changes are not known, its chain is long,
/// or the chain's deltas would outgrow their base.
async fn delta_of(shared: &Shared, state: &State, grown: &Grown) -> Result<Option<VersionNumber>, VersionError> {
    let (Some(parent), Some(touched)) = (grown.parent, &grown.touched) else { return Ok(None) };
    let Some(Chain { depth, base_raw_bytes, deltas_raw_bytes }) = shared.versions.chain(parent).await? else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = deltas_raw_bytes as f64 / base_raw_bytes.max(1) as f64;
    Ok((depth < shared.settings.chain_max && share + state.share_of(touched) <= 1.0).then_some(parent))
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
    if let Err(error) = retention::tidy(shared).await {
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
