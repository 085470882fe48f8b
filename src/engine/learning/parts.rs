//! The parts of a model that its learner drives.

use std::sync::Arc;

use crate::engine::{
    deployment::readers::Readers,
    guard::registry::GuardRegistry,
    learning::handle::LearnerHandle,
    monitoring::{monitor::Monitor, quality_sampler::QualitySampler},
    snapshots::take::Snapshots,
    stores::Stores,
};
use crate::{domain::ForgottenUser, serving::View};

/// What the learner thread, its feed and its supervisor work with. Cheap to clone.
#[derive(Clone)]
pub struct LearnerParts {
    pub stores: Arc<Stores>,
    pub readers: Arc<Readers>,
    pub learner: Arc<LearnerHandle>,
    pub monitor: Arc<Monitor>,
    pub sampler: Arc<QualitySampler>,
    pub guard: Arc<GuardRegistry>,
    pub snapshots: Arc<Snapshots>,
}

impl LearnerParts {
    /// Makes a view the live one and wakes who waits for it.
    pub fn publish(&self, view: Arc<View>) {
        let position = self.readers.publish(view);
        self.stores.log.set_reader_position(position);
        // Last: who is told that the model is ready finds it at that position.
        self.learner.health.reached(position);
    }

    /// Takes a forgotten user out of everything that is kept beside the live state.
    pub fn forget(&self, user: &ForgottenUser) {
        self.stores.forget(user);
        self.readers.forget(user);
    }
}
