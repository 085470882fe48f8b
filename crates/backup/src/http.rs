//! HTTP connections to cloud stores, made as the client of the API makes its own: one HTTP stack, one set of
//! certificates.

use std::{error::Error, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    },
};

/// Most bytes of an answer. The largest object is a manifest.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 << 20;
/// Longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Factory of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpConnections {
    /// Longest time of a request with its answer.
    pub timeout: Duration,
}

impl HttpConnector for HttpConnections {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source: Box<dyn Error + Send + Sync>| object_store::Error::Generic { store: "HTTP", source };
        let tls = shelfmark_client::tls_config(None).map_err(|error| failed(error.into()))?;
        let client = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .tcp_nodelay(true)
            .user_agent(concat!("shelfmark/", env!("CARGO_PKG_VERSION")))
            .use_preconfigured_tls(tls)
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(HttpClient::new(Connection(client)))
    }
}

#[derive(Debug)]
struct Connection(reqwest::Client);

#[async_trait]
impl HttpService for Connection {
    /// Sends a request and reads its answer to the end, so that an answer that breaks off is asked for again.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let url = url.parse::<url::Url>().map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = Some(match body.as_bytes() {
            Some(bytes) => reqwest::Body::from(bytes.clone()),
            None => reqwest::Body::wrap(body),
        });
        let mut answer = self.0.execute(request).await.map_err(http_error)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(http_error)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(HttpError::new(HttpErrorKind::Decode, io::Error::other("the answer is too long")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(HttpResponseBody::from(Bytes::from(bytes)));
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}

/// Says whether a repetition may help. The address is left out, since it may hold a signature.
fn http_error(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error.without_url())
}
