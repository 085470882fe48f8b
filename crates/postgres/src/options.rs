//! Options of a managed server.

use std::path::PathBuf;

/// Options of a [`super::ManagedPostgres`]. The defaults are those of `shelfmark serve`.
#[derive(Debug, Clone)]
pub struct ManagedPostgresOptions {
    /// The folder with `initdb`, `pg_ctl` and `postgres`; `None` searches the usual places. The default is the variable
    /// SHELFMARK_POSTGRES_BIN.
    pub binaries: Option<PathBuf>,
    /// Whether a commit is on disk before it is acknowledged. P1 needs it, so only clusters of tests set `false`.
    pub durable: bool,
    /// Whether a cluster is created where there is none. Only `shelfmark serve` does so: other commands would take a
    /// wrong folder for an empty database.
    pub create: bool,
    /// Whether the database is to be restored. A cluster that is created then is marked until
    /// [`super::ManagedPostgres::restored`]; other starts refuse it.
    pub restore: bool,
}

impl Default for ManagedPostgresOptions {
    fn default() -> Self {
        let binaries = std::env::var_os("SHELFMARK_POSTGRES_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { binaries, durable: true, create: true, restore: false }
    }
}
