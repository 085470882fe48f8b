//! Taking versions: on demand, by count, by time and at shutdown, without stopping learning or reading.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    learning::worker::Snapshot,
    metrics::{VERSION_SECONDS, VERSIONS},
    shared::{Shared, blocking},
    versioning::{cache::CachedVersion, growth::Grown, retention},
};
use crate::{
    domain::{Derived, Position, VersionManifest, VersionNumber},
    learner::fingerprint,
    state::{Digester, ReadBack, Readable, State, Touched},
    versions::{Chain, NewSegments, NewVersion, VersionError},
};

/// Who takes versions by count, time and at shutdown, and on the way of a rollback.
pub const SYSTEM: &str = "system";
/// How often count and time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Items up to which a version is made ready for readers when it is taken, so that going back to it takes no time. It is a
/// copy of all vectors: larger ones are made ready when somebody asks for them.
const PREPARED_ITEMS_MAX: usize = 50_000;
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

/// A state about to be stored.
pub struct NewState {
    /// The state.
    pub state: State,
    /// Where it stands.
    pub position: Position,
    /// As of which position it is known who was forgotten: see [`NewVersion::seen_through`].
    pub seen_through: Position,
    /// Its hashes.
    pub digester: Digester,
    /// What it grew from, and what changed since.
    pub grown: Grown,
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
    loop {
        match take_once(shared, take.clone()).await {
            // A user was forgotten meanwhile; what the learner holds once it has met that can be stored.
            Err(EngineError::Version(VersionError::Outdated)) => {
                shared.wait_applied(shared.log.head().await?, FORGET_TIMEOUT).await?;
            }
            taken => return taken,
        }
    }
}

async fn take_once(shared: &Shared, take: TakeVersion) -> Result<VersionManifest, EngineError> {
    let (Snapshot { state, position, digester }, grown) = shared.snapshot_to_store().await?;
    let TakeVersion { label, reason, actor } = take;
    let quality = json!(shared.watch.quality());
    let seen_through = position;
    let new = NewState { state, position, seen_through, digester, grown, derived: None, label, reason, actor, quality };
    let stored = store(shared, &new).await;
    match &stored {
        Ok(manifest) => shared.growth().stored(&new.grown, manifest.version),
        Err(_) => shared.growth().not_stored(new.grown),
    }
    stored
}

/// Stores a state, and keeps it in memory.
pub async fn store(shared: &Shared, new: &NewState) -> Result<VersionManifest, EngineError> {
    let started = Instant::now();
    let NewState { state, position, digester, grown, .. } = new;
    let mut touched = grown.touched.as_ref();
    let manifest = loop {
        let delta_of = delta_of(shared, state, grown.parent, touched).await?;
        let segments = match touched.filter(|_| delta_of.is_some()) {
            Some(touched) => state.delta_segments(touched),
            None => state.segments(),
        };
        let read_back = match read_back(shared, new, delta_of).await {
            Ok(read_back) => read_back,
            // Its parent is gone, or damaged: this version stands on its own.
            Err(
                EngineError::Version(VersionError::NotFound(_) | VersionError::Corrupt { .. })
                | EngineError::CorruptVersion { .. },
            ) if delta_of.is_some() => {
                touched = None;
                continue;
            }
            Err(error) => return Err(error),
        };
        let version = NewVersion {
            position: *position,
            seen_through: new.seen_through,
            parent: grown.parent,
            delta_of,
            digest: digester.digest(),
            label: new.label.clone(),
            reason: new.reason.clone(),
            actor: new.actor.clone(),
            metrics: figures(&state.readable, &new.quality),
            fingerprint: fingerprint(),
            derived: new.derived.clone(),
            segments: NewSegments::new(segments),
            read_back: Some(read_back),
        };
        match Box::pin(shared.versions.save(version)).await {
            // Somebody deleted the version that it would have stood on.
            Err(VersionError::NotFound(_)) if delta_of.is_some() => touched = None,
            Err(error @ (VersionError::ReadBack(_) | VersionError::Corrupt { .. })) => {
                shared.read_back_failed();
                let again = delta_of.is_some();
                let detail = if again { "all rows are stored instead" } else { "no version was taken" };
                tracing::error!(
                    model = %shared.name, %position, error = &error as &dyn std::error::Error,
                    "version.read_back_failed: {detail}"
                );
                if !again {
                    return Err(error.into());
                }
                touched = None;
            }
            saved => break saved?,
        }
    };
    let version = Arc::new(CachedVersion::new(&manifest, state.clone(), digester.clone()));
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

/// What the stored pieces of a state must be when they are read back. A delta's parent is in memory unless many other versions
/// were asked for since it was taken; then it is loaded.
async fn read_back(shared: &Shared, new: &NewState, delta_of: Option<VersionNumber>) -> Result<ReadBack, EngineError> {
    let (state, digest) = (new.state.clone(), new.digester.digest());
    Ok(match delta_of {
        None => ReadBack::base(state, digest),
        Some(parent) => {
            let parent = shared.version(parent).await?;
            ReadBack::delta(state, digest, parent.state.clone(), parent.digester.clone())
        }
    })
}

/// What a manifest says of a state; `quality` is live quality at that moment, or null.
pub fn figures(readable: &Readable, quality: &Value) -> Value {
    let counters = readable.counters;
    json!({
        "events": counters.events,
        "items": readable.catalog.len(),
        "users": readable.users.count(),
        "sessions": readable.sessions.count(),
        "quarantined_events": counters.quarantined,
        "clipped_steps": counters.clipped,
        "quality": quality,
    })
}

/// The version that the next one may be a delta of: its parent, unless what changed since is not known, its chain is long, or
/// the chain's deltas would outgrow their base.
async fn delta_of(
    shared: &Shared,
    state: &State,
    parent: Option<VersionNumber>,
    touched: Option<&Touched>,
) -> Result<Option<VersionNumber>, VersionError> {
    let (Some(parent), Some(touched)) = (parent, touched) else { return Ok(None) };
    let Some(Chain { depth, base_raw_bytes, deltas_raw_bytes }) = shared.versions.chain(parent).await? else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = deltas_raw_bytes as f64 / base_raw_bytes.max(1) as f64;
    let small = depth < shared.settings.chain_max && share + state.share_of(touched) <= 1.0;
    Ok((small && !touched.reshaped()).then_some(parent))
}

/// Takes the version of a clean end, when something changed since the last one.
pub async fn take_at_shutdown(shared: &Arc<Shared>) {
    let settings = &shared.settings;
    if !settings.version_at_shutdown || settings.read_only || shared.is_retired() {
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
