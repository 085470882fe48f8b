//! Lookup of a managed server that another process runs.

use std::path::Path;

use super::{managed::DATABASE, postmaster, socket};

/// Returns the database address of the server that runs in `data_dir`; `None` when none accepts connections. For
/// commands beside a running service, which holds the lock of the folder. Starts nothing and takes no lock.
pub fn running_url(data_dir: &Path) -> Option<String> {
    let data_dir = std::fs::canonicalize(data_dir).ok()?;
    let found = postmaster::find(&data_dir.join("postgres").join("data"))?;
    (found.ready && !found.socket_folder.as_os_str().is_empty()).then(|| socket::url(&found.socket_folder, DATABASE))
}
