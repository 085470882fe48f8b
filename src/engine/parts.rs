//! Composition of one model from its parts.

use std::sync::Arc;

use crate::engine::{
    deployment::{attribution::AttributedLog, deployments::Deployments, readers::Readers, slot::RollbackSlot},
    guard::{GuardParts, registry::GuardRegistry},
    learning::{configure::Configuration, handle::LearnerHandle, parts::CoreParts},
    memory_budget::MemoryBudget,
    monitoring::{map::Maps, monitor::Monitor, quality_sampler::QualitySampler},
    rollback::Rollbacks,
    snapshots::take::Snapshots,
    stores::Stores,
};
use shelfmark_domain::{Position, Served};
use shelfmark_serving::{Publisher, Searcher};
use shelfmark_state::State;

/// Parts of one model. Each part holds what it needs of the others.
pub struct Parts {
    pub core: CoreParts,
    pub configuration: Arc<Configuration>,
    pub rollbacks: Rollbacks,
    pub attributed_log: AttributedLog,
    pub memory_budget: Arc<MemoryBudget>,
    pub searcher: Searcher,
    pub maps: Arc<Maps>,
}

impl Parts {
    /// Puts a model together; readers see an empty state until something is published.
    pub fn new(stores: Stores, searcher: Searcher) -> Self {
        let stores = Arc::new(stores);
        let name = stores.name.clone();
        let empty = State::initial(Arc::clone(&stores.base_config));
        let view = Publisher::from_scratch(&empty.inference, Position::ZERO, Served::Live);
        let readers = Arc::new(Readers::new(name.clone(), view));
        let learner = Arc::new(LearnerHandle::default());
        let monitor = Arc::new(Monitor::new(&name));
        let guard = Arc::new(GuardRegistry::new(stores.versions.clone()));
        let deployments =
            Deployments { stores: Arc::clone(&stores), readers: Arc::clone(&readers), slot: RollbackSlot::default() };
        let snapshots =
            Snapshots::new(Arc::clone(&stores), Arc::clone(&readers), Arc::clone(&learner), Arc::clone(&monitor));
        let maps = Maps::new(Arc::clone(&stores), Arc::clone(&readers), Arc::clone(&monitor));
        let attributed_log = AttributedLog {
            name: name.clone(),
            log: stores.log.clone(),
            readers: Arc::clone(&readers),
            guard: Arc::clone(&guard),
        };
        Self {
            configuration: Arc::new(Configuration::new(Arc::clone(&stores), Arc::clone(&readers))),
            rollbacks: Rollbacks { deployments, learner: Arc::clone(&learner) },
            memory_budget: Arc::new(MemoryBudget::new(
                name.clone(),
                Arc::clone(&readers),
                stores.settings.memory_budget,
            )),
            core: CoreParts {
                sampler: Arc::new(QualitySampler::new(name, Arc::clone(&readers), Arc::clone(&monitor))),
                snapshots: Arc::new(snapshots),
                stores,
                readers,
                learner,
                monitor,
                guard,
            },
            attributed_log,
            searcher,
            maps: Arc::new(maps),
        }
    }

    /// Returns what the guard works with.
    pub fn of_guard(&self) -> GuardParts {
        GuardParts {
            stores: Arc::clone(&self.core.stores),
            readers: Arc::clone(&self.core.readers),
            registry: Arc::clone(&self.core.guard),
            configuration: Arc::clone(&self.configuration),
            rollbacks: self.rollbacks.clone(),
        }
    }
}
