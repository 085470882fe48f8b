//! Reconciler of models: starts those that the catalogue lists, and stops those that it no longer does.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    engine::{
        Dependencies, EngineError, Model,
        models::{ModelRegistry, NotRunning},
    },
    telemetry,
};
use shelfmark_domain::ModelName;
use shelfmark_log::LogError;
use shelfmark_store::model_catalog::{self, ListedModel, ModelCatalogError};
use shelfmark_store::versions::VersionError;

/// Longest wait for the learning of a deleted model to end.
const END_WAIT: Duration = Duration::from_secs(20);
/// Longest wait until a model that came later is ready. Then it is served all the same, and readiness names it.
const SETTLE_WAIT: Duration = Duration::from_secs(1);

/// A model that runs here, with what ends it alone.
#[derive(Clone)]
pub struct Running {
    pub model: Model,
    id: i32,
    life: Life,
}

/// A model's own tokens, children of the process's, and the tasks they end.
#[derive(Clone)]
struct Life {
    stop: CancellationToken,
    log_stop: CancellationToken,
    tasks: TaskTracker,
    log_tasks: TaskTracker,
}

impl Life {
    /// The same surroundings, but for a life of its own. The process's trackers wait for its end.
    fn within(with: &Dependencies) -> (Self, Dependencies) {
        let life = Self {
            stop: with.stop.child_token(),
            log_stop: with.log_stop.child_token(),
            tasks: TaskTracker::new(),
            log_tasks: TaskTracker::new(),
        };
        let own = Dependencies {
            stop: life.stop.clone(),
            log_stop: life.log_stop.clone(),
            tasks: life.tasks.clone(),
            log_tasks: life.log_tasks.clone(),
            ..with.clone()
        };
        // At its end the process waits for all that was started, even for a start that was cut short.
        for (stop, own, process) in
            [(&life.stop, &life.tasks, &with.tasks), (&life.log_stop, &life.log_tasks, &with.log_tasks)]
        {
            let (stop, own) = (stop.clone(), own.clone());
            process.spawn(async move {
                stop.cancelled().await;
                ended(own).await;
            });
        }
        (life, own)
    }

    /// Learning first, then the log, as at the end of the process.
    async fn end(self, name: ModelName) {
        self.stop.cancel();
        if tokio::time::timeout(END_WAIT, ended(self.tasks)).await.is_err() {
            tracing::error!(
                model = %name,
                "model.stop_timeout: learning of {name} did not end within {} s", END_WAIT.as_secs()
            );
        }
        self.log_stop.cancel();
        ended(self.log_tasks).await;
    }
}

async fn ended(tasks: TaskTracker) {
    tasks.close();
    tasks.wait().await;
}

/// Starts every model that has begun; the first that cannot be started is the error, and what was started ends with the
/// process's tokens.
pub async fn begin(shared: &Arc<ModelRegistry>) -> Result<(), EngineError> {
    let there = model_catalog::list(&shared.with.pool).await?;
    let not_opened = there.iter().map(|listed| (listed.name.clone(), (listed.id, NotRunning::NotOpened)));
    shared.waiting().extend(not_opened);
    for listed in there {
        match start(shared, &listed).await {
            Ok(started) => admit(shared, listed.name, started),
            Err(error) if is_gone(&error) => _ = shared.waiting().remove(&listed.name),
            // Whoever may write is about to settle it: tried again like any that came later.
            Err(error @ EngineError::Log(LogError::NotStarted(_))) => note_failing(shared, &listed, &error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Follows the model catalogue until the process ends.
pub async fn run(shared: Arc<ModelRegistry>) {
    let stop = shared.with.stop.clone();
    let follow = async {
        loop {
            shared.look.notified().await;
            if let Err(error) = look(&shared).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "models.list_failed: the models stay as they are"
                );
            }
            shared.looks.send_modify(|looks| *looks += 1);
        }
    };
    tokio::select! {
        never = follow => never,
        never = model_catalog::watch_changes(&shared.with.pool, &shared.look) => match never {},
        () = stop.cancelled() => {}
    }
}

/// Ends what is gone, then starts what is new.
async fn look(shared: &Arc<ModelRegistry>) -> Result<(), EngineError> {
    let listed = model_catalog::list(&shared.with.pool).await?;
    let there = |name: &ModelName, id: i32| listed.iter().any(|listed| listed.id == id && listed.name == *name);
    let mut running = BTreeMap::clone(&shared.running.load());
    let gone: Vec<(ModelName, Running)> = running.extract_if(.., |name, running| !there(name, running.id)).collect();
    shared.waiting().retain(|name, (id, _)| there(name, *id));
    if !gone.is_empty() {
        // Nobody finds it any more from here on; who holds it sees its log closed.
        shared.running.store(Arc::new(running));
    }
    for (name, Running { model, life, .. }) in gone {
        tracing::info!(model = %name, "model.stop: model {name} was deleted");
        model.retire();
        shared.ended().push(name.clone());
        let ended = Arc::clone(shared);
        shared.with.tasks.spawn(async move {
            life.end(name.clone()).await;
            ended.ended().push(name);
            ended.look.notify_one();
        });
    }
    forget_metrics(shared);
    for listed in listed {
        if shared.running.load().contains_key(&listed.name) {
            continue;
        }
        match start(shared, &listed).await {
            Ok(started) => {
                // The first record or two of a new model are no reason to take the others away from their readers.
                _ = tokio::time::timeout(SETTLE_WAIT, started.model.settled()).await;
                admit(shared, listed.name, started);
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => note_failing(shared, &listed, &error),
        }
    }
    Ok(())
}

/// Forgets the series of deleted models, at once and again when their last task has ended. What has the same name by
/// now keeps its own.
fn forget_metrics(shared: &ModelRegistry) {
    let running = shared.running.load();
    for name in shared.ended().drain(..).filter(|name| !running.contains_key(name)) {
        telemetry::forget_model(name.as_str());
    }
}

/// Lets everybody find a model that was started. Only the reconciler changes the map. The model is in `running` before
/// it leaves `waiting`, so that readiness never misses it.
fn admit(shared: &ModelRegistry, name: ModelName, started: Running) {
    let mut running = BTreeMap::clone(&shared.running.load());
    running.insert(name.clone(), started);
    shared.running.store(Arc::new(running));
    shared.waiting().remove(&name);
}

/// Notes why a model does not run here; it is tried again at the next look.
fn note_failing(shared: &ModelRegistry, listed: &ListedModel, error: &EngineError) {
    let model = &listed.name;
    let failing = NotRunning::Failing(error.to_string());
    let before = shared.waiting().insert(model.clone(), (listed.id, failing));
    if !matches!(before, Some((_, NotRunning::Failing(_)))) {
        tracing::error!(%model, %error, "model.start_failed: model {model} is tried again");
    }
}

async fn start(shared: &ModelRegistry, listed: &ListedModel) -> Result<Running, EngineError> {
    let seed = shared.seeds.lock().unwrap_or_else(PoisonError::into_inner).remove(&listed.id);
    let (life, own) = Life::within(&shared.with);
    let started = Box::pin(Model::start(listed, &own, seed)).await;
    match started {
        Ok(model) => Ok(Running { model, id: listed.id, life }),
        Err(error) => {
            life.end(listed.name.clone()).await;
            Err(error)
        }
    }
}

/// The model was deleted between the list and its start.
fn is_gone(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Log(LogError::UnknownModel(_))
            | EngineError::Version(VersionError::UnknownModel(_))
            | EngineError::ModelCatalog(ModelCatalogError::Unknown(_))
    )
}
