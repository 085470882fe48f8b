//! Verification of a version before the commit: its segments are read back and compared with the state.

use sqlx::PgConnection;
use tokio::sync::mpsc;

use shelfmark_state::{ReadBack, StateError};

use super::{VersionError, link::Link, load};

/// Segments that wait to be checked.
const SEGMENTS_AHEAD: usize = 2;

/// Reads a version's own segments and compares them with the expected state, on a blocking thread.
///
/// # Errors
/// [`VersionError::ReadBack`] when rows differ from the state, [`VersionError::Corrupt`] when a segment does not match
/// its checksum.
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
