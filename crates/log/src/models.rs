//! Start and end of a model's log: the configuration at position 0, the first record of a fork, and the purge of a
//! deleted model's records.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool, Row, types::Json};

use shelfmark_domain::{ModelConfig, ModelName, Position, RecordBody, Timestamp};

use super::{LogError, body, restore::insert_append};

/// Maximum number of records that one call of [`purge_records`] deletes, in about a second.
const PURGED_RECORDS: i64 = 50_000;

/// Returns the names of models, by their numbers in the tables.
pub async fn model_names(connection: &mut PgConnection, model_ids: &[i32]) -> Result<BTreeMap<i32, String>, LogError> {
    let rows =
        sqlx::query("select id, name from models where id = any($1)").bind(model_ids).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Returns the model's configuration at position 0, and stores `default` as such on the first call. It never changes
/// after that (P4), whatever the defaults of later releases are: later changes are records.
///
/// Error: [`LogError::UnknownModel`].
pub async fn base_config_or_init(
    pool: &PgPool,
    model: &ModelName,
    default: &ModelConfig,
) -> Result<ModelConfig, LogError> {
    // Read first: a start on a full disk can read, and has nothing to store.
    match read_base_config(pool, model).await {
        Err(LogError::NotStarted(_)) => {}
        config => return config,
    }
    let config: Option<Json<ModelConfig>> = sqlx::query_scalar(
        "update models set config = coalesce(config, $2) where name = $1 and deleted_at is null returning config",
    )
    .bind(model.as_str())
    .bind(Json(default))
    .fetch_optional(pool)
    .await?;
    let Json(config) = config.ok_or_else(|| LogError::UnknownModel(model.clone()))?;
    Ok(config)
}

/// Returns the model's configuration at position 0, for a read-only process.
///
/// Errors: [`LogError::UnknownModel`]; [`LogError::NotStarted`] until another process has stored it.
pub async fn read_base_config(pool: &PgPool, model: &ModelName) -> Result<ModelConfig, LogError> {
    let config: Option<Option<Json<ModelConfig>>> =
        sqlx::query_scalar("select config from models where name = $1 and deleted_at is null")
            .bind(model.as_str())
            .fetch_optional(pool)
            .await?;
    let config = config.ok_or_else(|| LogError::UnknownModel(model.clone()))?;
    config.map(|Json(config)| config).ok_or_else(|| LogError::NotStarted(model.clone()))
}

/// Inserts the first record of an empty log, as an append of its own, within the caller's transaction.
///
/// Error: [`LogError::Refused`] when the log is not empty.
pub async fn insert_first_record(
    connection: &mut PgConnection,
    model_id: i32,
    record: &RecordBody,
) -> Result<(), LogError> {
    let columns = body::to_columns(record).map_err(|detail| LogError::Refused { index: 0, detail })?;
    let (first, at) = (Position::ZERO.next(), Timestamp::now());
    insert_append(&mut *connection, model_id, (first, at), columns.code, columns.rest).await?;
    // P3: the head moves in the same transaction.
    let moved = sqlx::query("update models set head = $2, head_at = $3 where id = $1 and head = 0")
        .bind(model_id)
        .bind(first.as_i64())
        .bind(at.to_datetime())
        .execute(connection)
        .await?;
    if moved.rows_affected() == 1 {
        return Ok(());
    }
    let detail = "the log is not empty".to_owned();
    Err(LogError::Refused { index: 0, detail })
}

/// Deletes the oldest 50,000 records of a deleted model. Returns `false` once none is left.
pub async fn purge_records(connection: &mut PgConnection, model_id: i32) -> Result<bool, LogError> {
    // Positions are dense (P3), so a range determines how many rows are deleted.
    let removed = sqlx::query(
        "delete from records where model_id = $1 \
         and position < (select min(position) + $2 from records where model_id = $1)",
    )
    .bind(model_id)
    .bind(PURGED_RECORDS)
    .execute(connection)
    .await?;
    Ok(removed.rows_affected() > 0)
}
