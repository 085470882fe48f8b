//! Session locks: advisory locks that elect one process of a model for taking versions or running the guard.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::{VersionError, VersionStore};

/// First half of the advisory lock's key: "SmTk". The second is the model.
const TAKING_LOCK: i32 = 0x536d_546b;
/// Longest wait for the answer to a ping of the session.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Advisory lock of a dedicated database session. It is released when this value is dropped, when the process dies, and
/// when Postgres restarts.
pub struct SessionLock {
    connection: PgConnection,
}

impl VersionStore {
    /// Tries to take the lock for taking versions of this model. `None` when another session holds it.
    pub async fn try_lock_taking(&self) -> Result<Option<SessionLock>, VersionError> {
        self.try_lock(TAKING_LOCK).await
    }

    /// Tries to take the advisory lock of a kind of work for this model. `None` when another session holds it.
    pub(super) async fn try_lock(&self, work: i32) -> Result<Option<SessionLock>, VersionError> {
        let mut connection = PgConnection::connect_with(&self.pool().connect_options()).await?;
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(work)
            .bind(self.model_id())
            .fetch_one(&mut connection)
            .await?;
        if taken {
            return Ok(Some(SessionLock { connection }));
        }
        connection.close().await?;
        Ok(None)
    }
}

impl SessionLock {
    /// Checks whether the session, and with it the lock, is still alive. Call it before each piece of work, and take
    /// the lock again when it is lost. Two holders for a moment do no harm, since versions are stored one after the
    /// other.
    pub async fn holds(&mut self) -> bool {
        let ping = tokio::time::timeout(PING_TIMEOUT, self.connection.ping()).await;
        matches!(ping, Ok(Ok(())))
    }

    /// Releases the lock, so that another process can take it at once.
    pub async fn release(self) -> Result<(), VersionError> {
        Ok(self.connection.close().await?)
    }
}
