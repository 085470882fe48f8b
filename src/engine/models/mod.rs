//! All models of this process: which are there, and how they come and go.

pub(super) mod create;
pub(super) mod open;
mod reconciler;
mod removal;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use reconciler::Running;

use crate::engine::{EngineError, Model, Surroundings, learning::recovery::Seed, memory_budget};
use crate::{
    domain::ModelName,
    keys::forget_model,
    roster::{self, RosterError},
};

/// Longest wait until a model that was made, or deleted, is served here or no more.
const KEEPER_WAIT: Duration = Duration::from_secs(30);

/// All models of this process, by name. Cheap to clone.
///
/// One task (`keeper`) starts and ends models, as the roster in the database says: creations and deletions of this process
/// and of others go the same way. Readers take the map by pointer.
#[derive(Clone)]
pub struct Models {
    shared: Arc<Roster>,
}

/// What the handle and its tasks share.
pub(super) struct Roster {
    pub with: Surroundings,
    pub running: ArcSwap<BTreeMap<ModelName, Running>>,
    /// Counts the looks of the keeper at the database.
    pub looks: watch::Sender<u64>,
    /// Asks the keeper to look now.
    pub look: Notify,
    /// Why models that are there do not run here.
    pub failing: Mutex<BTreeMap<ModelName, (i32, String)>>,
    /// States of forks made here, by number, until the keeper starts them: they share memory with their base.
    pub seeds: Mutex<BTreeMap<i32, Seed>>,
}

impl Models {
    /// Starts every model of the database, `default` among them, and follows what comes and goes until `with.stop`.
    pub async fn start(with: &Surroundings) -> Result<Self, EngineError> {
        let shared = Arc::new(Roster {
            with: with.clone(),
            running: ArcSwap::default(),
            looks: watch::Sender::new(0),
            look: Notify::new(),
            failing: Mutex::default(),
            seeds: Mutex::default(),
        });
        reconciler::begin(&shared).await?;
        with.tasks.spawn(reconciler::run(Arc::clone(&shared)));
        let all = Self { shared: Arc::clone(&shared) };
        let rooms = move || all.list().iter().map(Model::room).collect();
        with.tasks.spawn(memory_budget::run(with.engine.memory_budget, rooms, with.stop.clone()));
        if !with.engine.read_only {
            with.tasks.spawn(removal::run(with.pool.clone(), with.stop.clone()));
        }
        Ok(Self { shared })
    }

    /// One model.
    pub fn get(&self, name: &ModelName) -> Option<Model> {
        self.shared.running.load().get(name).map(|running| running.model.clone())
    }

    /// All, by name.
    pub fn list(&self) -> Vec<Model> {
        self.shared.running.load().values().map(|running| running.model.clone()).collect()
    }

    /// Why the process is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<String> {
        self.list().iter().flat_map(Model::not_ready).chain(self.not_started()).collect()
    }

    /// The models that are there and do not run here, with the reasons.
    pub fn not_started(&self) -> Vec<String> {
        let failing = self.shared.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.iter().map(|(model, (_, reason))| format!("model {model} does not start: {reason}")).collect()
    }

    /// Deletes a model: returns once it is marked in the database and neither served nor learned here. Other processes follow
    /// within about a second; its rows are removed in the background.
    pub async fn delete(&self, name: &ModelName) -> Result<(), EngineError> {
        self.mark_deleted(name).await?;
        tracing::info!(model = %name, "model.deleted: model {name} is marked, its rows go in the background");
        self.shared.looked().await;
        Ok(())
    }

    async fn mark_deleted(&self, name: &ModelName) -> Result<(), RosterError> {
        let mut transaction = self.shared.with.pool.begin().await?;
        roster::mark_deleted(&mut transaction, name).await?;
        forget_model(&mut transaction, name).await?;
        Ok(transaction.commit().await?)
    }

    pub(super) fn shared(&self) -> &Arc<Roster> {
        &self.shared
    }
}

impl Roster {
    /// Returns once the keeper has acted on what is in the database now (after a bounded wait at the latest).
    pub async fn looked(&self) {
        let mut looks = self.looks.subscribe();
        let before = *looks.borrow_and_update();
        self.look.notify_one();
        // The look under way may have begun before: the one after it has not.
        let waited = tokio::time::timeout(KEEPER_WAIT, looks.wait_for(|looks| *looks >= before + 2));
        tokio::pin!(waited);
        loop {
            tokio::select! {
                _ = &mut waited => return,
                () = tokio::time::sleep(Duration::from_millis(20)) => self.look.notify_one(),
            }
        }
    }
}
