//! A client of the HTTP API for one model of one service.
//!
//! | type | what it does |
//! |---|---|
//! | [`Client`] | sends one [`ApiRequest`] and reads its answer as JSON, or as a [`Download`] |
//! | [`GorseServer`] | reads a server of Gorse, page by page |
//! | [`Batcher`] | encodes events, items and vectors into request bodies, and cuts them between baskets |
//! | [`BatchSender`] | delivers batches in order, retries them, and counts the outcome in [`SendStats`] |
//!
//! **Promises.** [`BatchSender`] keeps the order of entries through every failure: one request is under way at a time,
//! and a request without an answer is sent again. Event ids make the repetition harmless (P2). Every entry is accepted,
//! known already, or counted as rejected with its file and line.
//!
//! **Must not know** files, the command line or how the service works inside. It tells progress to an [`Observer`].
//!
//! **Used by** the command line (`src/commands`), by `crates/loadgen`, `crates/backup` and `crates/kafka`.
//!
//! **Bounds.** A batch has at most [`ENTRIES_MAX`] entries and about 8 MiB. A request counts as lost after 90 s.
//! Retries back off from 0.1 s to 5 s, or as long as `Retry-After` says, at most 60 s.

mod batch;
mod batch_sender;
mod client;
mod connection;
mod gorse;
mod request;
mod retry;
mod stats;
mod tls;

pub use batch::{Batch, BatchKind, Batcher, ENTRIES_MAX, Origin};
pub use batch_sender::{BatchSendError, BatchSender, Observer};
pub use client::{BatchReply, Client, ClientError, Download, ModelStatus, RejectedEntry, ServiceAddress, StoredOffset};
pub use gorse::GorseServer;
pub use request::ApiRequest;
pub use reqwest::{StatusCode, Url};
pub use retry::retry;
pub use stats::SendStats;
pub use tls::{TlsError, tls_config};
