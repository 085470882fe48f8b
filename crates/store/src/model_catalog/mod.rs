//! The roster: which models there are, and how they come and go.
//!
//! Promises:
//! - [`add()`] runs inside the caller's transaction, together with what the other rooms write for the new model: a crash leaves a
//!   whole model or none. Additions and deletions of all processes take turns, so the bound on the number of models holds.
//! - [`mark_deleted`] is one row: from its commit on the model is in no list, takes no append and its name is free. Its rows
//!   are removed later, by who calls [`purgeable`] and the rooms that own them; [`delete_row`] comes last. A crash in between leaves
//!   the mark, and the work goes on from there.
//! - A model that a fork stands on is not deleted.
//!
//! It does not know what a log, a version or a key is, and starts and stops nothing: `engine` does.
//!
//! Who may call: `engine`. Bounds: the number of models, given by the caller; every list is that long.

mod add;
mod error;
mod list;
mod listener;
mod remove;

pub use add::{NewFork, NewModel, add};
pub use error::ModelCatalogError;
pub use list::{ListedModel, StoredModel, find, list};
pub use listener::watch_changes;
pub use remove::{delete_row, mark_deleted, purgeable, try_lock_purge};

/// Channel of creations and deletions; the payload says nothing.
const CHANNEL: &str = "shelfmark_models";
/// Key of the advisory lock under which models are made and marked: "SmMd".
const LOCK: i64 = 0x536d_4d64;

/// Takes the lock until the transaction ends, and tells the other processes when it commits.
async fn lock_catalog(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1), pg_notify($2, '')")
        .bind(LOCK)
        .bind(CHANNEL)
        .execute(connection)
        .await?;
    Ok(())
}
