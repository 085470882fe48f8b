//! Freezing and resuming of learning: a configuration change that leaves a deployment entry.

use crate::engine::{EngineError, learning::configure::Configuration};
use shelfmark_domain::{Deployment, DeploymentMode, ModelConfig, Served};
use shelfmark_store::versions::NewDeployment;

/// Who stops or starts learning, and why.
#[derive(Debug, Clone)]
pub struct Freeze {
    /// Whether events shall be learned from.
    pub learning: bool,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// What the deployment entry says beside it.
    pub details: Option<serde_json::Value>,
}

impl Configuration {
    /// Freezes or resumes; returns once the live state does so. Doing it twice leaves two entries and one record.
    pub async fn freeze(&self, asked: Freeze) -> Result<Deployment, EngineError> {
        let Freeze { learning, actor, reason, details } = asked;
        let position = self.configure(|config| Ok(ModelConfig { learning, ..config.clone() })).await?;
        let deployment = NewDeployment {
            mode: if learning { DeploymentMode::Resume } else { DeploymentMode::Freeze },
            to: Served::Live,
            version: None,
            position,
            actor,
            reason,
            details,
        };
        Ok(self.stores.versions.deploy(deployment).await?)
    }
}
