//! Model catalogue: the models of a database, their creation and their deletion.
//!
//! **Promises.**
//! - [`add()`] runs in the caller's transaction, with whatever else is written for the new model. A crash leaves a
//!   whole model or none. Creations and deletions of all processes take turns, so the maximum number of models is
//!   exact.
//! - [`mark_deleted`] updates one row. From its commit on, the model is in no list, takes no append, and its name is
//!   free. Its rows are purged later: [`purgeable`] lists such models, and [`delete_row`] comes last. After a crash in
//!   between, the mark is still there, and the purge continues.
//! - A model with forks is not deleted.
//!
//! It knows nothing of logs, versions and keys, and starts and stops nothing; the engine does.
//!
//! **Used by** `engine`. **Bounds.** Lists are as long as the number of models, whose maximum the caller gives.

mod add;
mod error;
mod list;
mod listener;
mod remove;

pub use add::{NewFork, NewModel, add};
pub use error::ModelCatalogError;
pub use list::{ListedModel, StoredModel, find, list};
pub use listener::watch_changes;
pub use remove::{delete_row, mark_deleted, mark_purged, purgeable, try_lock_purge};

/// Channel of notifications of creations and deletions. The payload is empty.
const CHANNEL: &str = "shelfmark_models";
/// Key of the advisory lock that creations and deletions hold: "SmMd".
const LOCK: i64 = 0x536d_4d64;

/// Takes the lock until the transaction ends, and notifies the other processes when it commits.
async fn lock_catalog(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1), pg_notify($2, '')")
        .bind(LOCK)
        .bind(CHANNEL)
        .execute(connection)
        .await?;
    Ok(())
}
