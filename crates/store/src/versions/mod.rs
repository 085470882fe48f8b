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
//! [`remove_versions`], one a call.
//!
//! Who may call: `engine` and `app`; `http` through the engine's handle.

mod adopt;
mod chain;
mod deployments;
mod erase;
mod error;
mod guard;
mod link;
mod load;
mod lock;
mod manifest;
mod new;
mod packing;
mod read_back;
mod removal;
mod row;
mod save;
mod segments;
mod serving;
mod store;
mod taker;
mod watch;

pub use adopt::Adoption;
pub use chain::Chain;
pub use erase::{ErasedVersion, erase_user, family, keep_receipt};
pub use error::VersionError;
pub use new::{NewDeployment, NewSegments, NewVersion};
pub use removal::remove_versions;
pub use row::RowPlace;
pub use store::VersionStore;
pub use taker::SessionLock;
