//! Connections to Postgres, migrations, and a managed local server for users who have none.
//!
//! **Promises.**
//! - A data folder has at most one running service and one running server. [`ManagedPostgres`] holds `DATA_DIR/lock`
//!   for its whole life. It adopts or restarts the server of a killed service, and never starts a second server on the
//!   same files (P1: acknowledged events are in those files).
//! - An interrupted `initdb` is repeated.
//! - A cluster that is made for a restore is marked until the rows are there, and only a restore starts on it before.
//! - A managed server starts on a full disk: 64 MiB in `DATA_DIR/postgres/disk-reserve` are kept for its recovery.
//! - A start that fails, or is given up, ends the server that it began.
//! - Variables of libpq (`PG*`) do not reach the managed server. `PGOPTIONS` is the exception, see [`DatabaseAddress`].
//! - [`connect`] returns a pool whose waits are bounded. It waits for a database that is not there yet, and reports at
//!   once what waiting does not mend. It refuses poolers in transaction mode. The sessions of [`connect_read_only`]
//!   cannot write.
//! - [`migrate`] may be run by many processes at once; they take turns.
//!
//! **Must not know** any table of the service, or any other crate of the workspace. The crates that own tables have
//! their own SQL. The migrations of `migrations/`, at the top of the repository, are compiled in.
//!
//! **Used by** `log` and `store`, the engine (the pool) and the service's start.
//!
//! **Bounds.** The managed server takes 400 connections and listens on a Unix socket only. It keeps at most 4 GiB of
//! write-ahead log and 64 MiB of text log. A start waits at most 5 minutes for crash recovery, and 30 s for orphaned
//! backends of a killed server. A stop waits at most 20 s, then 10 s more for an immediate shutdown, after which the
//! next start runs crash recovery.

mod address;
mod binaries;
mod cluster;
mod data_dir_lock;
mod disk_reserve;
mod error;
mod first_connection;
mod managed;
mod migrations;
mod options;
mod os_user;
mod pool;
mod pooler;
mod postmaster;
mod process;
mod restore_mark;
mod running;
mod server_config;
mod socket;
mod start_guard;

pub use address::DatabaseAddress;
pub use binaries::Binaries;
pub use error::PostgresError;
pub use managed::ManagedPostgres;
pub use options::ManagedPostgresOptions;
pub use pool::{
    connect, connect_read_only, listen, migrate, migrate_through, newest_migration, require_tables, wait_for_migrations,
};
pub use restore_mark::require_restored;
pub use running::running_address;
