//! Versions: snapshots of states in Postgres, with deployments, guards and receipts of erasures.
//!
//! **Promises.**
//! - P7 for bytes: [`VersionStore::load`] returns the segments that [`VersionStore::save`] was given, or an error that
//!   names the damaged, misplaced or missing segment. The digest tells the engine whether the *state* is right.
//! - A version is stored whole, with its manifest, or not at all. Numbers are never reused.
//! - A version in use cannot be deleted. In use are versions that are served (to all readers or some), that a guard
//!   compares with, that a restore in the log names, and that a fork started from.
//! - A model has at most one guard, which stays armed until it has acted.
//! - Deployments are append-only, in the order in which they happened. Triggers refuse anything else but the purge of a
//!   deleted model.
//!
//! **Bounds.** `save` holds one compressed segment and the one that is being compressed. `load` holds a few segments.
//! Lists have at most 1,000 entries.
//!
//! It does not know what a segment holds, and neither takes nor deletes a version by itself. [`purge_versions`] deletes
//! those of a deleted model, one at a time.
//!
//! **Used by** `engine` and `app`, and by `http` through the engine's handle.

mod chain;
mod codec;
mod deployments;
mod erase;
mod error;
mod fork;
mod guard;
mod link;
mod listener;
mod load;
mod lock;
mod manifest;
mod new_version;
mod purge;
mod read_back;
mod row;
mod save;
mod seal;
mod segments;
mod serving;
mod session_lock;
mod store;

pub use chain::Chain;
pub use erase::{ErasedVersion, erase_user, insert_receipt, related_models};
pub use error::VersionError;
pub use fork::ForkDetails;
pub use new_version::{NewDeployment, NewSegments, NewVersion};
pub use purge::purge_versions;
pub use row::RowKey;
pub use seal::ManifestCheck;
pub use session_lock::SessionLock;
pub use store::VersionStore;
