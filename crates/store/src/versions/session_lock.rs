//! Work that one process at a time does for a model, and any may: taking periodic versions, guarding.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::{VersionError, VersionStore};

/// First half of the advisory lock's key: "SmTk". The second is the model.
const TAKING_LOCK: i32 = 0x536d_546b;
/// Longest wait for Postgres to say that the session lives.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Proof that this process is the one. The lock belongs to a database session of its own and ends with it: when this is
/// dropped, when the process dies, when Postgres restarts.
pub struct SessionLock {
    connection: PgConnection,
}

impl VersionStore {
    /// Becomes the taker, unless another process (or holder of the lock) is.
    pub async fn try_lock_taking(&self) -> Result<Option<SessionLock>, VersionError> {
        self.try_lock(TAKING_LOCK).await
    }

    /// Takes the advisory lock of a kind of work for this model, unless it is taken.
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
    /// Whether the session, and with it the lock, still lives. Ask before each piece of work; when not, try to get it
    /// again. Two takers for a moment do no harm: versions take numbers in turn.
    pub async fn holds(&mut self) -> bool {
        let ping = tokio::time::timeout(PING_TIMEOUT, self.connection.ping()).await;
        matches!(ping, Ok(Ok(())))
    }

    /// Lets another process take over now.
    pub async fn release(self) -> Result<(), VersionError> {
        Ok(self.connection.close().await?)
    }
}
