//! Connections to Postgres, migrations, and a local Postgres server for people who have none.
//!
//! **Promises.** A data folder has one live service and one live server. [`ManagedPostgres`] holds `DATA_DIR/lock` for
//! its whole life. It adopts or restarts what a killed service left behind, and never starts a second server on the
//! same files (P1: what was acknowledged is in those files). An `initdb` that was cut short is done again. [`connect`]
//! returns a pool whose waits are bounded. [`migrate`] may be run by many processes at once; they take turns. A pool of
//! [`connect_read_only`] cannot write, whatever is asked of it.
//!
//! **Must not know** a table, a row or a query of ours, or any other crate of the workspace. The crates that own tables
//! bring their own SQL. The migrations lie in `migrations/` at the top of the repository and are compiled in.
//!
//! **Used by** `log` and `store`, the engine (the pool) and the service's start.
//!
//! **Bounds.** The server takes 400 connections and listens on a Unix socket only. It keeps at most 4 GiB of
//! write-ahead log and 64 MiB of text log. Starting waits at most 5 minutes for crash recovery and 30 s for the
//! leftovers of a killed server. Stopping waits at most 20 s, then 10 s more for an immediate shutdown, from which the
//! next start recovers.

mod binaries;
mod cluster;
mod data_dir_lock;
mod error;
mod managed;
mod migrations;
mod options;
mod os_user;
mod pool;
mod postmaster;
mod process;
mod running;
mod server_config;
mod socket;

pub use binaries::Binaries;
pub use error::PostgresError;
pub use managed::ManagedPostgres;
pub use options::ManagedPostgresOptions;
pub use pool::{connect, connect_read_only, listen, migrate, wait_for_migrations};
pub use running::running_url;
