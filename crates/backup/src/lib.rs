//! Backups of a database in an object store or a folder: incremental, verified, restored into an empty database.
//!
//! **Promises.**
//! - A backup is the database at one moment: everything is read in one read-only snapshot. Nothing is stopped for it.
//! - A backup is listed once all of its objects are stored: its manifest is written last. A run that was cut off leaves
//!   objects that the next run uses, and no backup.
//! - Objects never change. Each is named by its SHA-256 and created only where there is none, so backups share them.
//! - What a restore reads is what the backup wrote: every object is compared with size and SHA-256 of the manifest, and
//!   the manifest with its own. What is changed, exchanged or missing is named.
//! - A restore is one transaction, into a database without content. Cut off, it leaves nothing.
//! - One backup or removal runs at a time in one place, under a lease. Whoever ends gives it back, also when stopped
//!   before the end. The lease of a process that died ends by itself.
//! - Errors name the store and the object, and hold no secret.
//! - Who was erased after a backup is named to whoever restores it, as pseudonyms ([`Loaded::erasures`]).
//!
//! **Layout** below the address: `backups/<UTC time>` (manifests), `log/<model>/`, `versions/<model>/` and `tables/`
//! (objects), `erasures/`, `leases/`. docs/reference/files.md has it for people.
//!
//! **Must not know** the service, or what rows mean. Tables come from the catalogue of the database, and rows pass as
//! binary COPY. It knows the columns that cut `records` and `version_segments` into pieces, and no others.
//!
//! **Used by** the command line.
//!
//! **Bounds.** An object has at most 8 MiB before compression; four are under way at once, up or down. A request takes
//! at most [`StoreSettings::timeout`], a retry included twice that. A manifest has at most 256 MiB.

mod address;
mod backup;
mod binary_copy;
mod check;
mod erasures;
mod error;
mod folder;
mod http;
mod lease;
mod listed;
mod manifest;
mod object;
mod objects;
mod pieces;
mod restore;
mod retention;
mod snapshot;
mod store;
mod tables;
mod upload;

pub use address::{StoreAddress, StoreSettings};
pub use backup::{BackupOutcome, BackupSettings, back_up};
pub use check::{Damage, check};
pub use erasures::Erasure;
pub use error::BackupError;
pub use manifest::{BackedModel, BackupSummary, Manifest, due_in, list, newest, read, time_of};
pub use restore::{Loaded, load};
pub use retention::Removed;
pub use store::Store;
pub use tables::{TableKind, kind_of};
