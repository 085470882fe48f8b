//! The bounds of the HTTP room (P9).

use std::time::Duration;

/// Open connections of a listener for probes alone.
const PROBE_CONNECTIONS_MAX: usize = 64;

/// Bounds of requests and connections. Field names say the unit.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Requests of one HTTP/2 connection at once; the client waits with more.
    pub streams_max: u32,
    /// Bytes from which on answers are compressed for callers who accept it; `None` compresses nothing.
    pub compress_bytes_min: Option<u64>,
    /// Requests that work at once, probes aside; beyond them 503.
    pub requests_max: usize,
    /// Requests that wait for a position (`min_position`, `wait=applied`) at once; beyond them 503.
    pub waiting_max: usize,
    /// Bodies and streams of lines that are read at once; beyond them 503.
    pub bodies_max: usize,
    /// Bytes of bodies that are held at once; beyond them 503.
    pub bodies_bytes_max: usize,
    /// Percent of each bound that a caller may hold while nobody else holds any, 1 to 100; beyond its share 429.
    pub caller_share_percent: u8,
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
    /// Longest pause within a body or a stream of lines, and what a body may fall behind its rate.
    pub stream_idle: Duration,
    /// Bytes per second that a body, or a line of a stream, must come with on average; 0 for any.
    pub body_rate_min: u64,
    /// Longest pause of a reader within an answer.
    pub answer_stall: Duration,
    /// Time that requests under way get at shutdown.
    pub drain: Duration,
}

impl Limits {
    /// Returns the bounds of a listener for probes alone.
    pub fn of_probes(&self) -> Self {
        Self { connections_max: PROBE_CONNECTIONS_MAX.min(self.connections_max), ..self.clone() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            streams_max: 128,
            compress_bytes_min: Some(8 << 10),
            requests_max: 1024,
            waiting_max: 1024,
            bodies_max: 1024,
            bodies_bytes_max: 256 << 20,
            caller_share_percent: 50,
            body_bytes_max: 16 << 20,
            line_bytes_max: 1 << 20,
            header_read: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            request: Duration::from_secs(60),
            stream_idle: Duration::from_secs(30),
            body_rate_min: 1024,
            answer_stall: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}
