//! Creation of models: empty ones, and forks of versions.

use std::sync::{Arc, PoisonError};

use crate::engine::{
    EngineError, Model, Models,
    learning::{configure::same_dim, recovery::Seed},
    models::NotRunning,
    snapshots::take::TakeVersion,
};
use shelfmark_domain::{FieldResult, ForkOrigin, ModelConfig, ModelName, RecordBody, VersionRef};
use shelfmark_log::insert_first_record;
use shelfmark_store::model_catalog::{self, ModelCatalogError, NewFork, NewModel, StoredModel};
use shelfmark_store::versions::{ForkDetails, VersionStore};

/// What a request makes of a configuration.
pub type ConfigChange = Box<dyn Fn(&ModelConfig) -> FieldResult<ModelConfig> + Send + Sync>;

/// A model to make.
pub struct CreateModel {
    /// Its name.
    pub name: ModelName,
    /// What it is forked from; `None` for one that begins empty.
    pub fork: Option<ForkFrom>,
    /// Makes its configuration of the version's, or of the defaults.
    pub config: ConfigChange,
    /// Who asks.
    pub actor: String,
}

/// What to fork.
#[derive(Debug, Clone)]
pub struct ForkFrom {
    /// The base.
    pub model: ModelName,
    /// Its version; `None` takes one of its live state first.
    pub version: Option<VersionRef>,
}

/// A fork's base, loaded and verified.
struct Base {
    origin: ForkOrigin,
    versions: VersionStore,
    seed: Seed,
}

impl Models {
    /// Makes a model and starts it; `true` with it when it was made now, `false` when it is there as asked for.
    ///
    /// A fork begins at position 0 with the version's state, bit for bit; a changed configuration is its first record.
    /// One transaction: after a crash the model is there whole, or not at all.
    ///
    /// Errors: [`ModelCatalogError::Exists`] when it exists with other settings, [`ModelCatalogError::TooMany`], a
    /// [`shelfmark_domain::FieldError`] of the configuration, those of looking up and verifying the version.
    pub async fn create(&self, create: CreateModel) -> Result<(Model, bool), EngineError> {
        let pool = &self.shared().with.pool;
        if let Some(made) = model_catalog::find(pool, &create.name).await? {
            Box::pin(self.same(&create, &made)).await?;
            return Ok((Box::pin(self.started(&create.name)).await?, false));
        }
        let made_now = match &create.fork {
            None => {
                let config = checked(&ModelConfig::default(), &create)?;
                let model = NewModel { name: &create.name, config: &config, fork: None };
                Box::pin(self.commit(&model, None, &create)).await
            }
            Some(fork) => {
                let base = Box::pin(self.base(fork, &create)).await?;
                let before = Arc::clone(base.seed.state.config());
                let config = checked(&before, &create)?;
                let changed = (config != *before).then_some(&config);
                let fork = NewFork { base: &base.origin.model, version: base.origin.version, config: changed };
                let model = NewModel { name: &create.name, config: &before, fork: Some(fork) };
                Box::pin(self.commit(&model, Some(&base), &create)).await
            }
        };
        match made_now {
            Ok(()) => Ok((Box::pin(self.started(&create.name)).await?, true)),
            // Somebody made one of this name meanwhile.
            Err(EngineError::ModelCatalog(ModelCatalogError::Exists(name))) => {
                let made = model_catalog::find(pool, &name).await?.ok_or(ModelCatalogError::Exists(name))?;
                Box::pin(self.same(&create, &made)).await?;
                Ok((Box::pin(self.started(&create.name)).await?, false))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a model that is there is the one that is asked for.
    async fn same(&self, create: &CreateModel, made: &StoredModel) -> Result<(), EngineError> {
        let exists = || ModelCatalogError::Exists(create.name.clone());
        let (before, now) = match (&create.fork, &made.fork) {
            (None, None) => (ModelConfig::default(), made.config.as_ref()),
            (Some(asked), Some(origin)) if asked.model == origin.model => {
                if let Some(version) = &asked.version {
                    let version = self.model(&asked.model)?.versions().get(version).await?.version;
                    if version != origin.version {
                        return Err(exists().into());
                    }
                }
                let before = made.config.clone().unwrap_or_default();
                (before, made.fork_config.as_ref().or(made.config.as_ref()))
            }
            (Some(_), Some(_)) | (None, Some(_)) | (Some(_), None) => return Err(exists().into()),
        };
        if now == Some(&checked(&before, create)?) {
            return Ok(());
        }
        Err(exists().into())
    }

    fn model(&self, name: &ModelName) -> Result<Model, EngineError> {
        self.get(name).ok_or_else(|| ModelCatalogError::Unknown(name.clone()).into())
    }

    /// The version to fork, taken now when none is named.
    async fn base(&self, fork: &ForkFrom, create: &CreateModel) -> Result<Base, EngineError> {
        let model = self.model(&fork.model)?;
        let number = match &fork.version {
            Some(version) => model.versions().get(version).await?.version,
            None => {
                let reason = Some(format!("to fork {} from it", create.name));
                let take = TakeVersion { label: None, reason, actor: create.actor.clone() };
                model.take_version(take).await?.version
            }
        };
        let seed = model.seed_of(number).await?;
        let origin = ForkOrigin { model: fork.model.clone(), version: number };
        Ok(Base { origin, versions: model.versions().clone(), seed })
    }

    async fn commit(&self, model: &NewModel<'_>, base: Option<&Base>, create: &CreateModel) -> Result<(), EngineError> {
        let shared = self.shared();
        let models_max = shared.with.engine.models_max;
        let mut transaction = shared.with.pool.begin().await.map_err(ModelCatalogError::from)?;
        let id = model_catalog::add(&mut transaction, model, models_max).await?;
        if let (Some(base), Some(fork)) = (base, &model.fork) {
            let reason = Some(format!("fork of {}, version {}", fork.base, fork.version));
            let adoption = ForkDetails { actor: create.actor.clone(), reason };
            let adopted = VersionStore::of(shared.with.pool.clone(), id)
                .create_fork(&mut transaction, &base.versions, fork.version, adoption)
                .await?;
            if let Some(config) = fork.config {
                let record = RecordBody::Configure { config: Box::new(config.clone()) };
                insert_first_record(&mut transaction, id, &record).await?;
            }
            // Known before the reconciler can see the row. When the commit fails nobody asks for it. It is loaded
            // instead when somebody was forgotten in the base since it was read.
            if adopted.digest == base.seed.digester.digest() {
                shared.seeds.lock().unwrap_or_else(PoisonError::into_inner).insert(id, base.seed.clone());
            }
        }
        let committed = transaction.commit().await.map_err(ModelCatalogError::from);
        if committed.is_err() {
            shared.seeds.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
        committed?;
        let origin = model.fork.as_ref().map(|fork| format!(" of {}, version {}", fork.base, fork.version));
        let (name, origin) = (model.name, origin.unwrap_or_default());
        tracing::info!(model = %name, "model.created: model {name}{origin}");
        Ok(())
    }

    /// The model, once it runs here.
    async fn started(&self, name: &ModelName) -> Result<Model, EngineError> {
        if let Some(model) = self.get(name) {
            return Ok(model);
        }
        self.shared().looked().await;
        self.get(name).ok_or_else(|| {
            let reason = match self.shared().waiting().get(name) {
                Some((_, NotRunning::Failing(reason))) => reason.clone(),
                Some((_, NotRunning::NotOpened)) | None => {
                    "it was not started in time, or deleted meanwhile".to_owned()
                }
            };
            EngineError::NotStarted { model: name.clone(), reason }
        })
    }
}

/// The configuration that is asked for, within the rules. The dimension of a fork is its base's.
fn checked(before: &ModelConfig, create: &CreateModel) -> FieldResult<ModelConfig> {
    let config = (create.config)(before)?;
    config.check()?;
    if create.fork.is_some() {
        same_dim(before, &config)?;
    }
    Ok(config)
}
