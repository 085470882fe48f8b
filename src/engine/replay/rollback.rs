//! Replay for rollbacks: a function of the log alone, so every process and every recovery finds the same state.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};

use crate::engine::{
    EngineError,
    replay::rules::{Lineage, Origin, RestoreAt, Rules},
    replay::run::{Counts, Progress, Replayed, RestoreResolver, Source, replay},
    snapshots::recent_states::StateAt,
    stores::Stores,
};
use shelfmark_domain::{
    Derived, Exclusions, Interval, Position, RecordBody, ReplayOrigin, VersionManifest, VersionNumber, VersionRef,
};
use shelfmark_log::LogError;
use shelfmark_state::State;
use shelfmark_store::versions::VersionError;

/// Records that are left to the learner's feed when the result of a replay is stored: well below a second.
const REST_RECORDS_MAX: u64 = 2048;
/// Rounds after which the rest is left to it however much it is: the log grows faster than it can be replayed.
const ROUNDS_MAX: usize = 8;

/// Pause before a database that failed is asked for a version again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

impl Stores {
    /// Returns the log, with the restores that this model's stores resolve.
    pub fn source(&self) -> Source<'_> {
        Source { log: &self.log, restores: self }
    }
}

impl RestoreResolver for Stores {
    /// Waits while the database is away.
    fn resolve<'a>(
        &'a self,
        position: Position,
        version: VersionNumber,
        replay: Option<&'a Exclusions>,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<State, EngineError>> {
        let resolving = async move {
            loop {
                let state = match replay {
                    None => self.version(version).await.map(|version| version.state.clone()),
                    Some(except) => {
                        let replayed_state = replay_except(self, version, except, position.previous(), progress).await;
                        replayed_state.map(|replayed_state| replayed_state.at.state)
                    }
                };
                match state {
                    Err(EngineError::Version(VersionError::Database(_)) | EngineError::Log(LogError::Database(_)))
                        if !progress.cancelled.is_cancelled() =>
                    {
                        tracing::warn!(%version, "restore.retry: version {version} cannot be read now, trying again");
                        tokio::time::sleep(RETRY_PAUSE).await;
                    }
                    state => return state,
                }
            }
        };
        resolving.boxed()
    }
}

/// The log and the version store, as the rules look at them.
pub struct Stored<'a>(pub &'a Stores);

impl Lineage for Stored<'_> {
    type Error = EngineError;

    async fn last_restore(&self, within: Interval) -> Result<Option<RestoreAt>, EngineError> {
        let Some(record) = self.0.log.last_restore(within).await? else { return Ok(None) };
        let RecordBody::Restore { version, replay } = record.body else { return Ok(None) };
        Ok(Some(RestoreAt { position: record.position, version, replay: replay.map(|except| *except) }))
    }

    async fn origin(&self, version: VersionNumber) -> Result<Origin, EngineError> {
        Ok(origin(self.0.versions.get(&VersionRef::Number(version)).await?))
    }
}

fn origin(manifest: VersionManifest) -> Origin {
    let replay = match manifest.derived {
        Some(Derived::Replay(ReplayOrigin { from, except })) => Some((from, except)),
        Some(Derived::Cut(_)) | None => None,
    };
    Origin { version: manifest.version, position: manifest.position, replay }
}

/// What a replay begins from.
pub struct Base {
    /// The version; `None` when it is not stored: it is the log's state then.
    pub stored: Option<VersionManifest>,
    /// Its state.
    pub at: StateAt,
}

/// Stands for a base that is not stored: numbers begin at 1.
pub const NOT_STORED: VersionNumber = VersionNumber(0);

impl Base {
    async fn of(stores: &Stores, version: VersionNumber) -> Result<Self, EngineError> {
        let manifest = stores.versions.get(&VersionRef::Number(version)).await?;
        let state = stores.version(version).await?.state.clone();
        Ok(Self { at: StateAt { state, position: manifest.position }, stored: Some(manifest) })
    }

    async fn rules(&self, stores: &Stores, except: &Exclusions, through: Position) -> Result<Rules, EngineError> {
        let origin = match &self.stored {
            Some(manifest) => origin(manifest.clone()),
            None => Origin { version: NOT_STORED, position: self.at.position, replay: None },
        };
        Rules::resolve(&Stored(stores), origin, except, through).await
    }

    /// The first state under these rules: of the base, or of the version that takes its place.
    async fn first(&self, stores: &Stores, rules: &Rules) -> Result<StateAt, EngineError> {
        let own = self.stored.as_ref().map_or(NOT_STORED, |manifest| manifest.version);
        let mut state = match rules.start {
            start if start == own => self.at.state.clone(),
            start => stores.version(start).await?.state.clone(),
        };
        state.touched.clear();
        Ok(StateAt { state, position: rules.after })
    }
}

/// What the log through a position makes of a version's state without the records that `except` names.
pub async fn replay_except(
    stores: &Stores,
    version: VersionNumber,
    except: &Exclusions,
    through: Position,
    progress: &Progress,
) -> Result<Replayed, EngineError> {
    let base = Base::of(stores, version).await?;
    let rules = base.rules(stores, except, through).await?;
    let first = base.first(stores, &rules).await?;
    replay(stores.source(), first, Some(&rules), through, progress).await
}

/// The same through the head, in rounds, until little is left between the result and the head. Also says which stored
/// version the result grew from.
pub async fn replay_to_head(
    stores: &Stores,
    base: &Base,
    except: &Exclusions,
    progress: &Progress,
) -> Result<(Replayed, Option<VersionNumber>), EngineError> {
    let mut head = stores.log.head().await?;
    let mut rules = base.rules(stores, except, head).await?;
    let mut replayed_state = Replayed { at: base.first(stores, &rules).await?, counts: Counts::default() };
    for _ in 0..ROUNDS_MAX {
        let Replayed { at, mut counts } = replayed_state;
        let round = replay(stores.source(), at, Some(&rules), head, progress).await?;
        counts.add(round.counts);
        replayed_state = Replayed { at: round.at, counts };
        head = stores.log.head().await?;
        if head.since(replayed_state.at.position) <= REST_RECORDS_MAX {
            break;
        }
        let now = base.rules(stores, except, head).await?;
        if now != rules {
            // Another process rolled back meanwhile: what was learned may be dropped now.
            rules = now;
            replayed_state = Replayed { at: base.first(stores, &rules).await?, counts: Counts::default() };
        }
    }
    Ok((replayed_state, Some(rules.start).filter(|start| *start != NOT_STORED)))
}
