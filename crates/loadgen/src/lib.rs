//! An open-loop load generator for one model of a running service.
//!
//! [`Load`] sends requests at fixed rates, whether the service keeps up or not. A request counts from the time it was
//! due, so that a stall is seen by every request that it delays. A closed loop would leave those requests out
//! ("coordinated omission", Tene, How NOT to Measure Latency, 2013).
//!
//! | module | what it holds |
//! |---|---|
//! | `schedule` | when each request is due, and which sender takes it |
//! | `request_bodies` | bodies that are encoded before the load begins |
//! | `connection` | one HTTP/1.1 connection with one request under way |
//! | `load` | the senders and the pacing thread of one step |
//! | `record` | histograms and counts of everything that was due |
//! | `report` | the figures as JSON |
//!
//! **Promises.** Every request that was due is accounted for: answered, refused, failed, not sent because no connection
//! was free, or unfinished. Encoding takes no time from the load.
//!
//! **Must not know** files, the command line, or how figures are shown.
//!
//! **Used by** `shelfmark bench` (`src/commands/bench`).
//!
//! **Bounds.** Each sender has one connection and one request under way. Histograms have a fixed size and tell times
//! apart up to 10 minutes. Nothing queues: what waits is a number of permits.

mod connection;
mod load;
mod record;
mod report;
mod request_bodies;
mod schedule;

use std::io;

pub use hyper::Method;

pub use connection::{Endpoint, RequestOutcome};
pub use load::{Load, RequestTemplate, Step};
pub use record::{PerKind, Piece, Record, RequestKind, Requests, SharedRecord, Times};
pub use report::{Lag, LoadReport, PieceReport, PieceRequests, Quantiles, RequestsReport, StepReport};
pub use request_bodies::RequestBodies;

/// Errors that end a load, or do not let it begin. Failed requests are counted, not returned.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The address has no host.
    #[error("the address of the service names no host")]
    NoHost,
    /// The host cannot stand in a header.
    #[error("the host of the service's address cannot stand in a header")]
    Host(#[from] hyper::header::InvalidHeaderValue),
    /// No certificate can be for the host.
    #[error("the host of the service's address has no name that a certificate could hold")]
    ServerName(#[from] tokio_rustls::rustls::pki_types::InvalidDnsNameError),
    /// The certificates of authorities cannot be used.
    #[error(transparent)]
    Tls(#[from] shelfmark_client::TlsError),
    /// The path of the address is not one.
    #[error("the path of the service's address is malformed")]
    Path(#[from] hyper::http::uri::InvalidUri),
    /// The key is malformed.
    #[error(transparent)]
    Key(#[from] shelfmark_client::ClientError),
    /// An event has no JSON form.
    #[error("events cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// The system gives no thread.
    #[error("the pacing thread cannot start")]
    PacingStart(#[source] io::Error),
    /// The pacing thread panicked.
    #[error("the pacing thread failed")]
    Pacing,
    /// A sender panicked.
    #[error("a sender failed")]
    Sender(#[from] tokio::task::JoinError),
}
