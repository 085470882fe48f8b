//! The commands: each turns its arguments into calls of the library.
//!
//! `replay`, `demo` and `import` talk to a running service from outside. All are one pipeline: a blocking producer
//! reads or generates entries and cuts them into encoded batches ([`shelfmark_client::Batcher`]), a bounded channel
//! holds a few of them ready, and one [`shelfmark_client::BatchSender`] posts them in order, one at a time. `evaluate`
//! and `tune` read the same files ([`input`]) and need no service. `rollback`, `unpin`, `operations`, `models`, `fork`,
//! `versions`, `serving`, `guard` and `learning` ask a running service too, a request at a time ([`client_command`];
//! [`table`] prints the answers). [`bench`] has senders of its own: it measures, so it must not wait.

pub mod bench;
mod client;
mod client_command;
mod database;
pub mod demo;
pub mod evaluate;
pub mod exit_status;
pub mod guard;
pub mod import;
mod input;
pub mod keys;
pub mod learning;
pub mod models;
pub mod operations;
mod pipeline;
mod poll;
mod progress;
mod progress_bar;
pub mod replay;
pub mod rollback;
pub mod serve;
pub mod serving;
mod stats;
mod table;
pub mod tune;
mod vectors;
pub mod verify;
pub mod versions;
