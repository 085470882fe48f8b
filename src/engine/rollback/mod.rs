//! Rollback: pin, unpin, restore, replay. Each leaves a deployment entry.
//!
//! What stands in a version is done at once. Everything else is an operation: the target is made beside the learner and
//! stored, so that records only ever name versions; readers are served as before until the last step, which is one
//! record.

pub(super) mod dry_run;
mod materialise;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use dry_run::dry_run;
use materialise::{Materialised, ResolvedTarget, keep, materialise};

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::{deployments::Deployments, readers::Readers, slot::Claim},
    learning::handle::LearnerHandle,
    operations::{OperationContext, Started},
    replay::{
        rollback::{Base, replay_to_head},
        run::Progress,
    },
    snapshots::recent_states::StateAt,
    stores::Stores,
};
use shelfmark_domain::{
    Deployment, DeploymentMode, Derived, Exclusions, ForgottenUser, Position, ReplayOrigin, RollbackMode,
    RollbackRequest, RollbackTarget, Served, Serving, VersionManifest, VersionNumber, VersionRef,
};
use shelfmark_log::LogError;
use shelfmark_store::versions::{NewDeployment, VersionError};

/// Longest wait for the learner to meet a restore record.
const RESTORE_TIMEOUT: Duration = Duration::from_secs(120);
/// The same for a replay, whose last records the learner's feed applies first.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(600);
/// Kinds of operations that are rollbacks, or may end in one: one at a time.
pub const KINDS: &[&str] = &["pin", "restore", "replay", "dry_run", "forget"];
/// Shares of an operation's progress at which its target is made, and at which the log is replayed.
const MADE: f64 = 0.4;
const REPLAYED: f64 = 0.9;

/// What became of a rollback.
pub enum RolledBack {
    /// It is done, and readers see it.
    Done(Box<Deployment>),
    /// It takes a while.
    Started(Started),
}

/// The two ways to a stored version. Both are done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Readers see the version; the learner goes on at the head.
    Pin,
    /// The live state becomes the version's.
    Restore,
}

impl Switch {
    const fn of(mode: RollbackMode) -> Option<Self> {
        match mode {
            RollbackMode::Pin => Some(Self::Pin),
            RollbackMode::Restore => Some(Self::Restore),
            RollbackMode::Replay => None,
        }
    }

    const fn mode(self) -> RollbackMode {
        match self {
            Self::Pin => RollbackMode::Pin,
            Self::Restore => RollbackMode::Restore,
        }
    }
}

/// Who rolls back, and why: what the deployment entry says.
#[derive(Debug, Clone)]
pub struct Cause {
    pub actor: String,
    pub reason: Option<String>,
    /// More of it.
    pub details: Option<Value>,
}

/// Rollbacks of one model. Cheap to clone.
#[derive(Clone)]
pub struct Rollbacks {
    pub deployments: Deployments,
    pub learner: Arc<LearnerHandle>,
}

impl Rollbacks {
    /// The stored side of the model.
    pub fn stores(&self) -> &Stores {
        &self.deployments.stores
    }

    /// The views that readers get.
    pub fn readers(&self) -> &Readers {
        &self.deployments.readers
    }

    /// Pins, restores or replays, or finds out what that would do.
    pub async fn rollback(&self, request: RollbackRequest) -> Result<RolledBack, EngineError> {
        let kind = if request.dry_run { "dry_run" } else { request.mode.name() };
        let (claim, target) = self.begin(kind, &request.actor, &request.to).await?;
        if let (ResolvedTarget::Stored(manifest), Some(switch), false) =
            (&target, Switch::of(request.mode), request.dry_run)
        {
            let RollbackRequest { actor, reason, details, .. } = request;
            let cause = Cause { actor, reason, details };
            let deployment = self.switch(claim, manifest.version, switch, cause).await?;
            return Ok(RolledBack::Done(Box::new(deployment)));
        }
        let (ours, actor) = (self.clone(), request.actor.clone());
        let work = move |context: OperationContext| ours.run(target, request, claim, context);
        match self.stores().operations.start(kind, &actor, KINDS, work).await {
            Ok(started) => Ok(RolledBack::Started(started)),
            Err(EngineError::OperationRunning(running)) => {
                Err(EngineError::RollbackRunning(Box::new((*running).into())))
            }
            Err(error) => Err(error),
        }
    }

    /// Pins or restores a stored version; returns once readers see it.
    pub async fn switch_to(
        &self,
        version: VersionNumber,
        switch: Switch,
        cause: Cause,
    ) -> Result<Deployment, EngineError> {
        let to = RollbackTarget::Version(VersionRef::Number(version));
        let (claim, _) = self.begin(switch.mode().name(), &cause.actor, &to).await?;
        self.switch(claim, version, switch, cause).await
    }

    /// Claims the right to roll back, against other processes too, and finds the target.
    async fn begin(
        &self,
        kind: &str,
        actor: &str,
        to: &RollbackTarget,
    ) -> Result<(Claim, ResolvedTarget), EngineError> {
        let claim = self.deployments.slot.claim(kind, actor)?;
        let elsewhere = async { Ok(self.stores().operations.store().running(KINDS).await?) };
        let (target, elsewhere) = tokio::try_join!(ResolvedTarget::find(self.stores(), to), elsewhere)?;
        match elsewhere {
            Some(running) => Err(EngineError::RollbackRunning(Box::new(running.into()))),
            None => Ok((claim, target)),
        }
    }

    /// Goes to a stored version, to its end even when the caller goes away.
    async fn switch(
        &self,
        claim: Claim,
        version: VersionNumber,
        switch: Switch,
        cause: Cause,
    ) -> Result<Deployment, EngineError> {
        let ours = self.clone();
        let switched = self.stores().operations.to_its_end(async move {
            let _claim = claim;
            ours.go_to(version, switch, &cause).await
        });
        switched.await
    }

    /// The work of an operation. What it stored on its way is deleted again when it does not come to its end; what the
    /// log or readers need by then cannot be.
    async fn run(
        self,
        target: ResolvedTarget,
        request: RollbackRequest,
        claim: Claim,
        context: OperationContext,
    ) -> Result<Value, EngineError> {
        claim.runs_as(context.id);
        if request.dry_run {
            let progress = progress(&context, 0.0, REPLAYED, self.stores().log.head().await?);
            let dry_run = dry_run(self.stores(), &self.learner, target, &request, &progress);
            return Ok(json!({ "dry_run": Box::pin(dry_run).await? }));
        }
        Ok(json!({ "deployment": self.attempt(target, &request, &context).await? }))
    }

    /// Learns the log again without a user, from before the first event that named one.
    pub async fn unlearn(
        &self,
        user: &ForgottenUser,
        first: Position,
        actor: String,
        context: &OperationContext,
    ) -> Result<Deployment, EngineError> {
        let to = RollbackTarget::Position(first.previous());
        let request = RollbackRequest {
            to: to.clone(),
            mode: RollbackMode::Replay,
            except: Exclusions {
                users: [user.name()].into_iter().chain(user.users()).cloned().collect(),
                sessions: user.sessions().clone(),
                ..Exclusions::default()
            },
            dry_run: false,
            reason: Some("a user was forgotten".to_owned()),
            actor,
            details: None,
        };
        self.attempt(ResolvedTarget::find(self.stores(), &to).await?, &request, context).await
    }

    async fn attempt(
        &self,
        target: ResolvedTarget,
        request: &RollbackRequest,
        context: &OperationContext,
    ) -> Result<Deployment, EngineError> {
        let mut made = Vec::new();
        let ended = Box::pin(self.steps(target, request, context, &mut made)).await;
        if ended.is_err() {
            for version in made.into_iter().rev() {
                if let Err(error) = self.stores().versions.delete(version).await {
                    tracing::info!(%version, %error, "rollback.cleanup_failed: version {version} stays");
                }
            }
        }
        ended
    }

    async fn steps(
        &self,
        target: ResolvedTarget,
        request: &RollbackRequest,
        context: &OperationContext,
        made: &mut Vec<VersionNumber>,
    ) -> Result<Deployment, EngineError> {
        let mode = request.mode.name();
        let manifest = match target {
            ResolvedTarget::Stored(manifest) => *manifest,
            ResolvedTarget::Position(position) => {
                let progress = progress(context, 0.0, MADE, position);
                let reason = format!("{mode} to position {position}");
                let manifest =
                    Box::pin(materialise(self.stores(), position, self.readers().position(), &progress, reason))
                        .await?;
                made.push(manifest.version);
                manifest
            }
        };
        context.progress(MADE);
        let RollbackRequest { actor, reason, details, .. } = request.clone();
        let cause = Cause { actor, reason, details };
        if let Some(switch) = Switch::of(request.mode) {
            context.check()?;
            return self.go_to(manifest.version, switch, &cause).await;
        }
        let result = Box::pin(self.replay(manifest, &request.except, context)).await?;
        made.push(result.version);
        context.progress(REPLAYED);
        context.check()?;
        let except = Some(Box::new(request.except.clone()));
        self.restore(result.version, except, &cause, REPLAY_TIMEOUT).await
    }

    /// Replays from a version to the head and stores the result.
    async fn replay(
        &self,
        base: VersionManifest,
        except: &Exclusions,
        context: &OperationContext,
    ) -> Result<VersionManifest, EngineError> {
        let (from, position) = (base.version, base.position);
        let seen_through = self.readers().position();
        let state = self.stores().version(from).await?.state.clone();
        let base = Base { at: StateAt { state, position }, stored: Some(base) };
        let progress = progress(context, MADE, REPLAYED, self.stores().log.head().await?);
        let (replayed_state, parent) = Box::pin(replay_to_head(self.stores(), &base, except, &progress)).await?;
        let derived = Derived::Replay(ReplayOrigin { from, except: except.clone() });
        let reason = format!("replay from version {from} at position {position}");
        let made = Materialised { at: replayed_state.at, exact: parent.is_some(), parent };
        keep(self.stores(), made, seen_through, Some(derived), reason).await
    }

    /// Goes to the state of a version by a pin or a restore. Readers are there before it is written; a failure takes
    /// them back.
    async fn go_to(&self, version: VersionNumber, switch: Switch, cause: &Cause) -> Result<Deployment, EngineError> {
        // Checked first, so that a restore record always names a sound version; and made ready, so that nobody waits
        // for that once the record is there.
        let ready = self.stores().version(version).await?;
        let view = blocking(move || ready.view()).await;
        let _preview = self.readers().preview(view);
        match switch {
            Switch::Pin => self.pin(version, cause).await,
            Switch::Restore => self.restore(version, None, cause, RESTORE_TIMEOUT).await,
        }
    }

    async fn pin(&self, version: VersionNumber, cause: &Cause) -> Result<Deployment, EngineError> {
        let deployment = NewDeployment {
            mode: DeploymentMode::Pin,
            to: Served::Version(version),
            version: Some(version),
            position: None,
            actor: cause.actor.clone(),
            reason: cause.reason.clone(),
            details: cause.details.clone(),
        };
        let deployment = self.stores().versions.deploy(deployment).await?;
        self.deployments.serve(&Serving::One(deployment.to)).await?;
        Ok(deployment)
    }

    /// Appends the record that makes a version the live state, and waits until readers see it.
    async fn restore(
        &self,
        version: VersionNumber,
        replay: Option<Box<Exclusions>>,
        cause: &Cause,
        timeout: Duration,
    ) -> Result<Deployment, EngineError> {
        let mode = if replay.is_some() { DeploymentMode::Replay } else { DeploymentMode::Restore };
        // Together: no crash leaves a live state that nobody is told of, or that readers do not get.
        let mut transaction = self.stores().versions.pool().begin().await.map_err(VersionError::from)?;
        let position =
            shelfmark_log::append_restore(&mut transaction, self.stores().log.model_id(), version, replay).await?;
        let deployment = NewDeployment {
            mode,
            to: Served::Live,
            version: Some(version),
            position: Some(position),
            actor: cause.actor.clone(),
            reason: cause.reason.clone(),
            details: cause.details.clone(),
        };
        let deployment = self.stores().versions.deploy_within(&mut transaction, deployment).await?;
        transaction.commit().await.map_err(|error| LogError::CommitUnknown(Arc::new(error)))?;
        tokio::select! {
            applied = self.readers().wait_applied(position, timeout) => applied?,
            // The next start applies it: it is in the log.
            () = self.stores().operations.stopped() => {
                return Err(EngineError::LearnerDown("the service is ending".to_owned()));
            }
        }
        self.deployments.serve(&Serving::One(Served::Live)).await?;
        Ok(deployment)
    }
}

/// Tells an operation how far a replay to `to` is, as a share between `low` and `high`.
fn progress(context: &OperationContext, low: f64, high: f64, to: Position) -> Progress {
    let (context, first) = (context.clone(), AtomicU64::new(u64::MAX));
    let cancelled = context.cancelled().clone();
    let reached = move |position: Position| {
        let first = Position::new(first.fetch_min(position.get(), Ordering::Relaxed).min(position.get()));
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = position.since(first) as f64 / to.since(first).max(1) as f64;
        context.progress(low + (high - low) * share.min(1.0));
    };
    Progress { reached: Arc::new(reached), cancelled }
}
