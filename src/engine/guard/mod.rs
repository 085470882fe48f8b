//! Guard: compares the live state with a reference on the same events, and acts once when live has fallen.
//!
//! The process that holds the model's guard lock watches; the others stand by, and one of them takes over, with the
//! same reference and no evidence, when it is gone. What is stored decides: a guard that was changed or taken away is
//! followed within a second. The test itself is `health::Detector`; docs/how-to/guard.md says what it cannot see.

mod frozen_reference;
pub(super) mod registry;
pub(super) mod sampler;
mod sequential_monitor;

use std::{sync::Arc, time::Duration};

use metrics::{counter, gauge};
use shelfmark_metrics::{Label, MODEL, MetricInfo, MetricSection};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use frozen_reference::FrozenReference;
use registry::{GuardRegistry, GuardState};
use sampler::{GuardSampler, Observation, WAITING_MAX};
use sequential_monitor::{Alarm, SequentialMonitor};

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::readers::Readers,
    learning::{configure::Configuration, freeze::Freeze},
    monitoring::ranking::rank,
    rollback::{Cause, Rollbacks, Switch},
    stores::Stores,
};
use shelfmark_domain::{
    Arm, Deployment, DeploymentMode, Guard, GuardActed, GuardAction, GuardMetric, Position, Served, Timestamp,
    VersionNumber, VersionRef,
};
use shelfmark_serving::SearchScratch;
use shelfmark_store::versions::SessionLock;

const GUARD_ARMED: &str = "shelfmark_guard_armed";
const GUARD_ACTED: &str = "shelfmark_guard_acted";
const GUARD_SAMPLES: &str = "shelfmark_guard_samples_total";
const GUARD_EVIDENCE: &str = "shelfmark_guard_evidence_ratio";
const GUARD_ACTIONS: &str = "shelfmark_guard_actions_total";

/// The guard.
pub const METRICS: MetricSection = MetricSection::new(
    "Guard",
    &[
        MetricInfo::gauge(GUARD_ARMED, "0 or 1", "1 while a guard watches or waits for its turn").labels(&[MODEL]),
        MetricInfo::gauge(GUARD_ACTED, "0 or 1", "1 from the guard's action until it is armed again").labels(&[MODEL]),
        MetricInfo::counter(GUARD_SAMPLES, "samples", "Samples that guards took in").labels(&[MODEL]),
        MetricInfo::gauge(
            GUARD_EVIDENCE,
            "ratio",
            "Evidence as a share of what raises an alarm, 0 to 1; only where the guard watches",
        )
        .labels(&[MODEL]),
        MetricInfo::counter(GUARD_ACTIONS, "actions", "Actions of guards")
            .labels(&[MODEL, Label::one_of("action", &["freeze", "pin", "restore"])]),
    ],
);

/// Who acts.
const ACTOR: &str = "guard";
/// How often the stored guard and the versions are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Longest rest after a sample, however long it took.
const REST_MAX: Duration = Duration::from_secs(5);
/// Versions and deployments looked at for the newest version of the live line.
const LINE_PAGE: usize = 100;

/// What a guard works with. Cheap to clone.
#[derive(Clone)]
pub struct GuardParts {
    pub stores: Arc<Stores>,
    pub readers: Arc<Readers>,
    pub registry: Arc<GuardRegistry>,
    pub configuration: Arc<Configuration>,
    pub rollbacks: Rollbacks,
}

/// Guards until `stop`.
pub async fn run(parts: GuardParts, stop: CancellationToken) {
    loop {
        if let Err(error) = look(&parts, &stop).await {
            tracing::warn!(
                model = %parts.stores.name, %error,
                "guard.unavailable: the guard cannot watch now, trying again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = parts.registry.changed.notified() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Looks at the stored guard, and watches as long as it is armed and this process is the one.
async fn look(parts: &GuardParts, stop: &CancellationToken) -> Result<(), EngineError> {
    let Some(guard) = read_guard(parts).await?.filter(|guard| guard.armed) else { return Ok(()) };
    if parts.stores.settings.read_only {
        // It could not act.
        return Ok(());
    }
    let Some(lock) = parts.stores.versions.try_lock_guard().await? else { return Ok(()) };
    let mut active = ActiveGuard::new(parts, guard, lock);
    let ended = active.run(stop).await;
    parts.registry.set_sampler(None);
    parts.registry.set_progress(None);
    // The session ends with its connection, whatever becomes of a polite word.
    drop(active.lock.release().await);
    ended
}

/// Reads the stored guard and tells it to this process.
async fn read_guard(parts: &GuardParts) -> Result<Option<Guard>, EngineError> {
    let guard = parts.stores.versions.guard().await?;
    let is = |what: fn(&Guard) -> bool| if guard.as_ref().is_some_and(what) { 1.0 } else { 0.0 };
    let model = parts.stores.name.as_str();
    gauge!(GUARD_ARMED, "model" => model.to_owned()).set(is(|guard| guard.armed));
    gauge!(GUARD_ACTED, "model" => model.to_owned()).set(is(|guard| guard.acted.is_some()));
    parts.registry.set_stored(guard.clone());
    Ok(guard)
}

/// One guard on watch.
struct ActiveGuard {
    parts: GuardParts,
    guard: Guard,
    lock: SessionLock,
    test: SequentialMonitor,
    sender: mpsc::Sender<Observation>,
    observations: mpsc::Receiver<Observation>,
    scratch: SearchScratch,
    /// What samples are measured against.
    reference: Option<VersionNumber>,
    /// The same as if frozen; `None` while only clicks are measured.
    frozen: Option<FrozenReference>,
    /// Position of the last restore when the line was last looked at.
    line_since: Position,
}

impl ActiveGuard {
    fn new(parts: &GuardParts, guard: Guard, lock: SessionLock) -> Self {
        let (sender, observations) = mpsc::channel(WAITING_MAX);
        Self {
            parts: parts.clone(),
            test: SequentialMonitor::new(guard.settings.clone()),
            guard,
            lock,
            sender,
            observations,
            scratch: SearchScratch::default(),
            reference: None,
            frozen: None,
            line_since: Position::ZERO,
        }
    }

    /// Watches until the guard acted, was changed or taken away, another process took over, or `stop`.
    async fn run(&mut self, stop: &CancellationToken) -> Result<(), EngineError> {
        let mut timer = tokio::time::interval(LOOK_INTERVAL);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let registry = Arc::clone(&self.parts.registry);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = registry.changed.notified() => if !self.refresh().await? { return Ok(()) },
                _ = timer.tick() => if !self.refresh().await? { return Ok(()) },
                Some(observation) = self.observations.recv() => {
                    self.observe(observation, stop).await?;
                    if let Some(reference) = self.reference
                        && let Some(alarm) = self.test.alarm(reference)
                    {
                        return self.act(reference, alarm, stop).await;
                    }
                }
            }
        }
    }

    /// Whether the guard is still this one and ours; looks for a reference, or a newer one.
    async fn refresh(&mut self) -> Result<bool, EngineError> {
        let same = |now: &Guard| now.armed && now.armed_at == self.guard.armed_at;
        if !self.lock.holds().await || !read_guard(&self.parts).await?.is_some_and(|now| same(&now)) {
            return Ok(false);
        }
        let found = match self.guard.settings.metric {
            GuardMetric::Ctr => self.refer_to_arm().await?,
            GuardMetric::Recall | GuardMetric::Mrr => self.refer_to_version().await?,
        };
        self.publish_figures();
        Ok(found)
    }

    fn publish_figures(&self) {
        let state = if self.reference.is_some() { GuardState::Watching } else { GuardState::Waiting };
        let figures = self.test.figures();
        gauge!(GUARD_EVIDENCE, "model" => self.parts.stores.name.as_str().to_owned()).set(figures.evidence);
        self.parts.registry.set_progress(Some((state, figures)));
    }

    /// Samples are measured against the version that was named; else against that of the guard before us, if we take
    /// over; else against the newest version there is, and from then on the newest that came of age. `false`: the guard
    /// is gone.
    async fn refer_to_version(&mut self) -> Result<bool, EngineError> {
        let line = LiveLineage::read(&self.parts.stores).await?;
        if self.line_since != line.since {
            self.line_since = line.since;
            self.test.forget_candidates();
        }
        let named = self.guard.settings.reference;
        let next = match self.reference {
            None => match named.or(self.guard.reference) {
                Some(there) if named.is_some() || line.has(&self.parts.stores, there).await? => Some(there),
                Some(_) | None => line.newest,
            },
            Some(now) if named.is_none() && !line.has(&self.parts.stores, now).await? => line.newest,
            Some(_) => self.test.promote_reference(),
        };
        if let Some(version) = line.newest.filter(|version| Some(*version) != next.or(self.reference)) {
            self.test.note_version(version);
        }
        let Some(next) = next else { return Ok(true) };
        // Kept from deletion first, loaded then.
        if !self.parts.stores.versions.set_guard_reference(self.guard.armed_at, next).await? {
            return Ok(false);
        }
        let version = self.parts.stores.version(next).await?;
        self.reference = Some(next);
        self.frozen = Some(FrozenReference::new(self.parts.stores.log.tail(version.position), &version));
        self.parts.registry.set_sampler(Some(GuardSampler::new(self.sender.clone(), Some(version))));
        tracing::info!(
            model = %self.parts.stores.name, version = %next,
            "guard.reference: live is measured against version {next}"
        );
        Ok(true)
    }

    /// Clicks are measured against the arm that was named, else against the largest that is a version.
    async fn refer_to_arm(&mut self) -> Result<bool, EngineError> {
        let arms = self.parts.stores.versions.serving().await?.arms();
        let version = |arm: &Arm| match arm.served {
            Served::Live => None,
            Served::Version(version) => Some((arm.percent, version)),
        };
        let named = self.guard.settings.reference;
        let fits = |version: &VersionNumber| named.is_none_or(|named| named == *version);
        let largest =
            arms.iter().filter_map(version).filter(|(_, version)| fits(version)).max_by_key(|(share, _)| *share);
        let next = largest.map(|(_, version)| version).filter(|_| arms.iter().any(|arm| arm.served == Served::Live));
        if next != self.reference {
            if let Some(next) = next
                && !self.parts.stores.versions.set_guard_reference(self.guard.armed_at, next).await?
            {
                return Ok(false);
            }
            self.reference = next;
            self.parts.registry.set_sampler(next.map(|_| GuardSampler::new(self.sender.clone(), None)));
        }
        self.test.compare_clicks(next.map(Served::Version), &self.parts.readers.arms.counts());
        Ok(true)
    }

    async fn observe(&mut self, observation: Observation, stop: &CancellationToken) -> Result<(), EngineError> {
        match observation {
            Observation::Click(served) => self.test.clicked(served, &self.parts.readers.arms.counts()),
            Observation::Unit(sample) => {
                let Some(frozen) = &mut self.frozen else { return Ok(()) };
                let started = Instant::now();
                let view = frozen.view_at(sample.position()).await?;
                let sample = sample.against(view);
                let mut scratch = std::mem::take(&mut self.scratch);
                let ranked;
                (ranked, self.scratch) = blocking(move || (rank(&sample, &mut scratch), scratch)).await;
                match ranked {
                    Ok(ranked) => self.test.sampled(&ranked),
                    Err(error) => {
                        tracing::warn!(
                            model = %self.parts.stores.name, %error,
                            "guard.sample_failed: a sample was not ranked"
                        );
                    }
                }
                let share = self.parts.stores.settings.guard_share.clamp(1e-3, 1.0);
                let rest = started.elapsed().mul_f64(1.0 / share - 1.0).min(REST_MAX);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(rest) => {}
                }
            }
        }
        counter!(GUARD_SAMPLES, "model" => self.parts.stores.name.as_str().to_owned()).increment(1);
        self.publish_figures();
        Ok(())
    }

    /// Acts, as often as it takes to succeed once, while the guard is still wanted.
    async fn act(
        &mut self,
        reference: VersionNumber,
        alarm: Alarm,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        self.parts.registry.set_sampler(None);
        tracing::warn!(model = %self.parts.stores.name, "guard.alarm: {}", alarm.reason);
        let deployment = loop {
            match Box::pin(self.deploy(reference, &alarm)).await {
                Ok(deployment) => break deployment,
                Err(error) => {
                    tracing::error!(
                        model = %self.parts.stores.name, %error,
                        "guard.action_failed: the guard could not act, trying again"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
            let wanted = self.parts.stores.versions.guard().await;
            if wanted.is_ok_and(|now| now.is_none_or(|now| !now.armed || now.armed_at != self.guard.armed_at)) {
                return Ok(());
            }
        };
        let action = action_name(self.guard.settings.action);
        counter!(GUARD_ACTIONS, "model" => self.parts.stores.name.as_str().to_owned(), "action" => action).increment(1);
        let acted = GuardActed { at: Timestamp::now(), deployment: deployment.number, details: alarm.details };
        self.parts.stores.versions.guard_acted(self.guard.armed_at, &acted).await?;
        read_guard(&self.parts).await?;
        Ok(())
    }

    async fn deploy(&self, reference: VersionNumber, alarm: &Alarm) -> Result<Deployment, EngineError> {
        let (reason, details) = (Some(alarm.reason.clone()), Some(alarm.details.clone()));
        let actor = ACTOR.to_owned();
        let switch = match self.guard.settings.action {
            GuardAction::Freeze => {
                return self.parts.configuration.freeze(Freeze { learning: false, actor, reason, details }).await;
            }
            GuardAction::Pin => Switch::Pin,
            GuardAction::Restore => Switch::Restore,
        };
        self.parts.rollbacks.switch_to(reference, switch, Cause { actor, reason, details }).await
    }
}

const fn action_name(action: GuardAction) -> &'static str {
    match action {
        GuardAction::Freeze => "freeze",
        GuardAction::Pin => "pin",
        GuardAction::Restore => "restore",
    }
}

/// The versions that the live state grew from: those after the last restore, and the one that it restored. What was
/// taken between that version and the restore belongs to a state that was left.
struct LiveLineage {
    /// Position of the last restore; 0 without one.
    since: Position,
    restored: Option<VersionNumber>,
    newest: Option<VersionNumber>,
}

impl LiveLineage {
    async fn read(stores: &Stores) -> Result<Self, EngineError> {
        let deployments = stores.versions.deployments(None, LINE_PAGE).await?;
        let restore = deployments
            .into_iter()
            .find(|entry| matches!(entry.mode, DeploymentMode::Restore | DeploymentMode::Replay));
        let since = restore.as_ref().and_then(|restore| restore.position).unwrap_or_default();
        let restored = restore.and_then(|restore| restore.version);
        let versions = stores.versions.list(None, LINE_PAGE).await?;
        let newest = versions
            .into_iter()
            .find(|version| version.derived.is_none() && version.position >= since)
            .map(|version| version.version);
        Ok(Self { since, restored, newest: newest.or(restored) })
    }

    async fn has(&self, stores: &Stores, version: VersionNumber) -> Result<bool, EngineError> {
        if self.restored == Some(version) || self.since == Position::ZERO {
            return Ok(true);
        }
        Ok(stores.versions.get(&VersionRef::Number(version)).await?.position >= self.since)
    }
}
