//! Advisory lock that is held while versions of a model are stored, deleted or rewritten.

use sqlx::PgConnection;

use super::VersionError;

/// First half of the advisory lock's key: "SmVn". The second is the model.
const VERSIONS_LOCK: i32 = 0x536d_566e;

/// Takes the lock until the transaction ends. Callers that also lock the model's row take this lock first.
pub(super) async fn lock_versions(connection: &mut PgConnection, model_id: i32) -> Result<(), VersionError> {
    sqlx::query("select pg_advisory_xact_lock($1, $2)").bind(VERSIONS_LOCK).bind(model_id).execute(connection).await?;
    Ok(())
}
