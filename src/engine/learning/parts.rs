//! Core parts of a model: stores, readers, learner, monitoring and snapshots.

use std::sync::Arc;

use crate::engine::{
    deployment::readers::Readers,
    guard::registry::GuardRegistry,
    learning::handle::LearnerHandle,
    monitoring::{monitor::Monitor, quality_sampler::QualitySampler},
    snapshots::take::Snapshots,
    stores::Stores,
};
use shelfmark_domain::ForgottenUser;
use shelfmark_serving::View;

/// Parts that the learner thread, its feed, its supervisor and the survey use. Cheap to clone.
#[derive(Clone)]
pub struct CoreParts {
    pub stores: Arc<Stores>,
    pub readers: Arc<Readers>,
    pub learner: Arc<LearnerHandle>,
    pub monitor: Arc<Monitor>,
    pub sampler: Arc<QualitySampler>,
    pub guard: Arc<GuardRegistry>,
    pub snapshots: Arc<Snapshots>,
}

impl CoreParts {
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
