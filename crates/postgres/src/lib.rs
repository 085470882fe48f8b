//! Postgres: the pool, the migrator, and the server that we run ourselves when nobody gave us one.
//!
//! **Promises.** A folder has one live service and one live server: [`ManagedPostgres`] holds `DATA_DIR/lock` for its
//! whole life, and it adopts or restarts what a killed service left behind, never a second server on the same files
//! (P1: what was acknowledged is in those files). An `initdb` that was cut short is redone. [`connect`] gives a pool
//! whose waits are bounded; [`migrate`] may be run by many processes at once and takes turns. What [`connect_read_only`]
//! gives cannot write, whatever is asked of it.
//!
//! **Does not** know a table, a row or a query of ours, and imports nothing of ours: the rooms that own tables bring
//! their own SQL.
//!
//! **Who may call it:** `log`, `versions`, `engine` (pool) and `app` (everything).
//!
//! **Bounds.** The server takes 400 connections, listens on a unix socket only, keeps at most 4 GiB of write-ahead
//! log and 64 MiB of text log. Starting waits at most 5 minutes for crash recovery and 30 s for the leftovers of a
//! killed server; stopping waits at most 20 s, then 10 s more for an immediate shutdown, which the next start
//! recovers from.

mod account;
mod binaries;
mod cluster;
mod error;
mod folder_lock;
mod managed;
mod options;
mod pool;
mod postmaster;
mod process;
mod running;
mod settings;
mod socket;

pub use binaries::Binaries;
pub use error::PostgresError;
pub use managed::ManagedPostgres;
pub use options::ManagedPostgresOptions;
pub use pool::{await_tables, connect, connect_read_only, listen, migrate};
pub use running::running_url;
