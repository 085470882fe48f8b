//! The server of a data folder that another process of ours runs.

use std::path::Path;

use super::{managed::DATABASE, postmaster, socket};

/// The address of the database of the live server in `data_dir`, if one runs there: for commands beside a running
/// service, which holds the folder's lock. Starts nothing and takes no lock.
pub fn running_url(data_dir: &Path) -> Option<String> {
    let data_dir = std::fs::canonicalize(data_dir).ok()?;
    let found = postmaster::find(&data_dir.join("postgres").join("data"))?;
    (found.ready && !found.socket_folder.as_os_str().is_empty()).then(|| socket::url(&found.socket_folder, DATABASE))
}
