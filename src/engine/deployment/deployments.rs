//! Deployments of one model: a split over several states, and the way back to the live one.

use std::sync::Arc;

use crate::engine::{
    EngineError,
    deployment::{
        follow::{self, switch, views},
        readers::Readers,
        slot::RollbackSlot,
    },
    stores::Stores,
};
use shelfmark_domain::{Deployment, DeploymentMode, Served, Serving, Split};
use shelfmark_store::versions::NewDeployment;

/// What changes which states readers are served. Cheap to clone.
#[derive(Clone)]
pub struct Deployments {
    pub stores: Arc<Stores>,
    pub readers: Arc<Readers>,
    /// Claimed while one is made, rollbacks included: a second one is refused.
    pub slot: RollbackSlot,
}

impl Deployments {
    /// Switches the readers of this process over.
    pub async fn serve(&self, serving: &Serving) -> Result<(), EngineError> {
        follow::serve(&self.stores, &self.readers, serving).await
    }

    /// Splits readers; returns once this process serves them so.
    pub async fn split(&self, split: Split, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        let _only_one = self.slot.claim("split", &actor)?;
        let serving = Serving::from(split.clone());
        // Built before it is announced: no reader waits for them, and a corrupt version is refused here.
        let views = views(&self.stores, &self.readers, &serving).await?;
        let deployment = self.stores.versions.deploy_split(split, actor, reason).await?;
        switch(&self.readers, &serving, views);
        Ok(deployment)
    }

    /// Serves the live state again.
    pub async fn unpin(&self, actor: String, reason: Option<String>) -> Result<Deployment, EngineError> {
        let _only_one = self.slot.claim("unpin", &actor)?;
        let deployment = self
            .stores
            .versions
            .deploy(NewDeployment {
                mode: DeploymentMode::Unpin,
                to: Served::Live,
                version: None,
                position: None,
                actor,
                reason,
                details: None,
            })
            .await?;
        self.serve(&Serving::One(Served::Live)).await?;
        Ok(deployment)
    }
}
