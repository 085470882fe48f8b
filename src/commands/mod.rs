//! The commands: each turns its arguments into calls of the library.
//!
//! `replay`, `demo` and `import` talk to a running service from outside. All are one pipeline: a blocking producer
//! reads or generates entries and cuts them into encoded batches, a bounded channel holds a few of them ready, and one
//! [`BatchSender`](shelfmark_client::BatchSender) posts them in order, one at a time. `evaluate` and `tune` read the
//! same files ([`reading`]) and need no service. `rollback`, `unpin`, `operations`, `models`, `fork`, `versions`,
//! `serving`, `guard` and `learning` ask a running service too, a request at a time ([`asking`]; [`table`] prints the
//! answers). [`bench`] has senders of its own: it measures, so it must not wait.

mod asking;
mod bar;
pub mod bench;
mod client;
mod database;
pub mod demo;
pub mod evaluate;
pub mod guard;
pub mod import;
pub mod keys;
pub mod learning;
pub mod models;
pub mod operations;
mod pipeline;
mod progress;
mod reading;
pub mod replay;
pub mod rollback;
pub mod serve;
pub mod serving;
mod table;
mod tally;
pub mod tune;
mod vectors;
pub mod verify;
pub mod versions;
mod waiting;
