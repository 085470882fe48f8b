//! One process at a time takes the periodic versions of a model; any may.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::{VersionError, VersionStore};

/// First half of the advisory lock's key: "SmTk". The second is the model.
const TAKER_LOCK: i32 = 0x536d_546b;
/// Longest wait for Postgres to say that the session lives.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Proof that this process is the taker. The lock belongs to a database session of its own and ends with it: when this is
/// dropped, when the process dies, when Postgres restarts.
pub struct Taker {
    connection: PgConnection,
}

impl VersionStore {
    /// Becomes the taker, unless another process (or guard) is.
    pub async fn try_become_taker(&self) -> Result<Option<Taker>, VersionError> {
        let mut connection = PgConnection::connect_with(&self.pool().connect_options()).await?;
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, $2)")
            .bind(TAKER_LOCK)
            .bind(self.model_id())
            .fetch_one(&mut connection)
            .await?;
        if taken {
            return Ok(Some(Taker { connection }));
        }
        connection.close().await?;
        Ok(None)
    }
}

impl Taker {
    /// Whether the session, and with it the lock, still lives. Ask before each version; when not, try to become the taker
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
