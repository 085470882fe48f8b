//! Lookup of a managed server that another process runs.

use std::path::Path;

use super::{address::DatabaseAddress, managed::DATABASE, postmaster};

/// Returns the database address of the server that runs in `data_dir`; `None` when none accepts connections. For
/// commands beside a running service, which holds the lock of the folder. Starts nothing and takes no lock.
pub fn running_address(data_dir: &Path) -> Option<DatabaseAddress> {
    let data_dir = std::fs::canonicalize(data_dir).ok()?;
    let found = postmaster::find(&data_dir.join("postgres").join("data"))?;
    let known = found.ready && !found.socket_folder.as_os_str().is_empty();
    known.then(|| DatabaseAddress::own(&found.socket_folder, DATABASE))
}
