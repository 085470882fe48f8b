//! Storing of a state as a version: as a delta or whole, read back before it is committed.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::engine::{
    EngineError,
    blocking::blocking,
    snapshots::{cache::CachedVersion, delta_tracker::PendingDelta},
    stores::Stores,
};
use shelfmark_domain::{Derived, Position, VersionManifest, VersionNumber};
use shelfmark_learner::fingerprint;
use shelfmark_state::{Digester, InferenceState, ReadBack, State, Touched};
use shelfmark_store::versions::{Chain, NewSegments, NewVersion, VersionError};

/// Items up to which a version is made ready for readers when it is taken, so that going back to it takes no time. It
/// is a copy of all vectors: larger ones are made ready when somebody asks for them.
const PREPARED_ITEMS_MAX: usize = 50_000;

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
    pub delta: PendingDelta,
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

/// Stores a state, and keeps it in memory.
pub async fn store(stores: &Stores, new: &NewState) -> Result<VersionManifest, EngineError> {
    let started = Instant::now();
    let NewState { state, position, digester, delta, .. } = new;
    let mut touched = delta.touched.as_ref();
    let manifest = loop {
        let delta_of = delta_of(stores, state, delta.parent, touched).await?;
        let segments = match touched.filter(|_| delta_of.is_some()) {
            Some(touched) => state.delta_segments(touched),
            None => state.segments(),
        };
        let read_back = match read_back(stores, new, delta_of).await {
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
            parent: delta.parent,
            delta_of,
            digest: digester.digest(),
            label: new.label.clone(),
            reason: new.reason.clone(),
            actor: new.actor.clone(),
            metrics: figures(&state.inference, &new.quality),
            fingerprint: fingerprint(),
            derived: new.derived.clone(),
            segments: NewSegments::new(segments),
            read_back: Some(Box::new(read_back)),
        };
        match Box::pin(stores.versions.save(version)).await {
            // Somebody deleted the version that it would have stood on.
            Err(VersionError::NotFound(_)) if delta_of.is_some() => touched = None,
            Err(error @ (VersionError::ReadBack(_) | VersionError::Corrupt { .. })) => {
                stores.read_back_failed();
                let again = delta_of.is_some();
                let detail = if again { "all rows are stored instead" } else { "no version was taken" };
                tracing::error!(
                    model = %stores.name, %position, error = &error as &dyn std::error::Error,
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
    stores.cache.insert(Arc::clone(&version));
    if version.state.inference.catalog.len() <= PREPARED_ITEMS_MAX {
        blocking(move || drop(version.view())).await;
    }
    stores.metrics.version_taken(started.elapsed());
    tracing::info!(
        model = %stores.name, version = %manifest.version, %position, bytes = manifest.bytes,
        "version.taken: version {} at position {position}", manifest.version
    );
    Ok(manifest)
}

/// What the stored pieces of a state must be when they are read back. A delta's parent is in memory unless many other
/// versions were asked for since it was taken; then it is loaded.
async fn read_back(stores: &Stores, new: &NewState, delta_of: Option<VersionNumber>) -> Result<ReadBack, EngineError> {
    let (state, digest) = (new.state.clone(), new.digester.digest());
    Ok(match delta_of {
        None => ReadBack::base(state, digest),
        Some(parent) => {
            let parent = stores.version(parent).await?;
            ReadBack::delta(state, digest, parent.state.clone(), parent.digester.clone())
        }
    })
}

/// What a manifest says of a state; `quality` is live quality at that moment, or null.
pub fn figures(inference: &InferenceState, quality: &Value) -> Value {
    let counters = inference.counters;
    json!({
        "events": counters.events,
        "items": inference.catalog.len(),
        "users": inference.users.count(),
        "sessions": inference.sessions.count(),
        "quarantined_events": counters.quarantined,
        "clipped_steps": counters.clipped,
        "quality": quality,
    })
}

/// The version that the next one may be a delta of: its parent, unless what changed since is not known, its chain is
/// long, or the chain's deltas would outgrow their base.
async fn delta_of(
    stores: &Stores,
    state: &State,
    parent: Option<VersionNumber>,
    touched: Option<&Touched>,
) -> Result<Option<VersionNumber>, VersionError> {
    let (Some(parent), Some(touched)) = (parent, touched) else { return Ok(None) };
    let Some(Chain { depth, base_raw_bytes, deltas_raw_bytes }) = stores.versions.chain(parent).await? else {
        return Ok(None);
    };
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = deltas_raw_bytes as f64 / base_raw_bytes.max(1) as f64;
    let small = depth < stores.settings.chain_max && share + state.share_of(touched) <= 1.0;
    Ok((small && !touched.reshaped()).then_some(parent))
}
