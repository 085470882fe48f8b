//! Deletion of models: a mark at once, and the row itself once everything else of the model is purged.

use sqlx::{PgConnection, PgPool};

use shelfmark_domain::ModelName;

use super::{ModelCatalogError, error::name, lock_catalog};

/// The model that cannot be deleted.
const REQUIRED: &str = "default";
/// Seconds between mark and purge. By then every process has stopped reading the model.
const PURGE_AFTER_SECONDS: f64 = 2.0;
/// First half of the advisory lock's key: "SmRm". The second is the model.
const PURGE_LOCK: i32 = 0x536d_526d;

/// Marks the model as deleted within the caller's transaction.
///
/// Errors: [`ModelCatalogError::Required`] for `default`, [`ModelCatalogError::Unknown`], and
/// [`ModelCatalogError::InUse`] while it has forks that are not deleted.
pub async fn mark_deleted(connection: &mut PgConnection, model: &ModelName) -> Result<(), ModelCatalogError> {
    if model.as_str() == REQUIRED {
        return Err(ModelCatalogError::Required(model.clone()));
    }
    mark_purged(connection, model).await
}

/// Marks the model as deleted, as [`mark_deleted`] does, where another one takes its name in the same transaction.
///
/// Errors: [`ModelCatalogError::Unknown`], and [`ModelCatalogError::InUse`] while it has forks that are not deleted.
pub async fn mark_purged(connection: &mut PgConnection, model: &ModelName) -> Result<(), ModelCatalogError> {
    lock_catalog(connection).await?;
    let id: i32 = sqlx::query_scalar("select id from models where name = $1 and deleted_at is null")
        .bind(model.as_str())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| ModelCatalogError::Unknown(model.clone()))?;
    let forks: Vec<String> =
        sqlx::query_scalar("select name from models where forked_from_model = $1 and deleted_at is null order by name")
            .bind(id)
            .fetch_all(&mut *connection)
            .await?;
    if !forks.is_empty() {
        let forks = forks.iter().map(|fork| name(fork)).collect::<Result<_, _>>()?;
        return Err(ModelCatalogError::InUse { model: model.clone(), forks });
    }
    // Appenders take this row's lock too. What they committed before is deleted with the model; afterwards they see the
    // mark.
    sqlx::query("update models set deleted_at = now() where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Lists the models whose rows may be purged now: marked 2 s ago or earlier, and the origin of no remaining fork.
pub async fn purgeable(pool: &PgPool) -> Result<Vec<i32>, ModelCatalogError> {
    let ids = sqlx::query_scalar(
        "select id from models m where deleted_at < clock_timestamp() - make_interval(secs => $1) \
         and not exists (select from models fork where fork.forked_from_model = m.id) order by id",
    )
    .bind(PURGE_AFTER_SECONDS)
    .fetch_all(pool)
    .await?;
    Ok(ids)
}

/// Tries to take the lock for purging a model, until the transaction ends. Returns `false` when another process holds
/// it.
pub async fn try_lock_purge(connection: &mut PgConnection, id: i32) -> Result<bool, ModelCatalogError> {
    Ok(sqlx::query_scalar("select pg_try_advisory_xact_lock($1, $2)")
        .bind(PURGE_LOCK)
        .bind(id)
        .fetch_one(connection)
        .await?)
}

/// Deletes the catalogue row of a marked model, once it has no other rows.
pub async fn delete_row(connection: &mut PgConnection, id: i32) -> Result<(), ModelCatalogError> {
    sqlx::query("delete from models where id = $1 and deleted_at is not null").bind(id).execute(connection).await?;
    Ok(())
}
