//! Records into the log: one, a batch, or a stream of lines.
//!
//! Promises: valid entries are taken, bad ones are named by index; the answer comes after the commit (P1); a retry
//! with the same `event_id` changes nothing (P2). Bounds: a batch has at most [`ENTRIES_MAX`] entries and the body
//! limit in bytes; a stream is held [`stream::LINES_MAX`] lines at a time; an answer names at most [`REJECTED_MAX`]
//! entries.

mod append;
mod content;
mod context;
mod entry;
mod event;
mod lag;
mod messages;
mod nothing_taken;
mod offsets;
mod outcome;
mod stream;
mod translated;
mod wait;
mod whole_batch;

pub use append::{AppendRequest, AppendResponse, WaitFor, WaitQuery, append, append_one, arrival};
pub use context::{EntryContext, ParsedEntry};
pub use entry::{EntryKind, checked_patch};
pub use event::EventIn;
pub use lag::LagBound;
pub use messages::{MessageRun, MessageSummary, append_messages, check_messages};
pub use nothing_taken::NothingTaken;
pub use offsets::OffsetIn;
pub use outcome::{AppendSummary, Rejection};
pub use stream::Lines;
pub use translated::{EventsRefused, Patience, append_bodies, append_events, checked_events, settled};

/// Most entries of one JSON batch.
pub const ENTRIES_MAX: usize = 10_000;
/// Most rejections named in an answer; the count is always whole.
pub const REJECTED_MAX: usize = 1_000;
