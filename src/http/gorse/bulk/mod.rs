//! Users, items and feedback in bulk: as lines of JSON (`/api/bulk`), and as Gorse's dump (`/api/dump`,
//! `/api/restore`).
//!
//! Bounds (P9). What comes in is held [`RUN_ENTRIES`] entries or 4 MiB at a time; what goes out is read and encoded
//! [`RUN_ENTRIES`] entries at a time, as its reader takes it. Pauses are bounded like those of `/v1`: the sender's by the
//! pace of bodies, the reader's by the stall limit of answers. A model has four exports at once, of which a caller gets
//! a share.

mod dump;
mod dump_file;
mod entries;
mod export;
mod form;
mod frames;
mod import;
mod protobuf;

pub use dump_file::{DumpEntry, DumpFile, DumpFileError};
pub use export::{dump_all, export};
pub use import::{import, restore};

/// Entries that are handled at a time.
const RUN_ENTRIES: usize = 500;
