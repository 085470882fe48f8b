//! Insertion of a model into the catalogue.

use sqlx::{PgConnection, types::Json};

use shelfmark_domain::{ModelConfig, ModelName, VersionNumber};

use super::{ModelCatalogError, lock_catalog};

/// Model to be created.
#[derive(Debug)]
pub struct NewModel<'a> {
    /// Its name.
    pub name: &'a ModelName,
    /// Its configuration at position 0.
    pub config: &'a ModelConfig,
    /// The version that it starts from; `None` for an empty model.
    pub fork: Option<NewFork<'a>>,
}

/// Origin of a fork.
#[derive(Debug)]
pub struct NewFork<'a> {
    /// The base's name.
    pub base: &'a ModelName,
    /// Version of the base. It cannot be deleted while the fork exists.
    pub version: VersionNumber,
    /// Configuration after the fork's first record; `None` when the fork keeps that of the version.
    pub config: Option<&'a ModelConfig>,
}

/// Inserts the model within the caller's transaction and returns its number in the tables.
///
/// Errors: [`ModelCatalogError::Exists`]; [`ModelCatalogError::TooMany`] when there are `models_max` models;
/// [`ModelCatalogError::Unknown`] when the base, or that version of it, does not exist.
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
