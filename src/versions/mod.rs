//! Versions: states kept in Postgres, and the history of what was served.
//!
//! Promises:
//! - P7 as far as bytes go: [`VersionStore::load`] returns the segments that [`VersionStore::save`] got, or an error that
//!   names the segment that is damaged, misplaced or missing. Whether the *state* is right, its digest tells the engine.
//! - A version is there whole, with its manifest, or not at all; numbers are never used twice.
//! - What is served exists: a served version cannot be deleted, nor one that a restore in the log names.
//! - Deployments are append-only (a trigger refuses anything else), and what they say happened in that order.
//!
//! Bounds: `save` holds one compressed segment beside the one that is being compressed; lists have at most 1,000 entries;
//! `load` holds the whole state, which is what it is for.
//!
//! It does not know what a segment holds, takes no version by itself and deletes none by itself.
//!
//! Who may call: `engine` and `app`; `http` through the engine's handle.

mod deployments;
mod error;
mod load;
mod manifest;
mod new;
mod packing;
mod row;
mod save;
mod store;
mod taker;
mod watch;

pub use error::VersionError;
pub use new::{NewDeployment, NewVersion};
pub use row::RowPlace;
pub use store::VersionStore;
pub use taker::Taker;
