//! A new model's row.

use sqlx::{PgConnection, types::Json};

use shelfmark_domain::{ModelConfig, ModelName, VersionNumber};

use super::{ModelCatalogError, lock_catalog};

/// A model about to be made.
#[derive(Debug)]
pub struct NewModel<'a> {
    /// Its name.
    pub name: &'a ModelName,
    /// Its configuration at position 0.
    pub config: &'a ModelConfig,
    /// What it stands on; `None` for one that begins empty.
    pub fork: Option<NewFork<'a>>,
}

/// What a fork stands on.
#[derive(Debug)]
pub struct NewFork<'a> {
    /// The base's name.
    pub base: &'a ModelName,
    /// The version of the base. From here on it cannot be deleted.
    pub version: VersionNumber,
    /// What the fork's first record makes of the version's configuration, when it has one.
    pub config: Option<&'a ModelConfig>,
}

/// Adds the row within the caller's transaction; returns the model's number.
///
/// Errors: [`ModelCatalogError::Exists`], [`ModelCatalogError::TooMany`] when there are `models_max` already, [`ModelCatalogError::Unknown`] when
/// the base, or that version of it, is gone.
pub async fn add(
    connection: &mut PgConnection,
    model: &NewModel<'_>,
    models_max: usize,
) -> Result<i32, ModelCatalogError> {
    lock_catalog(connection).await?;
    let there = sqlx::query("select from models where name = $1 and deleted_at is null").bind(model.name.as_str());
    if there.fetch_optional(&mut *connection).await?.is_some() {
        return Err(ModelCatalogError::Exists(model.name.clone()));
    }
    let models: i64 =
        sqlx::query_scalar("select count(*) from models where deleted_at is null").fetch_one(&mut *connection).await?;
    if usize::try_from(models).is_ok_and(|models| models >= models_max) {
        return Err(ModelCatalogError::TooMany(models_max));
    }
    let base = match &model.fork {
        Some(fork) => Some(base_id(connection, fork.base).await?),
        None => None,
    };
    let version = model.fork.as_ref().map(|fork| i32::try_from(fork.version.0).unwrap_or(-1));
    // The foreign key holds the version from here on, before the transaction ends.
    sqlx::query_scalar(
        "insert into models (name, config, forked_from_model, forked_from_version, fork_config) \
         values ($1, $2, $3, $4, $5) returning id",
    )
    .bind(model.name.as_str())
    .bind(Json(model.config))
    .bind(base)
    .bind(version)
    .bind(model.fork.as_ref().and_then(|fork| fork.config).map(Json))
    .fetch_one(connection)
    .await
    .map_err(|error| match (error.as_database_error().and_then(|refusal| refusal.constraint()), &model.fork) {
        (Some("models_name_unique"), _) => ModelCatalogError::Exists(model.name.clone()),
        (Some("models_fork_fkey"), Some(fork)) => ModelCatalogError::Unknown(fork.base.clone()),
        _ => ModelCatalogError::Database(error),
    })
}

async fn base_id(connection: &mut PgConnection, base: &ModelName) -> Result<i32, ModelCatalogError> {
    sqlx::query_scalar("select id from models where name = $1 and deleted_at is null")
        .bind(base.as_str())
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| ModelCatalogError::Unknown(base.clone()))
}
