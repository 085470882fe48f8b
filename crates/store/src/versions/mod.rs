//! Versions: states kept in Postgres, and the history of what was served.
//!
//! Promises:
//! - P7 as far as bytes go: [`VersionStore::load`] returns the segments that [`VersionStore::save`] got, or an error that
//!   names the segment that is damaged, misplaced or missing. Whether the *state* is right, its digest tells the engine.
//! - A version is there whole, with its manifest, or not at all; numbers are never used twice.
//! - What is served exists: a version that is served, alone or to a part of the readers, cannot be deleted, nor one that a
//!   guard measures against, that a restore in the log names or that a fork stands on.
//! - One guard a model; it is armed until it has acted.
//! - Deployments are append-only (triggers refuse anything else, but for the end of a whole model), and what they say happened in
//!   that order.
//!
//! Bounds: `save` holds one compressed segment beside the one that is being compressed; lists have at most 1,000 entries;
//! `load` holds the whole state, which is what it is for.
//!
//! It does not know what a segment holds, takes no version by itself and deletes none by itself; a deleted model's go by
//! [`purge_versions`], one a call.
//!
//! Who may call: `engine` and `app`; `http` through the engine's handle.

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
pub use session_lock::SessionLock;
pub use store::VersionStore;
