//! Reading a version back before its transaction is committed.

use sqlx::PgConnection;
use tokio::sync::mpsc;

use shelfmark_state::{ReadBack, StateError};

use super::{VersionError, link::Link, load};

/// Segments that wait to be checked.
const SEGMENTS_AHEAD: usize = 2;

/// Reads a version's own segments and checks them, on a blocking thread, against the state that they were made of.
///
/// # Errors
/// [`VersionError::ReadBack`] for rows that are not those of the state, [`VersionError::Corrupt`] for segments that do not
/// match their checksums.
pub(super) async fn check(
    connection: &mut PgConnection,
    link: &Link,
    mut read_back: Box<ReadBack>,
) -> Result<(), VersionError> {
    let (sender, mut segments) = mpsc::channel(SEGMENTS_AHEAD);
    let checking = tokio::task::spawn_blocking(move || -> Result<(), StateError> {
        while let Some(segment) = segments.blocking_recv() {
            read_back.take(&segment)?;
        }
        read_back.finish()
    });
    let sent = load::send(connection, link, &sender).await;
    drop(sender);
    let checked = checking.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?;
    sent?;
    checked.map_err(VersionError::ReadBack)
}
