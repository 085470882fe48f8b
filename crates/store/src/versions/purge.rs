//! Purge of a deleted model's versions and deployments.

use sqlx::{PgConnection, Row};

use super::{VersionError, chain::delete_unreferenced, seal::remove_present};

/// Deletes the newest version of a deleted model with its segments or, when there is none, its deployments. Returns
/// `false` once nothing is left. Newest first, so that no version loses its base before it is deleted itself.
pub async fn purge_versions(connection: &mut PgConnection, model_id: i32) -> Result<bool, VersionError> {
    sqlx::query("update models set served_version = null where id = $1 and served_version is not null")
        .bind(model_id)
        .execute(&mut *connection)
        .await?;
    for statement in ["delete from serving_arms where model_id = $1", "delete from guards where model_id = $1"] {
        sqlx::query(statement).bind(model_id).execute(&mut *connection).await?;
    }
    let removed = sqlx::query(
        "delete from versions where model_id = $1 and number = (select max(number) from versions where model_id = $1) \
         returning number",
    )
    .bind(model_id)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(removed) = removed {
        remove_present(connection, &[(model_id, removed.try_get(0)?)]).await?;
        // It may have been the last version to depend on a hidden version of its origin.
        delete_unreferenced(connection).await?;
        return Ok(true);
    }
    let removed = sqlx::query("delete from deployments where model_id = $1").bind(model_id).execute(connection).await?;
    Ok(removed.rows_affected() > 0)
}
