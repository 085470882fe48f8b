//! Models of this process: a table that readers take by pointer, and the task that keeps it up to date.

pub(super) mod create;
pub(super) mod open;
mod purge;
mod reconciler;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use reconciler::Running;

use crate::engine::{Dependencies, EngineError, Model, learning::recovery::Seed, memory_budget};
use shelfmark_domain::ModelName;
use shelfmark_store::keys::revoke_model_keys;
use shelfmark_store::model_catalog::{self, ModelCatalogError, NewModel};

/// Longest wait until the reconciler has started a created model, or stopped a deleted one.
const RECONCILE_WAIT: Duration = Duration::from_secs(30);

/// All models of this process, by name. Cheap to clone.
///
/// One task, the reconciler, starts and stops models to match the catalogue in the database, whichever process created
/// or deleted them. Readers take the map by pointer.
#[derive(Clone)]
pub struct Models {
    shared: Arc<ModelRegistry>,
}

/// Why a model that is there does not run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotRunning {
    /// It was there when the process began, and has not been opened yet.
    NotOpened,
    /// It could not be started for this reason, and is tried again.
    Failing(String),
}

/// State that the handle and its tasks share.
pub(super) struct ModelRegistry {
    pub with: Dependencies,
    pub running: ArcSwap<BTreeMap<ModelName, Running>>,
    /// Counts the runs of the reconciler.
    pub looks: watch::Sender<u64>,
    /// Wakes the reconciler.
    pub look: Notify,
    /// Models that are there and do not run here, with their numbers. One that starts is in `running` before it leaves.
    pub waiting: Mutex<BTreeMap<ModelName, (i32, NotRunning)>>,
    /// Deleted models whose tasks have ended, until the reconciler forgets their metrics.
    pub ended: Mutex<Vec<ModelName>>,
    /// States of forks made here, by number, until the reconciler starts them: they share memory with their base.
    pub seeds: Mutex<BTreeMap<i32, Seed>>,
}

impl Models {
    /// Starts every model of the database, `default` among them, and follows what comes and goes until `with.stop`.
    pub async fn start(with: &Dependencies) -> Result<Self, EngineError> {
        let shared = Arc::new(ModelRegistry {
            with: with.clone(),
            running: ArcSwap::default(),
            looks: watch::Sender::new(0),
            look: Notify::new(),
            waiting: Mutex::default(),
            ended: Mutex::default(),
            seeds: Mutex::default(),
        });
        reconciler::begin(&shared).await?;
        with.tasks.spawn(reconciler::run(Arc::clone(&shared)));
        let all = Self { shared: Arc::clone(&shared) };
        let budgets = move || all.list().iter().map(Model::memory_budget).collect();
        with.tasks.spawn(memory_budget::run(with.engine.memory_budget, budgets, with.stop.clone()));
        if !with.engine.read_only {
            with.tasks.spawn(purge::run(with.pool.clone(), with.stop.clone()));
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

    /// Why the process is not ready, model by model; empty when it is.
    ///
    /// A model that is made later counts once it runs here, or fails to start. While it is opened it does not: a
    /// balancer would take the other models away from their readers.
    pub fn not_ready(&self) -> Vec<String> {
        // In this order: a model that comes to run is seen in one of the two, or in both.
        let mut reasons = self.not_running();
        reasons.extend(self.list().iter().filter_map(Model::not_ready));
        reasons
    }

    fn not_running(&self) -> Vec<String> {
        let reason = |(model, (_, why)): (&ModelName, &(i32, NotRunning))| match why {
            NotRunning::NotOpened => format!("model {model}: starting, it has not been opened yet"),
            NotRunning::Failing(reason) => format!("model {model} does not start: {reason}"),
        };
        self.shared.waiting().iter().map(reason).collect()
    }

    /// Deletes a model: returns once it is marked in the database and neither served nor learned here. Other processes
    /// follow within about a second; its rows are removed in the background.
    pub async fn delete(&self, name: &ModelName) -> Result<(), EngineError> {
        self.mark_deleted(name).await?;
        tracing::info!(model = %name, "model.deleted: model {name} is marked, its rows go in the background");
        self.shared.looked().await;
        Ok(())
    }

    /// Deletes everything of a model and starts it anew under its name, with the configuration that it has. Its keys
    /// stay. One transaction: after a crash the old model is there whole, or the new one is.
    pub async fn purge(&self, name: &ModelName) -> Result<(), EngineError> {
        let model = self.get(name).ok_or_else(|| ModelCatalogError::Unknown(name.clone()))?;
        let config = model.config();
        let mut transaction = self.shared.with.pool.begin().await.map_err(ModelCatalogError::from)?;
        model_catalog::mark_purged(&mut transaction, name).await?;
        let anew = NewModel { name, config: &config, fork: None };
        model_catalog::add(&mut transaction, &anew, usize::MAX).await?;
        transaction.commit().await.map_err(ModelCatalogError::from)?;
        tracing::info!(model = %name, "model.purged: model {name} begins anew, its old rows go in the background");
        self.shared.looked().await;
        Ok(())
    }

    async fn mark_deleted(&self, name: &ModelName) -> Result<(), ModelCatalogError> {
        let mut transaction = self.shared.with.pool.begin().await?;
        model_catalog::mark_deleted(&mut transaction, name).await?;
        revoke_model_keys(&mut transaction, name).await?;
        Ok(transaction.commit().await?)
    }

    pub(super) fn shared(&self) -> &Arc<ModelRegistry> {
        &self.shared
    }
}

impl ModelRegistry {
    /// The models that are there and do not run here.
    pub fn waiting(&self) -> MutexGuard<'_, BTreeMap<ModelName, (i32, NotRunning)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Deleted models whose metrics are to be forgotten.
    pub fn ended(&self) -> MutexGuard<'_, Vec<ModelName>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the reconciler has applied the current catalogue, for a bounded time.
    pub async fn looked(&self) {
        let mut looks = self.looks.subscribe();
        let before = *looks.borrow_and_update();
        self.look.notify_one();
        // The look under way may have begun before: the one after it has not.
        let waited = tokio::time::timeout(RECONCILE_WAIT, looks.wait_for(|looks| *looks >= before + 2));
        tokio::pin!(waited);
        loop {
            tokio::select! {
                _ = &mut waited => return,
                () = tokio::time::sleep(Duration::from_millis(20)) => self.look.notify_one(),
            }
        }
    }
}
