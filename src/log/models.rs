//! The models that have a log.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool, Row, types::Json};

use super::LogError;
use crate::domain::{ModelConfig, ModelName};

/// Names of all models, in order.
pub async fn model_names(pool: &PgPool) -> Result<Vec<ModelName>, LogError> {
    let rows = sqlx::query("select name from models order by name").fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let name: String = row.try_get(0)?;
            ModelName::new(&name).map_err(|error| LogError::from(sqlx::Error::Decode(error.into())))
        })
        .collect()
}

/// Names of some models, by number in the tables.
pub async fn names_of(connection: &mut PgConnection, model_ids: &[i32]) -> Result<BTreeMap<i32, String>, LogError> {
    let rows =
        sqlx::query("select id, name from models where id = any($1)").bind(model_ids).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The model's configuration at position 0. The first call settles it to `default`; it never changes after that (P4),
/// whatever the defaults of later releases are: changes are records.
pub async fn base_config(pool: &PgPool, model: &ModelName, default: &ModelConfig) -> Result<ModelConfig, LogError> {
    let config: Option<Json<ModelConfig>> =
        sqlx::query_scalar("update models set config = coalesce(config, $2) where name = $1 returning config")
            .bind(model.as_str())
            .bind(Json(default))
            .fetch_optional(pool)
            .await?;
    let Json(config) = config.ok_or_else(|| LogError::UnknownModel(model.clone()))?;
    Ok(config)
}
