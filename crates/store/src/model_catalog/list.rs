//! Queries of the model catalogue.

use sqlx::{PgPool, Row, postgres::PgRow, types::Json};

use shelfmark_domain::{ForkOrigin, ModelConfig, ModelName, VersionNumber};

use super::{ModelCatalogError, error::name};

/// Model of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its number in the tables. A later model of the same name has another one.
    pub id: i32,
    /// Its name.
    pub name: ModelName,
    /// Origin, when it is a fork.
    pub fork: Option<ForkOrigin>,
}

/// Model with the settings that it was created with.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredModel {
    /// Its number in the tables.
    pub id: i32,
    /// Origin, when it is a fork.
    pub fork: Option<ForkOrigin>,
    /// Its configuration at position 0; `None` until a process opens the model for the first time.
    pub config: Option<ModelConfig>,
    /// Configuration after a fork's first record, when that changes it.
    pub fork_config: Option<ModelConfig>,
}

/// Lists all models that are not deleted, ordered by name.
pub async fn list(pool: &PgPool) -> Result<Vec<ListedModel>, ModelCatalogError> {
    let rows = sqlx::query(
        "select m.id, m.name, base.name, m.forked_from_version from models m \
         left join models base on base.id = m.forked_from_model where m.deleted_at is null order by m.name",
    )
    .fetch_all(pool)
    .await?;
    let listed = |row: &PgRow| -> Result<ListedModel, sqlx::Error> {
        Ok(ListedModel { id: row.try_get(0)?, name: name(row.try_get(1)?)?, fork: origin(row, 2)? })
    };
    Ok(rows.iter().map(listed).collect::<Result<_, _>>()?)
}

/// Finds the model of this name that is not deleted.
pub async fn find(pool: &PgPool, model: &ModelName) -> Result<Option<StoredModel>, ModelCatalogError> {
    let row = sqlx::query(
        "select m.id, base.name, m.forked_from_version, m.config, m.fork_config from models m \
         left join models base on base.id = m.forked_from_model where m.name = $1 and m.deleted_at is null",
    )
    .bind(model.as_str())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let config = |column| Ok::<_, sqlx::Error>(row.try_get::<Option<Json<ModelConfig>>, _>(column)?.map(|json| json.0));
    Ok(Some(StoredModel { id: row.try_get(0)?, fork: origin(&row, 1)?, config: config(3)?, fork_config: config(4)? }))
}

/// Reads the origin from `column` (the base's name) and the column after it (the version's number).
fn origin(row: &PgRow, column: usize) -> Result<Option<ForkOrigin>, sqlx::Error> {
    let base: Option<&str> = row.try_get(column)?;
    let version: Option<i32> = row.try_get(column + 1)?;
    let (Some(base), Some(version)) = (base, version) else { return Ok(None) };
    Ok(Some(ForkOrigin { model: name(base)?, version: VersionNumber(u32::try_from(version).unwrap_or(0)) }))
}
