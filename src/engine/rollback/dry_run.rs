//! Dry run of a rollback: what it would change, without changing it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::engine::{
    EngineError,
    blocking::blocking,
    learning::handle::{LearnerHandle, Snapshot},
    replay::{
        rollback::{Base, replay_to_head},
        run::{Counts, Progress},
    },
    rollback::materialise::{ResolvedTarget, state_at},
    snapshots::{recent_states::StateAt, store::figures},
    stores::Stores,
};
use shelfmark_domain::{Digest, ExclusionReason, Position, RollbackMode, RollbackRequest, Served, VersionNumber};
use shelfmark_monitor::diff::{Diff, DiffOptions, Side, diff};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{Digester, State};

/// How much a dry run tells of what would change.
const DIFF: DiffOptions = DiffOptions { top: 10, k: 10 };

/// Where a state stands.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// The stored version that it is, if it is one.
    #[schema(value_type = Option<u32>)]
    pub version: Option<VersionNumber>,
    /// Last position that it took into account.
    pub position: Position,
    /// Its digest.
    pub digest: Digest,
}

/// What a rollback would do.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DryRun {
    /// How it would go about it.
    pub mode: RollbackMode,
    /// The live state now.
    pub from: Standing,
    /// The state that the rollback leads to.
    pub to: Standing,
    /// Of a replay: the records after its start. Of a restore: those that it would leave unapplied.
    pub counts: Counts,
    /// What would be different.
    pub diff: Diff,
}

/// Makes the state that a rollback leads to, beside everything else, and lets it go again.
pub async fn dry_run(
    stores: &Stores,
    learner: &LearnerHandle,
    target: ResolvedTarget,
    request: &RollbackRequest,
    progress: &Progress,
) -> Result<DryRun, EngineError> {
    let before = learner.snapshot().await?;
    let (stored, at) = match target {
        ResolvedTarget::Stored(manifest) => {
            let version = stores.version(manifest.version).await?;
            let at = StateAt { state: version.state.clone(), position: manifest.position };
            (Some(*manifest), at)
        }
        ResolvedTarget::Position(position) => (None, Box::pin(state_at(stores, position, progress)).await?.at),
    };
    let version = stored.as_ref().map(|manifest| manifest.version);
    let mut counts = Counts::default();
    match request.mode {
        RollbackMode::Replay => {
            let base = Base { stored, at };
            let (replayed_state, _) = Box::pin(replay_to_head(stores, &base, &request.except, progress)).await?;
            return Ok(Box::pin(report(request.mode, before, replayed_state.at, None, replayed_state.counts)).await);
        }
        RollbackMode::Restore => {
            let unapplied = before.position.since(at.position);
            counts.records = unapplied;
            counts.left_out.insert(ExclusionReason::Restores, unapplied);
        }
        RollbackMode::Pin => {}
    }
    Ok(Box::pin(report(request.mode, before, at, version, counts)).await)
}

/// Compares the live state with the one that the rollback leads to.
async fn report(
    mode: RollbackMode,
    before: Snapshot,
    after: StateAt,
    version: Option<VersionNumber>,
    counts: Counts,
) -> DryRun {
    let StateAt { state, position } = after;
    let from = Standing { version: None, position: before.position, digest: before.digester.digest() };
    let (digest, diff) = blocking(move || {
        let digest = Digester::new(&state).digest();
        let (old, new) = (view_of(&before.state, before.position), view_of(&state, position));
        let (old_figures, new_figures) =
            (figures(&before.state.inference, &Value::Null), figures(&state.inference, &Value::Null));
        let old = Side { view: &old, label: None, digest: Some(from.digest), metrics: &old_figures };
        let new = Side { view: &new, label: None, digest: Some(digest), metrics: &new_figures };
        (digest, diff(&old, &new, DIFF))
    })
    .await;
    DryRun { mode, from, to: Standing { version, position, digest }, counts, diff }
}

fn view_of(state: &State, position: Position) -> Arc<View> {
    Publisher::from_scratch(&state.inference, position, Served::Live)
}
