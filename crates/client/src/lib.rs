//! A client of the service's HTTP interface: requests to one model, and delivery of long streams of entries.
//!
//! [`Client`] asks and answers. [`Batcher`] cuts events, items and vectors into encoded batches; [`BatchSender`] posts
//! them one after the other.
//!
//! **Promises.** Every entry of a delivered batch is taken, known already, or counted as rejected with its origin. A
//! request without a reply is sent again, and event ids make the repetition harmless. Order holds through every
//! failure. The units of a batch are whole where the limits of the contract permit it.
//!
//! **Must not know** the command line, files, terminals, or anything of the service but its HTTP interface and the
//! values of the domain. A [`SendObserver`] shows progress.
//!
//! **Used by** the command line.
//!
//! **Bounds.** A batch has at most [`ENTRIES_MAX`] entries and is closed at 8 MiB. A request ends after 90 s, a
//! `Retry-After` is obeyed up to 60 s, and repeating ends with the caller's patience.

mod batch;
mod batch_sender;
mod client;
mod stats;
mod tls;

pub use batch::{Batch, BatchKind, Batcher, ENTRIES_MAX, Origin};
pub use batch_sender::{BatchSendError, BatchSender, SendObserver};
pub use client::{Address, Client, ClientError, Rejected, Reply, Status};
pub use stats::{SHOWN_MAX, SendStats};
pub use tls::tls_config;
