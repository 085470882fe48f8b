//! Handle of one model.

use std::{sync::Arc, time::Duration};

use crate::engine::{
    ArmStatus, CompareRequest, ComparedState, Dependencies, EngineError, ExportSource, Freeze, GuardStatus,
    HistoryOptions, Learning, Maps, ModelStatus, Operations, PointStream, RolledBack, RowHistory, Started, TakeVersion,
    TermsRequest, TracedEvent, Unlearn,
    blocking::blocking,
    deployment::{arm_status, follow},
    erasure, guard, lag_bound,
    learning::{
        recovery::{Recovered, Seed, recover},
        supervisor,
    },
    memory_budget::MemoryBudget,
    models::open::open,
    monitoring::{history, reports, survey, trace},
    parts::Parts,
    status,
};
use shelfmark_domain::{
    Deployment, Event, FieldError, FieldResult, Filter, GuardSettings, Id, Modalities, ModelConfig, ModelName,
    Position, Query, RecommendationId, Recommendations, RecordBody, RollbackRequest, ScoredItem, Served, Split,
    VersionManifest, VersionNumber, VersionRef,
};
use shelfmark_log::Log;
use shelfmark_monitor::diff::{Diff, DiffOptions};
use shelfmark_monitor::health::{BiasReport, Metric, RowOwner, Survey, TermsReport};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::TableFootprint;
use shelfmark_store::model_catalog::ListedModel;
use shelfmark_store::versions::VersionStore;

/// Handle of one model: cheap to clone.
#[derive(Clone)]
pub struct Model {
    pub(super) parts: Arc<Parts>,
}

impl Model {
    /// Opens the log, loads the newest sound version, serves it, and starts learning from there.
    ///
    /// `seed` is the state at position 0 of a fork that was made here a moment ago; it shares memory with its base.
    pub(super) async fn start(
        listed: &ListedModel,
        with: &Dependencies,
        seed: Option<Seed>,
    ) -> Result<Self, EngineError> {
        let parts = Parts::new(open(listed, with).await?, with.searcher.clone());
        let (stores, readers) = (&parts.core.stores, &parts.core.readers);
        // On a full disk the operations of an earlier process stay as they are until somebody asks for them.
        if let Err(error) = stores.operations.store().fail_interrupted().await {
            tracing::warn!(model = %stores.name, %error, "model.start: interrupted operations are not marked yet");
        }
        let recovered = match seed {
            Some(seed) => Recovered::at_first(seed),
            None => recover(stores).await?,
        };
        tracing::info!(
            model = %stores.name, position = %recovered.position,
            "model.start: model {} goes on from position {}", stores.name, recovered.position
        );
        let live = Publisher::from_scratch(&recovered.state.inference, recovered.position, Served::Live);
        let learner = parts.core.clone();
        learner.publish(live);
        let serving = stores.versions.subscribe_serving(with.stop.clone(), &with.tasks).await?;
        // Not in one line: the borrow would hold its lock across the await, and whoever sends would wait for it.
        let serve = serving.borrow().clone();
        follow::serve(stores, readers, &serve).await?;
        let stop = || with.stop.clone();
        with.tasks.spawn(follow::run(Arc::clone(stores), Arc::clone(readers), serving, stop()));
        with.tasks.spawn(guard::run(parts.of_guard(), stop()));
        if !with.engine.read_only {
            let (log, stopped) = (stores.log.clone(), stop());
            with.tasks.spawn(async move { stopped.run_until_cancelled(log.check_writable()).await });
            let (snapshots, stop) = (Arc::clone(&parts.core.snapshots), stop());
            with.tasks.spawn(async move { snapshots.run(stop).await });
        }
        let quality_share = with.engine.quality_share;
        if quality_share > 0.0 {
            let (sampler, stop) = (Arc::clone(&parts.core.sampler), stop());
            with.tasks.spawn(async move { sampler.run(quality_share, stop).await });
        }
        if !with.engine.survey_interval.is_zero() {
            with.tasks.spawn(survey::run(learner.clone(), stop()));
        }
        with.tasks.spawn(supervisor::run(learner, recovered, stop()));
        Ok(Self { parts: Arc::new(parts) })
    }

    /// Notes that it was deleted.
    pub(super) fn retire(&self) {
        self.parts.core.snapshots.retire();
    }

    /// What a fork of a version begins with, from memory or from Postgres; verified (P7).
    pub(super) async fn seed_of(&self, version: VersionNumber) -> Result<Seed, EngineError> {
        Ok(Seed::of(&*self.parts.core.stores.version(version).await?))
    }

    /// Its name.
    pub fn name(&self) -> &ModelName {
        &self.parts.core.stores.name
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.parts.core.stores.log
    }

    /// Its stored versions.
    pub fn versions(&self) -> &VersionStore {
        &self.parts.core.stores.versions
    }

    /// Configuration at the live position.
    pub fn config(&self) -> Arc<ModelConfig> {
        Arc::clone(&self.parts.core.readers.live.load().inference().config)
    }

    /// Modalities of dense vectors at the live position.
    pub fn modalities(&self) -> Arc<Modalities> {
        Arc::clone(self.parts.core.readers.live.load().inference().content_vectors.modalities())
    }

    /// What reads that are nobody's get: the live view, the pinned version's, or that of a split's largest arm.
    pub fn served(&self) -> Arc<View> {
        self.parts.core.readers.served(None)
    }

    /// The live view.
    pub fn live(&self) -> Arc<View> {
        self.parts.core.readers.live.load_full()
    }

    /// A version's view, loaded when it is not in memory.
    pub async fn view_of(&self, version: &VersionRef) -> Result<Arc<View>, EngineError> {
        let manifest = self.parts.core.stores.versions.get(version).await?;
        let version = self.parts.core.stores.version(manifest.version).await?;
        Ok(blocking(move || version.view()).await)
    }

    /// Waits until what a reader (or, with `None`, nobody in particular) is served stands at `position` or later (P6).
    pub async fn wait_served(
        &self,
        reader: Option<&str>,
        position: Position,
        timeout: Duration,
    ) -> Result<Arc<View>, EngineError> {
        self.parts.core.readers.wait_served(reader, position, timeout).await
    }

    /// Waits until the live view holds `position`.
    pub async fn wait_applied(&self, position: Position, timeout: Duration) -> Result<(), EngineError> {
        self.parts.core.readers.wait_applied(position, timeout).await
    }

    /// Answers a query from `view` on the search threads.
    pub async fn recommend(&self, view: Arc<View>, query: Query) -> Result<Recommendations, EngineError> {
        Ok(self.parts.searcher.recommend(view, query).await?)
    }

    /// Similar items from `view` on the search threads.
    pub async fn similar(
        &self,
        view: Arc<View>,
        item: Id,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<ScoredItem>, EngineError> {
        Ok(self.parts.searcher.similar(view, item, limit, filter).await?)
    }

    /// Changes the configuration by a record; returns once readers see it.
    pub async fn configure(
        &self,
        change: impl FnOnce(&ModelConfig) -> FieldResult<ModelConfig> + Send,
    ) -> Result<(), EngineError> {
        self.parts.configuration.configure(change).await.map(drop)
    }

    /// Notes that a list of this view was recommended to a reader; the id that attributes what comes of it.
    pub fn recommended(&self, view: &View, random: u64) -> RecommendationId {
        self.parts.core.readers.arms.shown(view.served());
        RecommendationId { served: view.served(), position: view.position(), random }
    }

    /// Splits readers over several states; returns once this process serves them so.
    pub async fn split(&self, split: Split, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        self.parts.rollbacks.deployments.split(split, actor, reason).await
    }

    /// The arms that are served, with their figures.
    pub fn arms(&self) -> Vec<ArmStatus> {
        arm_status::arms(&self.parts.core.readers, &self.parts.core.monitor)
    }

    /// The figures of all arms of some models in the Prometheus text format.
    pub fn arm_metrics(models: &[Self]) -> String {
        arm_status::metrics(models.iter().map(|model| (model.name(), model.arms())))
    }

    /// Freezes learning or lets it go on; returns once the live state does so.
    pub async fn freeze(&self, asked: Freeze) -> Result<Deployment, EngineError> {
        self.parts.configuration.freeze(asked).await
    }

    /// Whether learning is frozen, as of the live view.
    pub fn is_frozen(&self) -> bool {
        !self.config().learning
    }

    /// Puts a guard in place of the one there may be, and arms it.
    pub async fn set_guard(&self, settings: &GuardSettings, actor: &str) -> Result<GuardStatus, EngineError> {
        self.parts.core.guard.set(settings, actor).await
    }

    /// Arms the guard again. `None`: there is no guard.
    pub async fn rearm_guard(&self, actor: &str) -> Result<Option<GuardStatus>, EngineError> {
        self.parts.core.guard.rearm(actor).await
    }

    /// Takes the guard away; `false`: there was none.
    pub async fn clear_guard(&self) -> Result<bool, EngineError> {
        self.parts.core.guard.clear().await
    }

    /// The guard and how things look to it. `None`: there is no guard.
    pub async fn guard(&self) -> Result<Option<GuardStatus>, EngineError> {
        self.parts.core.guard.status().await
    }

    /// What somebody should know although the model is ready: learning is frozen, the guard acted, there is no room.
    pub fn notes(&self) -> Vec<String> {
        let name = &self.parts.core.stores.name;
        let frozen = self.is_frozen().then(|| format!("model {name}: learning is frozen"));
        let over_budget = self.parts.memory_budget.over_budget();
        let over_budget =
            over_budget.map(|why| format!("model {name}: new users, sessions and items are refused: {why}"));
        let guard = self.parts.core.guard.note(name);
        frozen.into_iter().chain(guard).chain(over_budget).chain(self.parts.core.stores.read_back_note()).collect()
    }

    /// What the live state takes, table by table.
    pub fn footprint(&self) -> Vec<TableFootprint> {
        self.parts.memory_budget.footprint()
    }

    /// Whether new rows may be made.
    pub fn has_room(&self) -> bool {
        self.parts.memory_budget.is_within_budget()
    }

    /// Why a record is refused that would make a row while there is no room for one (code `memory_budget`).
    pub fn no_room_for(&self, record: &RecordBody) -> Option<FieldError> {
        self.parts.memory_budget.refusal(record)
    }

    pub(super) fn memory_budget(&self) -> Arc<MemoryBudget> {
        Arc::clone(&self.parts.memory_budget)
    }

    /// Where it stands.
    pub async fn status(&self) -> Result<ModelStatus, EngineError> {
        status::status(&self.parts.core.stores, &self.parts.core.readers, &self.parts.core.learner).await
    }

    /// Why it is not ready; `None` when it is.
    pub(super) fn not_ready(&self) -> Option<String> {
        let (name, core) = (self.name(), &self.parts.core);
        let database = || core.stores.log.database_problem().map(|problem| format!("model {name}: {problem}"));
        core.learner.health.not_ready(name.as_str(), core.readers.position()).or_else(database)
    }

    /// Why events are refused until learning is less far behind; `None` while it is within its bounds.
    pub fn learning_behind(&self) -> Option<EngineError> {
        let core = &self.parts.core;
        lag_bound::behind(&core.stores, &core.readers, &core.learner)
    }

    /// Waits until it is ready or its learner is down.
    pub(super) async fn settled(&self) {
        self.parts.core.learner.health.settled().await;
    }

    /// Committed records that the live view does not hold, and the age of the oldest in milliseconds.
    pub fn lag(&self) -> (u64, u64) {
        status::lag(&self.parts.core.stores, &self.parts.core.readers, &self.parts.core.learner)
    }

    /// The health of learning now.
    pub fn learning(&self) -> Learning {
        let (lag_records, lag_ms) = self.lag();
        self.parts.core.monitor.learning(&self.config(), lag_records, lag_ms)
    }

    /// One figure of learning by position, after a position, oldest first.
    pub fn learning_series(&self, metric: Metric, after: Position, limit: usize) -> Vec<(Position, Option<f64>)> {
        self.parts.core.monitor.series(metric, after, limit)
    }

    /// The points of the series as they come.
    pub fn learning_stream(&self) -> Result<PointStream, EngineError> {
        self.parts.core.monitor.stream()
    }

    /// The newest look at the rows.
    pub fn survey(&self) -> Option<Arc<Survey>> {
        self.parts.core.monitor.survey()
    }

    /// How unevenly events, places in lists and gradients are spread. Costs every item's row.
    pub async fn bias(&self) -> Result<BiasReport, EngineError> {
        reports::bias(&self.parts.core).await
    }

    /// Which words, items and circumstances had most gradient lately.
    pub async fn terms(&self, request: TermsRequest) -> Result<TermsReport, EngineError> {
        reports::terms(&self.parts.core, request).await
    }

    /// How vectors from elsewhere agree with states of this model.
    pub async fn compare_vectors(&self, request: CompareRequest) -> Result<Vec<ComparedState>, EngineError> {
        Box::pin(reports::compare_vectors(&self.parts.core, request)).await
    }

    /// What the step did that learned an event of the log.
    pub async fn trace(&self, position: Position, event: Event) -> Result<TracedEvent, EngineError> {
        trace::trace(&self.parts.core.stores, &self.parts.core.readers, &self.parts.core.monitor, position, event).await
    }

    /// How a row of the live state came to be what it is; `None` when there is no such row.
    pub async fn history(&self, owner: RowOwner, options: HistoryOptions) -> Result<Option<RowHistory>, EngineError> {
        let core = &self.parts.core;
        Box::pin(history::history(&core.stores, &core.readers, &core.monitor, owner, options)).await
    }

    /// Maps of the items.
    pub fn maps(&self) -> &Arc<Maps> {
        &self.parts.maps
    }

    /// Takes a version of the live state.
    pub async fn take_version(&self, take: TakeVersion) -> Result<VersionManifest, EngineError> {
        self.parts.core.snapshots.take(take).await
    }

    /// What is different between two states, each a version or, with `None`, the live one. Costs every row of both.
    pub async fn compare(
        &self,
        from: Option<VersionRef>,
        to: Option<VersionRef>,
        options: DiffOptions,
    ) -> Result<Diff, EngineError> {
        self.parts.core.snapshots.compare(from, to, options).await
    }

    /// A version's state or, with `None`, the live one, to write its rows into a file; at most [`super::EXPORTS_MAX`]
    /// at once.
    pub async fn export_source(&self, version: Option<VersionRef>) -> Result<ExportSource, EngineError> {
        self.parts.core.snapshots.export_source(version).await
    }

    /// Forgets a user everywhere (P10), as an operation.
    pub async fn forget(&self, user: Id, unlearn: Unlearn, actor: String) -> Result<Started, EngineError> {
        erasure::start(&self.parts.rollbacks, user, unlearn, actor).await
    }

    /// Long work.
    pub fn operations(&self) -> &Operations {
        &self.parts.core.stores.operations
    }

    /// Pins, restores or replays, or finds out what that would do. What a version holds is seen by readers when this
    /// returns; everything else has begun as an operation.
    pub async fn rollback(&self, request: RollbackRequest) -> Result<RolledBack, EngineError> {
        Box::pin(self.parts.rollbacks.rollback(request)).await
    }

    /// Serves the live state again.
    pub async fn unpin(&self, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        self.parts.rollbacks.deployments.unpin(actor, reason).await
    }
}
