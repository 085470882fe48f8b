//! The models that have a log.

use sqlx::{PgPool, Row, types::Json};

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
