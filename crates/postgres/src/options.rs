//! How a managed server is wanted.

use std::path::PathBuf;

/// What can be chosen about a [`super::ManagedPostgres`]; the default is what `shelfmark serve` uses.
#[derive(Debug, Clone)]
pub struct ManagedPostgresOptions {
    /// The folder with `initdb`, `pg_ctl` and `postgres`; `None` searches (see `Binaries::find`). The
    /// default is the setting SHELFMARK_POSTGRES_BIN.
    pub binaries: Option<PathBuf>,
    /// Whether a commit is on disk before it is acknowledged. Only throw-away clusters of tests say `false`: P1
    /// needs it.
    pub durable: bool,
}

impl Default for ManagedPostgresOptions {
    fn default() -> Self {
        let binaries = std::env::var_os("SHELFMARK_POSTGRES_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { binaries, durable: true }
    }
}
