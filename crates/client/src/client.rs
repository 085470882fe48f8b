//! Requests to one model, and the errors that a caller tells apart.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use shelfmark_domain::{Id, ModelName, VectorTable};

use crate::{
    ApiRequest, BatchKind, TlsError,
    connection::{answered, http_client, is_loopback},
};

/// Address of a model, and the key to it.
#[derive(Debug, Clone)]
pub struct ServiceAddress {
    /// Address of the service, such as `http://127.0.0.1:8080`. A path is kept as the prefix of all requests.
    pub url: Url,
    /// The model.
    pub model: ModelName,
    /// API key, if the service wants one.
    pub key: Option<String>,
    /// File of certificates of authorities in PEM, trusted beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl ServiceAddress {
    /// Whether the service is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    pub fn authorization(&self) -> Result<Option<header::HeaderValue>, ClientError> {
        let Some(key) = &self.key else { return Ok(None) };
        let mut value =
            header::HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::MalformedKey)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Client of one model of one service. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// `http://host/v1/models/{model}`.
    base: String,
    authorization: Option<header::HeaderValue>,
    /// Whether events are sent as an import, which is taken however far learning is behind.
    bulk: bool,
}

/// Answer to a batch: the body of `POST .../events`, `.../items` and `.../imports`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchReply {
    /// Entries that are new.
    pub accepted: u64,
    /// Entries that the service had already.
    pub duplicates: u64,
    /// Vectors left out because the model does not know their row.
    pub unknown: u64,
    /// Entries that were rejected, at least the first ones.
    pub rejected: Vec<RejectedEntry>,
    /// Number of rejected entries, if more than are listed.
    pub rejected_count: Option<u64>,
    /// Position of the log that holds all accepted entries.
    pub position: Option<u64>,
    /// Offsets that are stored, where the request began at others: of a refusal with `offset_conflict`.
    pub offsets: Vec<StoredOffset>,
}

/// Offset of a partition of a stream outside that the service has stored.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StoredOffset {
    /// Name of the stream.
    pub topic: String,
    /// Name or number of the partition.
    pub partition: String,
    /// Offset of the next message to read; `None` when none is stored.
    pub next_offset: Option<String>,
}

/// One rejected entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RejectedEntry {
    /// Index in the batch, from 0. It may be missing in an error of a whole request.
    pub index: Option<usize>,
    /// Stable code of the reason.
    pub code: String,
    /// The reason in words.
    pub detail: String,
}

/// Status of a model: what is used of `GET /v1/models/{m}`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ModelStatus {
    /// Last position of the log.
    pub head: u64,
    /// Position of the live view.
    pub position: u64,
    /// `head - position`.
    pub lag_records: u64,
}

/// One page of `GET .../imports`.
#[derive(Debug, Deserialize)]
struct ImportableRows {
    dim: usize,
    ids: Vec<Id>,
    next_from: Option<usize>,
}

/// Errors of a request, by what a caller can do about them.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one of HTTP.
    #[error("the address of the service must begin with http:// or https://, not {scheme}://")]
    UnsupportedScheme {
        /// Scheme of the address.
        scheme: String,
    },
    /// The key cannot stand in a header.
    #[error("the API key holds characters that no key has")]
    MalformedKey,
    /// The certificates of authorities cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The answer is not the JSON that was expected: this may be another service.
    #[error("the answer of the service cannot be read")]
    UnreadableAnswer(#[source] serde_json::Error),
    /// There was no answer: refused, broken off, timed out. The service may or may not have taken what was sent.
    #[error("no reply from the service")]
    Connection(#[from] reqwest::Error),
    /// The service asks to try again later (408, 429, 5xx).
    #[error("the service is busy ({status} {code}: {detail})")]
    Busy {
        /// HTTP status.
        status: StatusCode,
        /// Code of the problem.
        code: String,
        /// The problem in words.
        detail: String,
        /// Pause that the service asks for.
        retry_after: Option<Duration>,
    },
    /// The content of the request is refused (400, 409, 413, 422).
    #[error("refused ({status} {code}: {detail})")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Code of the problem.
        code: String,
        /// The problem in words.
        detail: String,
        /// Entries at fault.
        errors: Vec<RejectedEntry>,
        /// Reply to a batch of which no entry was taken.
        reply: Option<Box<BatchReply>>,
    },
    /// No request of this kind will succeed: wrong key, wrong model, or not this service.
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

impl ClientError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Connection(_) | Self::Busy { .. })
    }
}

impl Client {
    /// Checks the address. The first request connects.
    pub fn new(address: &ServiceAddress) -> Result<Self, ClientError> {
        let http = http_client(&address.url, address.ca_file.as_deref())?;
        let base = format!("{}/v1/models/{}", address.url.as_str().trim_end_matches('/'), address.model);
        Ok(Self { http, base, authorization: address.authorization()?, bulk: false })
    }

    /// Sends a request and reads its answer; an answer without a body reads as null.
    pub async fn send<T: DeserializeOwned>(&self, request: ApiRequest) -> Result<T, ClientError> {
        let bytes = self.answer(self.build(request)).await?.bytes().await?;
        let json = if bytes.is_empty() { b"null".as_slice() } else { &bytes };
        serde_json::from_slice(json).map_err(ClientError::UnreadableAnswer)
    }

    /// Begins to download an answer, which may take `time` in all.
    pub async fn download(&self, request: ApiRequest, time: Duration) -> Result<Download, ClientError> {
        Ok(Download(self.answer(self.build(request).timeout(time)).await?))
    }

    /// Sends events as an import: they are taken however far learning is behind. The key needs scope `admin`.
    #[must_use]
    pub fn bulk(self, bulk: bool) -> Self {
        Self { bulk, ..self }
    }

    fn parameters(&self, kind: BatchKind) -> &'static str {
        match kind {
            BatchKind::Events if self.bulk => "?bulk=true",
            BatchKind::Events | BatchKind::Items | BatchKind::Vectors => "",
        }
    }

    /// Posts an encoded batch.
    pub(crate) async fn post(&self, kind: BatchKind, body: Bytes) -> Result<BatchReply, ClientError> {
        let request = self
            .http
            .post(format!("{}/{}{}", self.base, kind.resource(), self.parameters(kind)))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        let bytes = match self.answer(request).await {
            // The problem accounts for every entry, as a reply does.
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

    /// Posts a body of `POST /events` that is written already, such as one with offsets. Whatever is refused is an error.
    pub async fn append_events(&self, body: Bytes) -> Result<BatchReply, ClientError> {
        let request = self.http.post(format!("{}/events", self.base));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        Ok(self.answer(request).await?.json().await?)
    }

    /// Reads the status of the model.
    pub async fn status(&self) -> Result<ModelStatus, ClientError> {
        self.send(ApiRequest::get(&[])).await
    }

    /// Reads whether the service can do its work, with the reasons why not. It needs no key.
    pub async fn readiness(&self) -> Result<Value, ClientError> {
        let root = self.base.split("/v1/models/").next().unwrap_or_default();
        let response = self.http.get(format!("{root}/readyz")).send().await?;
        // A service that is not ready says so with a body of the same fields, where others have a problem document.
        let response = match response.status() {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => response,
            status => {
                let detail = "this is no address of Shelfmark".to_owned();
                return Err(ClientError::Forbidden { status, code: "no_readyz".to_owned(), detail });
            }
        };
        serde_json::from_slice(&response.bytes().await?).map_err(ClientError::UnreadableAnswer)
    }

    /// Lists all models that the key may see.
    pub async fn models(&self) -> Result<Value, ClientError> {
        let models = self.base.rsplit_once('/').map_or(self.base.as_str(), |(models, _)| models);
        Ok(self.answer(self.http.get(models)).await?.json().await?)
    }

    /// Reads the dimension of the model, and the ids of all rows that vectors can be imported into.
    pub async fn importable(&self, into: VectorTable) -> Result<(usize, Vec<Id>), ClientError> {
        // What was written before this call counts.
        let head = self.status().await?.head;
        let (mut from, mut all) = (0, Vec::new());
        loop {
            let request = ApiRequest::get(&["imports"])
                .query("into", into)
                .query("from", from)
                .query("limit", 10_000)
                .query("min_position", head)
                .query("timeout_ms", 30_000);
            let ImportableRows { dim, ids, next_from } = self.send(request).await?;
            all.extend(ids);
            match next_from {
                Some(next) => from = next,
                None => return Ok((dim, all)),
            }
        }
    }

    /// Asks whether the log holds an event with this id.
    pub async fn has_event(&self, event_id: &Id) -> Result<bool, ClientError> {
        match self.send::<Value>(ApiRequest::get(&["events", event_id.as_str()])).await {
            Ok(_) => Ok(true),
            Err(ClientError::Forbidden { status: StatusCode::NOT_FOUND, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn build(&self, request: ApiRequest) -> RequestBuilder {
        let ApiRequest { method, path, query, body } = request;
        let mut url = Url::parse(&self.base).expect("it was made from a URL and a model's name");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        let request = self.http.request(method, url).query(&query);
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
    }

    /// Begins a request of the Gorse-compatible surface.
    pub(super) fn gorse(&self, resource: &str) -> RequestBuilder {
        let root = self.base.split("/v1/models/").next().unwrap_or_default();
        self.http.post(format!("{root}/api/{resource}"))
    }

    pub(super) async fn answer(&self, mut request: RequestBuilder) -> Result<reqwest::Response, ClientError> {
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        answered(request).await
    }
}

/// An answer that is read in pieces.
#[derive(Debug)]
pub struct Download(reqwest::Response);

impl Download {
    /// Returns the size of the whole in bytes, if the service says it.
    pub fn content_length(&self) -> Option<u64> {
        self.0.content_length()
    }

    /// Returns a header that holds text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// Reads the next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        Ok(self.0.chunk().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        let address = |url: &str| ServiceAddress {
            url: url.parse().expect("a URL"),
            model: ModelName::new("default").expect("a name"),
            key: None,
            ca_file: None,
        };
        let loopback = ["http://localhost:8080", "https://a.localhost", "http://127.8.8.8", "http://[::1]:80"];
        for url in loopback.into_iter().chain(["http://[::ffff:127.0.0.1]"]) {
            assert!(address(url).is_loopback(), "{url}");
        }
        for url in ["http://example.com", "http://10.0.0.1", "http://localhost.example.com", "http://[::2]"] {
            assert!(!address(url).is_loopback(), "{url}");
        }
        let error = Client::new(&address("ftp://localhost")).expect_err("rejected").to_string();
        assert!(error.contains("https://"), "{error}");
    }
}
