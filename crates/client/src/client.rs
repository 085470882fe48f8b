//! Requests to one model of one service.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode, Url, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use shelfmark_domain::{Id, ModelName, VectorTable};

use crate::{BatchKind, tls::tls_config};

/// Where a model is served.
#[derive(Debug, Clone)]
pub struct Address {
    /// The service, by http or https.
    pub url: Url,
    /// The model.
    pub model: ModelName,
    /// API key with the scope that the requests need.
    pub key: Option<String>,
    /// Certificates of authorities, in PEM, that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl Address {
    /// Whether the service is on this machine.
    pub fn is_loopback(&self) -> bool {
        let Some(host) = self.url.host_str() else { return false };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

/// One model of one service.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://host/v1/models/{model}`.
    base: String,
    key: Option<header::HeaderValue>,
}

/// What became of a batch: the reply of `POST .../events` and `POST .../items`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// New.
    pub accepted: u64,
    /// There already.
    pub duplicates: u64,
    /// Left out, because the model does not know their row.
    pub unknown: u64,
    /// Not taken.
    pub rejected: Vec<Rejected>,
    /// How many were not taken, if more than are named.
    pub rejected_count: Option<u64>,
    /// Position that holds all of them.
    pub position: Option<u64>,
}

/// One entry that was not taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rejected {
    /// Place in the batch, from 0; in an error of a whole request it may be missing.
    pub index: Option<usize>,
    /// Stable reason.
    pub code: String,
    /// The reason in words.
    pub detail: String,
}

/// `GET /v1/models/{m}`, as far as it is needed here.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Status {
    /// Last position of the log.
    pub head: u64,
    /// Where the live view stands.
    pub position: u64,
    /// `head - position`.
    pub lag_records: u64,
}

/// `GET .../imports`.
#[derive(Debug, Deserialize)]
struct ImportablePage {
    dim: usize,
    ids: Vec<Id>,
    next_from: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
    errors: Vec<Rejected>,
    /// There when entries came and none was taken: what became of each, as in a reply.
    #[serde(flatten)]
    reply: Reply,
}

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service cannot be used as it was given.
    #[error("{0}")]
    Setup(String),
    /// No reply: refused, broken off, timed out. What was sent may or may not have been taken.
    #[error("no reply from the service")]
    Connection(#[from] reqwest::Error),
    /// The service asks to come again later (429, 5xx).
    #[error("the service is busy ({status} {code}: {detail})")]
    Busy {
        /// HTTP status.
        status: StatusCode,
        /// Code of the problem.
        code: String,
        /// The problem in words.
        detail: String,
        /// When, if it said so.
        retry_after: Option<Duration>,
    },
    /// The request's content is refused (400, 409, 413, 422).
    #[error("refused ({status} {code}: {detail})")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Code of the problem.
        code: String,
        /// The problem in words.
        detail: String,
        /// Entries at fault.
        errors: Vec<Rejected>,
        /// What became of the entries of a batch of which none was taken.
        reply: Option<Box<Reply>>,
    },
    /// No request of this kind will ever succeed: wrong key, wrong model, not this service.
    #[error("the service does not accept this ({status} {code}: {detail})")]
    Forbidden {
        /// HTTP status.
        status: StatusCode,
        /// Code of the problem.
        code: String,
        /// The problem in words.
        detail: String,
    },
}

impl Client {
    /// A request without a reply counts as lost after this; the service itself gives up after 60 s.
    const TIMEOUT: Duration = Duration::from_secs(90);
    /// The longest `Retry-After` that is obeyed.
    const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

    /// Checks the address; connects at the first request.
    pub fn new(address: impl Into<Address>) -> Result<Self, ClientError> {
        let address = address.into();
        let scheme = address.url.scheme();
        if !["http", "https"].contains(&scheme) {
            return Err(ClientError::Setup(format!("--url must begin with http:// or https://, not {scheme}://")));
        }
        let key = address.key.as_deref().map(|key| {
            let mut value = header::HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| ClientError::Setup("--key holds characters that no key has".to_owned()))?;
            value.set_sensitive(true);
            Ok::<_, ClientError>(value)
        });
        let mut builder = reqwest::Client::builder()
            .timeout(Self::TIMEOUT)
            .connect_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .user_agent(concat!("shelfmark/", env!("CARGO_PKG_VERSION")));
        if address.is_loopback() {
            // A proxy of the environment is on another machine, where this address is another service.
            builder = builder.no_proxy();
        }
        // The system's certificates are read only where they are needed: that takes some ten milliseconds.
        if scheme == "https" {
            builder = builder.use_preconfigured_tls(tls_config(address.ca_file.as_deref())?);
        }
        let http = builder.build()?;
        let base = format!("{}/v1/models/{}", address.url.as_str().trim_end_matches('/'), address.model);
        Ok(Self { http, base, key: key.transpose()? })
    }

    /// Posts an encoded batch.
    pub async fn post(&self, kind: BatchKind, body: Bytes) -> Result<Reply, ClientError> {
        let request = self
            .http
            .post(format!("{}/{}", self.base, kind.resource()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        let bytes = match self.send(request).await {
            // Every entry is accounted for: an answer like any other to whoever counts them.
            Err(ClientError::Refused { reply: Some(reply), .. }) => return Ok(*reply),
            answer => answer?.bytes().await?,
        };
        // A reply that cannot be read may have been cut: the retry is harmless, so it counts as no reply.
        serde_json::from_slice(&bytes).map_err(|error| ClientError::Busy {
            status: StatusCode::OK,
            code: "unreadable_reply".to_owned(),
            detail: error.to_string(),
            retry_after: None,
        })
    }

    /// Where the model stands.
    pub async fn status(&self) -> Result<Status, ClientError> {
        Ok(self.send(self.http.get(&self.base)).await?.json().await?)
    }

    /// All models that the key may see.
    pub async fn models(&self) -> Result<Value, ClientError> {
        let url = self.base.rsplit_once('/').map_or(self.base.as_str(), |(models, _)| models);
        Ok(self.send(self.http.get(url)).await?.json().await?)
    }

    /// The model's dimension, and the ids of all rows that vectors can be imported into.
    pub async fn importable(&self, into: VectorTable) -> Result<(usize, Vec<Id>), ClientError> {
        // What was written before this command counts.
        let head = self.status().await?.head;
        let (mut from, mut all) = (0, Vec::new());
        loop {
            let url = format!(
                "{}/imports?into={into}&from={from}&limit=10000&min_position={head}&timeout_ms=30000",
                self.base
            );
            let ImportablePage { dim, ids, next_from } = self.send(self.http.get(url)).await?.json().await?;
            all.extend(ids);
            match next_from {
                Some(next) => from = next,
                None => return Ok((dim, all)),
            }
        }
    }

    /// Whether the log holds an event with this id.
    pub async fn has_event(&self, event_id: &Id) -> Result<bool, ClientError> {
        match self.send(self.http.get(self.at(&["events", event_id.as_str()])?)).await {
            Ok(_) => Ok(true),
            Err(ClientError::Forbidden { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks one thing of a resource below the model; the answer.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        resource: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let path: Vec<&str> = resource.split('/').collect();
        let answer = self.call(method, &path, &[], body).await?;
        serde_json::from_value(answer)
            .map_err(|error| ClientError::Setup(format!("the answer is not what was expected: {error}")))
    }

    /// Asks one thing; the answer's JSON, null for an answer without a body.
    pub async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let request = self.http.request(method, self.at(path)?).query(query);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let bytes = self.send(request).await?.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let unreadable = |error| ClientError::Setup(format!("the answer is not JSON: {error}"));
        serde_json::from_slice(&bytes).map_err(unreadable)
    }

    /// Begins to read something long; it may take `time` in all.
    pub async fn download(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        time: Duration,
    ) -> Result<reqwest::Response, ClientError> {
        self.send(self.http.get(self.at(path)?).query(query).timeout(time)).await
    }

    /// A path below the model; segments are percent-encoded.
    fn at(&self, path: &[&str]) -> Result<Url, ClientError> {
        let mut url = Url::parse(&self.base).map_err(|error| ClientError::Setup(format!("--url: {error}")))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        Ok(url)
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<reqwest::Response, ClientError> {
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, key.clone());
        }
        let response = request.send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(Self::RETRY_AFTER_MAX));
        // Whatever is no problem document says nothing beyond its status.
        let body = response.bytes().await.unwrap_or_default();
        let Problem { code, detail, errors, reply } = serde_json::from_slice(&body).unwrap_or_default();
        let reply = reply.rejected_count.is_some().then(|| Box::new(reply));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_this_machine_are_told_from_others() {
        let address = |url: &str| Address {
            url: url.parse().expect("a URL"),
            model: ModelName::new("default").expect("a name"),
            key: None,
            ca_file: None,
        };
        for url in [
            "http://localhost:8080",
            "https://a.localhost",
            "http://127.8.8.8",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(address(url).is_loopback(), "{url}");
        }
        for url in ["http://example.com", "http://10.0.0.1", "http://localhost.example.com", "http://[::2]"] {
            assert!(!address(url).is_loopback(), "{url}");
        }
        let error = Client::new(address("ftp://localhost")).expect_err("refused").to_string();
        assert!(error.contains("https://"), "{error}");
    }
}
