//! Chain of checksums at the end of the log: what an append continues.

use sqlx::PgConnection;

use shelfmark_domain::Position;

use super::{
    checksum::{Chain, Checksum},
    log_target::LogTarget,
};

/// Chain after the last append of this process. Other processes append too, so it is only known at a position.
#[derive(Debug, Default)]
pub(super) struct KnownChain {
    known: Option<(Position, Chain)>,
}

impl KnownChain {
    /// Returns the chain at the head, which the caller has locked: from memory when this process appended last.
    pub(super) async fn at(
        &mut self,
        connection: &mut PgConnection,
        target: LogTarget,
        head: Position,
    ) -> Result<Chain, sqlx::Error> {
        match self.known {
            Some((position, chain)) if position == head => Ok(chain),
            Some(_) | None => chain_at(connection, target.model_id, head).await,
        }
    }

    /// Notes a committed append.
    pub(super) fn committed(&mut self, head: Position, chain: Chain) {
        self.known = Some((head, chain));
    }
}

/// Reads the chain of the append that ends at a position. The default one at position 0, for a record without a
/// checksum, and for one that is no checksum: the appends after it still continue each other.
pub(super) async fn chain_at(
    connection: &mut PgConnection,
    model_id: i32,
    position: Position,
) -> Result<Chain, sqlx::Error> {
    if position == Position::ZERO {
        return Ok(Chain::default());
    }
    let checksum: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select checksum from records where model_id = $1 and position = $2")
            .bind(model_id)
            .bind(position.as_i64())
            .fetch_optional(connection)
            .await?;
    let checksum = checksum.flatten().and_then(|bytes| Checksum::from_bytes(&bytes).ok());
    Ok(checksum.map_or_else(Chain::default, |checksum| checksum.chain()))
}
