//! Starts the models that are on the roster and ends those that are not any more.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::{EngineError, Model, Surroundings, models::Roster};
use crate::{
    domain::ModelName,
    log::LogError,
    roster::{self, Listed, RosterError},
    versions::VersionError,
};

/// Longest wait for the learning of a deleted model to end.
const END_WAIT: Duration = Duration::from_secs(20);

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
    fn within(with: &Surroundings) -> (Self, Surroundings) {
        let life = Self {
            stop: with.stop.child_token(),
            log_stop: with.log_stop.child_token(),
            tasks: TaskTracker::new(),
            log_tasks: TaskTracker::new(),
        };
        let own = Surroundings {
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
            tracing::error!(model = %name, "model.end: learning of {name} did not end within {} s", END_WAIT.as_secs());
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
pub async fn begin(shared: &Arc<Roster>) -> Result<(), EngineError> {
    let mut running = BTreeMap::new();
    for listed in roster::list(&shared.with.pool).await? {
        match start(shared, &listed).await {
            Ok(started) => _ = running.insert(listed.name, started),
            Err(error) if is_gone(&error) => {}
            // Whoever may write is about to settle it: tried again like any that came later.
            Err(error @ EngineError::Log(LogError::NotBegun(_))) => note_failing(shared, &listed, &error),
            Err(error) => return Err(error),
        }
    }
    shared.running.store(Arc::new(running));
    Ok(())
}

/// Follows the roster until the process ends.
pub async fn run(shared: Arc<Roster>) {
    let stop = shared.with.stop.clone();
    let follow = async {
        loop {
            shared.look.notified().await;
            if let Err(error) = look(&shared).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "roster.unknown: the models stay as they are");
            }
            shared.looks.send_modify(|looks| *looks += 1);
        }
    };
    tokio::select! {
        never = follow => never,
        never = roster::wake(&shared.with.pool, &shared.look) => match never {},
        () = stop.cancelled() => {}
    }
}

/// Ends what is gone, then starts what is new.
async fn look(shared: &Arc<Roster>) -> Result<(), EngineError> {
    let listed = roster::list(&shared.with.pool).await?;
    let there = |name: &ModelName, id: i32| listed.iter().any(|listed| listed.id == id && listed.name == *name);
    let mut running = BTreeMap::clone(&shared.running.load());
    let gone: Vec<(ModelName, Running)> = running.extract_if(.., |name, running| !there(name, running.id)).collect();
    {
        let mut failing = shared.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.retain(|name, (id, _)| there(name, *id));
    }
    if !gone.is_empty() {
        // Nobody finds it any more from here on; who holds it sees its log closed.
        shared.running.store(Arc::new(running.clone()));
    }
    for (name, Running { model, life, .. }) in gone {
        tracing::info!(model = %name, "model.end: model {name} was deleted");
        model.retire();
        shared.with.tasks.spawn(life.end(name));
    }
    for listed in listed {
        if running.contains_key(&listed.name) {
            continue;
        }
        let started = start(shared, &listed).await;
        let mut failing = shared.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match started {
            Ok(started) => {
                failing.remove(&listed.name);
                running.insert(listed.name, started);
                shared.running.store(Arc::new(running.clone()));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                drop(failing);
                note_failing(shared, &listed, &error);
            }
        }
    }
    Ok(())
}

/// Notes why a model does not run here; it is tried again at the next look.
fn note_failing(shared: &Roster, listed: &Listed, error: &EngineError) {
    let model = &listed.name;
    let mut failing = shared.failing.lock().unwrap_or_else(PoisonError::into_inner);
    if failing.insert(model.clone(), (listed.id, error.to_string())).is_none() {
        tracing::error!(%model, %error, "model.start_failed: model {model} is tried again");
    }
}

async fn start(shared: &Roster, listed: &Listed) -> Result<Running, EngineError> {
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
            | EngineError::Roster(RosterError::Unknown(_))
    )
}
