//! The handle of one model.

use std::{sync::Arc, time::Duration};

use crate::engine::{
    ArmStatus, EngineError, ExportSource, Freeze, GuardStatus, HistoryOptions, Learning, ModelStatus, Operations,
    PointStream, RolledBack, RowHistory, Started, Surroundings, TakeVersion, TracedEvent, Unlearn, erasure,
    guard::{self, desk},
    learning::{
        configure, freeze,
        recovery::{Recovered, Seed, recover},
        supervisor,
    },
    models::opening::open,
    rollback,
    served::{follow, splitting},
    shared::{Shared, blocking},
    status,
    versioning::{compare, export, taking},
    watching::{history, sampling, surveying, trace},
};
use crate::{
    compare::{Diff, DiffOptions},
    domain::{
        Deployment, Event, FieldResult, Filter, GuardSettings, Id, Modalities, ModelConfig, ModelName, NewRecord,
        Position, Query, RecommendationId, Recommendations, RollbackRequest, ScoredItem, Served, Split,
        VersionManifest, VersionNumber, VersionRef,
    },
    health::{BiasReport, Metric, RowOwner, Survey, bias_report},
    log::{Log, Outcome},
    roster::Listed,
    serving::{Publisher, View},
    versions::VersionStore,
};

/// Handle of one model: cheap to clone.
#[derive(Clone)]
pub struct Model {
    pub(super) shared: Arc<Shared>,
}

impl Model {
    /// Opens the log, loads the newest sound version, serves it, and starts learning from there.
    ///
    /// `seed` is the state at position 0 of a fork that was made here a moment ago; it shares memory with its base.
    pub(super) async fn start(listed: &Listed, with: &Surroundings, seed: Option<Seed>) -> Result<Self, EngineError> {
        let shared = Arc::new(open(listed, with).await?);
        shared.operations.store().bury().await?;
        let recovered = match seed {
            Some(seed) => Recovered::at_first(seed),
            None => recover(&shared).await?,
        };
        tracing::info!(
            model = %shared.name, position = %recovered.position,
            "model.start: model {} goes on from position {}", shared.name, recovered.position
        );
        let live = Publisher::from_scratch(&recovered.state.readable, recovered.position, Served::Live);
        shared.publish(live);
        let serving = shared.versions.watch_serving(with.stop.clone(), &with.tasks).await?;
        // Not in one line: the borrow would hold its lock across the await, and whoever sends would wait for it.
        let serve = serving.borrow().clone();
        follow::serve(&shared, &serve).await?;
        with.tasks.spawn(follow::run(Arc::clone(&shared), serving, with.stop.clone()));
        with.tasks.spawn(guard::run(Arc::clone(&shared), with.stop.clone()));
        if !with.engine.read_only {
            with.tasks.spawn(taking::run(Arc::clone(&shared), with.stop.clone()));
        }
        if with.engine.quality_share > 0.0 {
            with.tasks.spawn(sampling::run(Arc::clone(&shared), with.stop.clone()));
        }
        if !with.engine.survey_interval.is_zero() {
            with.tasks.spawn(surveying::run(Arc::clone(&shared), with.stop.clone()));
        }
        with.tasks.spawn(supervisor::run(Arc::clone(&shared), recovered, with.stop.clone()));
        Ok(Self { shared })
    }

    /// Notes that it was deleted.
    pub(super) fn retire(&self) {
        self.shared.retire();
    }

    /// What a fork of a version begins with, from memory or from Postgres; verified (P7).
    pub(super) async fn seed_of(&self, version: VersionNumber) -> Result<Seed, EngineError> {
        Ok(Seed::of(&*self.shared.version(version).await?))
    }

    /// Its name.
    pub fn name(&self) -> &ModelName {
        &self.shared.name
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Its stored versions.
    pub fn versions(&self) -> &VersionStore {
        &self.shared.versions
    }

    /// Configuration at the live position.
    pub fn config(&self) -> Arc<ModelConfig> {
        Arc::clone(&self.shared.live.load().readable().config)
    }

    /// Modalities of dense vectors at the live position.
    pub fn modalities(&self) -> Arc<Modalities> {
        Arc::clone(self.shared.live.load().readable().contents.modalities())
    }

    /// What reads that are nobody's get: the live view, the pinned version's, or that of a split's largest arm.
    pub fn served(&self) -> Arc<View> {
        self.shared.served(None)
    }

    /// The live view.
    pub fn live(&self) -> Arc<View> {
        self.shared.live.load_full()
    }

    /// A version's view, loaded when it is not in memory.
    pub async fn view_of(&self, version: &VersionRef) -> Result<Arc<View>, EngineError> {
        let manifest = self.shared.versions.get(version).await?;
        let version = self.shared.version(manifest.version).await?;
        Ok(blocking(move || version.view()).await)
    }

    /// Waits until what a reader (or, with `None`, nobody in particular) is served stands at `position` or later (P6).
    pub async fn wait_served(
        &self,
        reader: Option<&str>,
        position: Position,
        timeout: Duration,
    ) -> Result<Arc<View>, EngineError> {
        let served = self.shared.served(reader);
        if served.position() >= position {
            return Ok(served);
        }
        // A rollback that is not written yet goes back behind what the reader knows of.
        let served = self.shared.deployed(reader);
        if served.position() >= position {
            return Ok(served);
        }
        if served.served() != Served::Live {
            // A pinned version does not move.
            return Err(EngineError::NotReached { wanted: position, reached: served.position() });
        }
        self.shared.wait_applied(position, timeout).await?;
        let served = self.shared.deployed(reader);
        if served.position() >= position {
            return Ok(served);
        }
        Err(EngineError::NotReached { wanted: position, reached: served.position() })
    }

    /// Waits until the live view holds `position`.
    pub async fn wait_applied(&self, position: Position, timeout: Duration) -> Result<(), EngineError> {
        self.shared.wait_applied(position, timeout).await
    }

    /// Answers a query from `view` on the search threads.
    pub async fn recommend(&self, view: Arc<View>, query: Query) -> Result<Recommendations, EngineError> {
        Ok(self.shared.searcher.recommend(view, query).await?)
    }

    /// Similar items from `view` on the search threads.
    pub async fn similar(
        &self,
        view: Arc<View>,
        item: Id,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<ScoredItem>, EngineError> {
        Ok(self.shared.searcher.similar(view, item, limit, filter).await?)
    }

    /// Changes the configuration by a record; returns once readers see it.
    pub async fn configure(
        &self,
        change: impl FnOnce(&ModelConfig) -> FieldResult<ModelConfig> + Send,
    ) -> Result<(), EngineError> {
        configure::configure(&self.shared, change).await.map(drop)
    }

    /// Appends records, waiting up to `patience` while the queue is full; events that came from recommended lists are
    /// attributed to the arms that made them.
    pub async fn append(&self, records: Vec<NewRecord>, patience: Duration) -> Result<Vec<Outcome>, EngineError> {
        splitting::append(&self.shared, records, patience).await
    }

    /// Notes that a list of this view was recommended to a reader; the id that attributes what comes of it.
    pub fn recommended(&self, view: &View, random: u64) -> RecommendationId {
        self.shared.arms.shown(view.served());
        RecommendationId { served: view.served(), position: view.position(), random }
    }

    /// Splits readers over several states; returns once this process serves them so.
    pub async fn split(&self, split: Split, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        splitting::split(&self.shared, split, actor, reason).await
    }

    /// The arms that are served, with their figures.
    pub fn arms(&self) -> Vec<ArmStatus> {
        splitting::arms(&self.shared)
    }

    /// The figures of all arms of some models in the Prometheus text format.
    pub fn arm_metrics(models: &[Self]) -> String {
        splitting::metrics(models.iter().map(|model| &*model.shared))
    }

    /// Freezes learning or lets it go on; returns once the live state does so.
    pub async fn freeze(&self, asked: Freeze) -> Result<Deployment, EngineError> {
        freeze::freeze(&self.shared, asked).await
    }

    /// Whether learning is frozen, as of the live view.
    pub fn is_frozen(&self) -> bool {
        !self.config().learning
    }

    /// Puts a guard in place of the one there may be, and arms it.
    pub async fn set_guard(&self, settings: &GuardSettings, actor: &str) -> Result<GuardStatus, EngineError> {
        desk::set(&self.shared, settings, actor).await
    }

    /// Arms the guard again. `None`: there is no guard.
    pub async fn rearm_guard(&self, actor: &str) -> Result<Option<GuardStatus>, EngineError> {
        desk::rearm(&self.shared, actor).await
    }

    /// Takes the guard away; `false`: there was none.
    pub async fn clear_guard(&self) -> Result<bool, EngineError> {
        desk::clear(&self.shared).await
    }

    /// The guard and how things look to it. `None`: there is no guard.
    pub async fn guard(&self) -> Result<Option<GuardStatus>, EngineError> {
        desk::status(&self.shared).await
    }

    /// What somebody should know although the model is ready: learning is frozen, the guard acted, there is no room.
    pub fn notes(&self) -> Vec<String> {
        let name = &self.shared.name;
        let frozen = self.is_frozen().then(|| format!("model {name}: learning is frozen"));
        let crowded =
            self.crowded().map(|why| format!("model {name}: new users, sessions and items are refused: {why}"));
        let guard = self.shared.guard.note(name);
        frozen.into_iter().chain(guard).chain(crowded).chain(self.shared.read_back_note()).collect()
    }

    /// Where it stands.
    pub async fn status(&self) -> Result<ModelStatus, EngineError> {
        status::status(&self.shared).await
    }

    /// Why it is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<String> {
        self.shared.health.reasons(self.shared.name.as_str(), self.shared.position())
    }

    /// The health of learning now.
    pub fn learning(&self) -> Learning {
        let (lag_records, lag_ms) = status::lag(&self.shared);
        self.shared.watch.learning(&self.config(), lag_records, lag_ms)
    }

    /// One figure of learning by position, after a position, oldest first.
    pub fn learning_series(&self, metric: Metric, after: Position, limit: usize) -> Vec<(Position, Option<f64>)> {
        self.shared.watch.series(metric, after, limit)
    }

    /// The points of the series as they come.
    pub fn learning_stream(&self) -> Result<PointStream, EngineError> {
        self.shared.watch.stream()
    }

    /// The newest look at the rows.
    pub fn survey(&self) -> Option<Arc<Survey>> {
        self.shared.watch.survey()
    }

    /// How unevenly events, places in lists and gradients are spread. Costs every item's row.
    pub async fn bias(&self) -> Result<BiasReport, EngineError> {
        let permit = self.shared.watch.work()?;
        let at = self.shared.state().await?;
        let (exposure, lists) = self.shared.watch.exposure();
        let report = blocking(move || {
            let _permit = permit;
            bias_report(&at.state, at.position, &exposure, lists)
        });
        Ok(report.await)
    }

    /// What the step did that learned an event of the log.
    pub async fn trace(&self, position: Position, event: Event) -> Result<TracedEvent, EngineError> {
        trace::trace(&self.shared, position, event).await
    }

    /// How a row of the live state came to be what it is; `None` when there is no such row.
    pub async fn history(&self, owner: RowOwner, options: HistoryOptions) -> Result<Option<RowHistory>, EngineError> {
        history::history(&self.shared, owner, options).await
    }

    /// Takes a version of the live state.
    pub async fn take_version(&self, take: TakeVersion) -> Result<VersionManifest, EngineError> {
        taking::take(&self.shared, take).await
    }

    /// What is different between two states, each a version or, with `None`, the live one. Costs every row of both.
    pub async fn compare(
        &self,
        from: Option<VersionRef>,
        to: Option<VersionRef>,
        options: DiffOptions,
    ) -> Result<Diff, EngineError> {
        compare::compare(&self.shared, from, to, options).await
    }

    /// A version's state or, with `None`, the live one, to write its rows into a file; at most [`super::EXPORTS_MAX`] at once.
    pub async fn export_source(&self, version: Option<VersionRef>) -> Result<ExportSource, EngineError> {
        export::source(&self.shared, version).await
    }

    /// Forgets a user everywhere (P10), as an operation.
    pub async fn forget(&self, user: Id, unlearn: Unlearn, actor: String) -> Result<Started, EngineError> {
        erasure::start(&self.shared, user, unlearn, actor).await
    }

    /// Long work.
    pub fn operations(&self) -> &Operations {
        &self.shared.operations
    }

    /// Pins, restores or replays, or finds out what that would do. What a version holds is seen by readers when this returns;
    /// everything else has begun as an operation.
    pub async fn rollback(&self, request: RollbackRequest) -> Result<RolledBack, EngineError> {
        rollback::rollback(&self.shared, request).await
    }

    /// Serves the live state again.
    pub async fn unpin(&self, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        rollback::unpin(&self.shared, actor, reason).await
    }
}
