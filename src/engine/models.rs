//! All models of this process.

use std::{collections::BTreeMap, sync::Arc};

use super::{EngineError, Model, model::Surroundings};
use crate::{domain::ModelName, log::model_names};

/// All models of this process, by name. Cheap to clone.
#[derive(Clone)]
pub struct Models {
    models: Arc<BTreeMap<ModelName, Model>>,
}

impl Models {
    /// Starts every model of the database; `default` exists from the start.
    pub async fn start(with: &Surroundings) -> Result<Self, EngineError> {
        let mut models = BTreeMap::new();
        for name in model_names(&with.pool).await? {
            models.insert(name.clone(), Box::pin(Model::start(name, with)).await?);
        }
        Ok(Self { models: Arc::new(models) })
    }

    /// One model.
    pub fn get(&self, name: &ModelName) -> Option<Model> {
        self.models.get(name).cloned()
    }

    /// All, by name.
    pub fn list(&self) -> Vec<Model> {
        self.models.values().cloned().collect()
    }

    /// Why the process is not ready; empty when it is.
    pub fn not_ready(&self) -> Vec<String> {
        self.models.values().flat_map(Model::not_ready).collect()
    }
}
