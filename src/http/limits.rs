//! The bounds of the HTTP room (P9).

use std::time::Duration;

/// Bounds of requests and connections. Field names say the unit.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Requests of one HTTP/2 connection at once; the client waits with more.
    pub streams_max: u32,
    /// Bytes from which on answers are compressed for callers who accept it; `None` compresses nothing.
    pub compress_bytes_min: Option<u64>,
    /// Requests being answered at once, probes aside; beyond them 503.
    pub requests_max: usize,
    /// Bytes of a body that is read whole; beyond them 413.
    pub body_bytes_max: usize,
    /// Bytes of one line of a stream; beyond them 413.
    pub line_bytes_max: usize,
    /// Time to send a request's headers; of a connection's first request, from the beginning.
    pub header_read: Duration,
    /// Time that a kept connection may have no request. Longer than a proxy keeps it, else the proxy sends a request
    /// into a connection that is just being closed.
    pub idle: Duration,
    /// Time to answer a request, its body included; streams of lines are bounded by their pauses instead.
    pub request: Duration,
    /// Longest pause within a stream of lines.
    pub stream_idle: Duration,
    /// Time that requests under way get at shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            streams_max: 128,
            compress_bytes_min: Some(8 << 10),
            requests_max: 1024,
            body_bytes_max: 16 << 20,
            line_bytes_max: 1 << 20,
            header_read: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            request: Duration::from_secs(60),
            stream_idle: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}
