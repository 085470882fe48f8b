//! Settings of the HTTP server.

use std::{net::SocketAddr, time::Duration};

use clap::Args;

use super::at_least_one;
use crate::http::Limits;

/// Address of the HTTP server, and bounds of requests.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Address and port to listen on; port 0 takes a free one. Every address but this machine's own (127.0.0.1,
    /// `[::1]`) needs an API key first: see `shelfmark keys create`.
    #[arg(long, env = "SHELFMARK_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Address and port of one more listener, for /livez, /readyz and /metrics alone, which --listen answers too.
    /// Scrapers and orchestrators reach it whatever clients do [default: none]
    #[arg(long, env = "SHELFMARK_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
    /// Let the console show pictures of items: property `image` of an item, an address that begins with https://. The
    /// browsers of those who use the console then ask the sites that are named there.
    #[arg(long, env = "SHELFMARK_CONSOLE_IMAGES")]
    pub console_images: bool,
    /// Most open connections. When there are more, the one that is longest without a request is closed.
    #[arg(long, env = "SHELFMARK_HTTP_CONNECTIONS_MAX", default_value_t = 4096, value_name = "N",
          value_parser = at_least_one)]
    pub http_connections_max: usize,
    /// Most concurrent requests on one HTTP/2 connection.
    #[arg(long, env = "SHELFMARK_HTTP_STREAMS_MAX", default_value_t = 128, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub http_streams_max: u32,
    /// Size in bytes from which answers are compressed for clients that accept gzip or zstd; 0 for never.
    #[arg(long, env = "SHELFMARK_HTTP_COMPRESS_BYTES_MIN", default_value_t = 8 << 10, value_name = "BYTES")]
    pub http_compress_bytes_min: u64,
    /// Most concurrent requests, without those that wait or whose body is still read; beyond it requests are refused
    /// with 503. Of this bound and the three below, a quarter is kept for events and items that come in.
    #[arg(long, env = "SHELFMARK_HTTP_REQUESTS_MAX", default_value_t = 1024, value_name = "N",
          value_parser = at_least_one)]
    pub http_requests_max: usize,
    /// Most requests that wait for a position (`min_position`, `wait=applied`) at once; beyond it they are refused
    /// with 503.
    #[arg(long, env = "SHELFMARK_HTTP_WAITING_MAX", default_value_t = 1024, value_name = "N",
          value_parser = at_least_one)]
    pub http_waiting_max: usize,
    /// Most request bodies and streams of lines that are read at once; beyond it requests are refused with 503.
    #[arg(long, env = "SHELFMARK_HTTP_BODIES_MAX", default_value_t = 1024, value_name = "N",
          value_parser = at_least_one)]
    pub http_bodies_max: usize,
    /// Most memory for all request bodies at once, in bytes; beyond it requests are refused with 503.
    #[arg(long, env = "SHELFMARK_HTTP_BODIES_BYTES_MAX", default_value_t = 256 << 20, value_name = "BYTES",
          value_parser = at_least_one)]
    pub http_bodies_bytes_max: usize,
    /// Percent of each bound that one caller (a key or, without keys, an address) may hold while nobody else holds any.
    /// The more others hold, the less it is. Beyond its share a caller is refused with 429; 100 for no shares.
    #[arg(long, env = "SHELFMARK_HTTP_CALLER_SHARE_PERCENT", default_value_t = 50, value_name = "PERCENT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub http_caller_share_percent: u8,
    /// Largest body of a request, in bytes. Streams of lines may have any length.
    #[arg(long, env = "SHELFMARK_HTTP_BODY_BYTES_MAX", default_value_t = 16 << 20, value_name = "BYTES",
          value_parser = at_least_one)]
    pub http_body_bytes_max: usize,
    /// Largest line of a stream, in bytes.
    #[arg(long, env = "SHELFMARK_HTTP_LINE_BYTES_MAX", default_value_t = 1 << 20, value_name = "BYTES",
          value_parser = at_least_one)]
    pub http_line_bytes_max: usize,
    /// Longest time for a request with its body, in seconds. Streams of lines are bounded by their pauses instead.
    #[arg(long, env = "SHELFMARK_HTTP_REQUEST_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub http_request_seconds: u64,
    /// Longest time for the headers of a request, in seconds.
    #[arg(long, env = "SHELFMARK_HTTP_HEADER_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub http_header_seconds: u64,
    /// Longest time that a kept connection may have no request, in seconds. Must be longer than a proxy in front keeps
    /// it.
    #[arg(long, env = "SHELFMARK_HTTP_IDLE_SECONDS", default_value_t = 75, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub http_idle_seconds: u64,
    /// Longest pause within a body or a stream of lines, in seconds. Blank lines are a pause.
    #[arg(long, env = "SHELFMARK_HTTP_STREAM_IDLE_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub http_stream_idle_seconds: u64,
    /// Lowest rate of a body, or of a line of a stream, in bytes per second. A body that falls behind by the longest
    /// pause is refused with 408; 0 for any rate.
    #[arg(long, env = "SHELFMARK_HTTP_BODY_RATE_MIN", default_value_t = 1024, value_name = "BYTES")]
    pub http_body_rate_min: u64,
    /// Longest time for which a client may read nothing of an answer that is sent piece by piece, such as an export, in
    /// seconds. Then the answer is broken off.
    #[arg(long, env = "SHELFMARK_HTTP_ANSWER_STALL_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub http_answer_stall_seconds: u64,
    /// Longest wait for requests under way at shutdown, in seconds.
    #[arg(long, env = "SHELFMARK_HTTP_DRAIN_SECONDS", default_value_t = 5, value_name = "SECONDS")]
    pub http_drain_seconds: u64,
}

impl HttpSettings {
    /// Returns the bounds for the HTTP server.
    pub fn limits(&self) -> Limits {
        Limits {
            connections_max: self.http_connections_max,
            streams_max: self.http_streams_max,
            compress_bytes_min: (self.http_compress_bytes_min > 0).then_some(self.http_compress_bytes_min),
            requests_max: self.http_requests_max,
            waiting_max: self.http_waiting_max,
            bodies_max: self.http_bodies_max,
            bodies_bytes_max: self.http_bodies_bytes_max,
            caller_share_percent: self.http_caller_share_percent,
            body_bytes_max: self.http_body_bytes_max,
            line_bytes_max: self.http_line_bytes_max,
            header_read: Duration::from_secs(self.http_header_seconds),
            idle: Duration::from_secs(self.http_idle_seconds),
            request: Duration::from_secs(self.http_request_seconds),
            stream_idle: Duration::from_secs(self.http_stream_idle_seconds),
            body_rate_min: self.http_body_rate_min,
            answer_stall: Duration::from_secs(self.http_answer_stall_seconds),
            drain: Duration::from_secs(self.http_drain_seconds),
        }
    }
}
