//! Columns of the database, with what an erasure makes of a user's id in them (P10). A test compares the table with the
//! schema, so that a new column has to say where it stands.

use OnErasure::{Administrators, Hash, Never, Pseudonym, Removed};

/// What an erasure does to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnErasure {
    /// The id gives way to a salted hash.
    Pseudonym,
    /// What named the user is removed.
    Removed,
    /// A hash over other columns is computed anew.
    Hash,
    /// Words of administrators, which nothing searches: names, labels, reasons.
    Administrators,
    /// It never holds a user's id.
    Never,
}

/// Columns of a table that share what an erasure does to them.
#[derive(Debug, Clone, Copy)]
pub struct ErasurePlaces {
    /// The table.
    pub table: &'static str,
    /// What happens to the columns.
    pub on_erasure: OnErasure,
    /// The columns.
    pub columns: &'static [&'static str],
}

const fn places(table: &'static str, on_erasure: OnErasure, columns: &'static [&'static str]) -> ErasurePlaces {
    ErasurePlaces { table, on_erasure, columns }
}

/// Every column that holds text, JSON or bytes, and the hash of a retry.
///
/// Besides, a user's id stands in memory (the log's queue, learners, views and versions, which meet the record
/// `forget`), in the file system (dead rows and the write-ahead log of Postgres, until it writes over them), and in
/// nothing that the process logs.
pub const ERASURE_PLACES: [ErasurePlaces; 27] = [
    places("api_keys", Administrators, &["name", "model", "origins"]),
    places("api_keys", Never, &["hash", "scope"]),
    places("audit_log", Administrators, &["actor", "model", "request_id"]),
    // Routes with a user in their path are on record without the user.
    places("audit_log", Never, &["action", "target"]),
    places("deployments", Administrators, &["actor", "reason"]),
    // What a guard saw, and the arms of a split.
    places("deployments", Never, &["mode", "details"]),
    places("erasures", Never, &["receipt"]),
    places("guards", Administrators, &["actor"]),
    places("guards", Never, &["settings", "acted"]),
    places("models", Administrators, &["name"]),
    places("models", Never, &["config", "fork_config"]),
    // Dry runs list users that moved.
    places("operations", Pseudonym, &["result", "error"]),
    places("operations", Administrators, &["actor"]),
    places("operations", Never, &["id", "kind", "state"]),
    places("processes", Administrators, &["address", "version", "models"]),
    places("records", Pseudonym, &["user_id", "session_id"]),
    // Of the user's events. `rest` also holds the users of merges and of what replays left out: they get the hash.
    places("records", Removed, &["event_id", "rest", "retry_hash"]),
    places("records", Hash, &["checksum"]),
    places("records", Administrators, &["source"]),
    places("records", Never, &["item_id", "kind"]),
    places("stream_offsets", Never, &["topic", "partition", "next_offset"]),
    // Ids of rows, packed.
    places("version_segments", Pseudonym, &["payload"]),
    places("version_segments", Hash, &["checksum"]),
    // What a replay left out.
    places("versions", Pseudonym, &["derived"]),
    places("versions", Hash, &["digest", "checksum", "seal"]),
    places("versions", Administrators, &["label", "reason", "actor"]),
    places("versions", Never, &["metrics", "fingerprint"]),
];
