//! Connections, and answers by what a caller can do about them.

use std::{net::IpAddr, path::Path, time::Duration};

use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde::Deserialize;

use crate::{BatchReply, ClientError, RejectedEntry, tls_config};

/// Time after which a request without an answer counts as lost; the service itself gives up after 60 s.
const TIMEOUT: Duration = Duration::from_secs(90);
/// Longest `Retry-After` that is obeyed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// Most characters of an error in plain text that are kept.
const TEXT_CHARACTERS_MAX: usize = 400;

/// A problem document (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
    errors: Vec<RejectedEntry>,
    /// Present when entries came and none was taken: what became of each, as in a reply.
    #[serde(flatten)]
    reply: BatchReply,
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Makes connections to an address.
pub fn http_client(url: &Url, ca_file: Option<&Path>) -> Result<reqwest::Client, ClientError> {
    let scheme = url.scheme();
    if !["http", "https"].contains(&scheme) {
        return Err(ClientError::UnsupportedScheme { scheme: scheme.to_owned() });
    }
    let mut builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(Duration::from_secs(10))
        .tcp_nodelay(true)
        .user_agent(concat!("shelfmark/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) {
        // To a proxy of the environment, this machine's own address is that of the proxy's machine.
        builder = builder.no_proxy();
    }
    if scheme == "https" {
        builder = builder.use_preconfigured_tls(tls_config(ca_file)?);
    }
    Ok(builder.build()?)
}

/// Sends a request; an answer that is no success is an error.
pub async fn answered(request: RequestBuilder) -> Result<reqwest::Response, ClientError> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    // Whatever is no problem document and no text says nothing beyond its status.
    let body = response.bytes().await.unwrap_or_default();
    let Problem { code, detail, errors, reply } = serde_json::from_slice(&body).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(if is_text { &body } else { &[] });
        Problem { detail: text.chars().take(TEXT_CHARACTERS_MAX).collect(), ..Problem::default() }
    });
    let accounts = reply.rejected_count.is_some() || !reply.offsets.is_empty();
    let reply = accounts.then(|| Box::new(reply));
    Err(match status {
        _ if reply.is_some() => ClientError::Refused { status, code, detail, errors, reply },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            ClientError::Busy { status, code, detail, retry_after }
        }
        _ if status.is_server_error() => ClientError::Busy { status, code, detail, retry_after },
        StatusCode::BAD_REQUEST
        | StatusCode::CONFLICT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => ClientError::Refused { status, code, detail, errors, reply: None },
        _ => ClientError::Forbidden { status, code, detail },
    })
}
