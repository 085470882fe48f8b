//! A connection of the load: one request at a time, opened again when it broke.
//!
//! Its own client rather than a pooled one: the connection is polled together with the request, on the sender's task. A
//! pool would wake a second task for every answer, which costs the load generator more than the request itself.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::FutureExt;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};
use tokio_util::either::Either;

use shelfmark_client::ServiceAddress;

use crate::LoadError;

/// Most bytes of an answer that says why not.
const PROBLEM_BYTES_MAX: usize = 64 << 10;

/// Outcome of a request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOutcome {
    /// 2xx.
    Answered,
    /// 429 or 503: the service asks to try again later. Holds status and code.
    Refused(String),
    /// Another status and its code, or the reason why there is no answer.
    Failed(String),
}

/// Address of the requests, and the headers that all of them have.
#[derive(Debug)]
pub struct Endpoint {
    /// `host:port`.
    address: String,
    /// TLS settings and the name on the certificate, for https.
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
    /// `/v1/models/{model}` behind the path of the service's address.
    model: String,
    /// Time after which a request without an answer has failed.
    timeout: Duration,
}

impl Endpoint {
    /// Checks the address and the key.
    pub fn new(address: &ServiceAddress, timeout: Duration) -> Result<Self, LoadError> {
        let host = address.url.host_str().ok_or(LoadError::NoHost)?;
        let tls = if address.is_https() {
            let config = shelfmark_client::tls_config(address.ca_file.as_deref())?;
            Some((Arc::new(config), ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?))
        } else {
            None
        };
        let host = format!("{host}:{}", address.url.port_or_known_default().unwrap_or(80));
        Ok(Self {
            host: HeaderValue::from_str(&host)?,
            address: host,
            tls,
            authorization: address.authorization()?,
            model: format!("{}/v1/models/{}", address.url.path().trim_end_matches('/'), address.model),
            timeout,
        })
    }

    /// Makes a request for a resource of the model, or for a whole path. Its body is set when it is sent.
    pub fn request(&self, method: Method, path: &str) -> Result<Request<Full<Bytes>>, LoadError> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.model) };
        let mut request = Request::new(Full::default());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.authorization {
            headers.insert(header::AUTHORIZATION, key.clone());
        }
        Ok(request)
    }
}

type Driver = http1::Connection<TokioIo<Either<TcpStream, TlsStream<TcpStream>>>, Full<Bytes>>;

/// A kept connection.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes. It is polled together with the request, so that no second task has to be woken.
    driver: Pin<Box<Driver>>,
}

/// A connection that opens itself.
pub struct Connection {
    endpoint: Arc<Endpoint>,
    open: Option<Open>,
}

/// The code of a problem document.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
}

impl Connection {
    /// Connects at the first request.
    pub fn new(endpoint: Arc<Endpoint>) -> Self {
        Self { endpoint, open: None }
    }

    /// Sends a request and reads its answer to the end.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> RequestOutcome {
        let timeout = self.endpoint.timeout;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(why)) => RequestOutcome::Failed(why.to_owned()),
            Err(_) => RequestOutcome::Failed("no answer in time".to_owned()),
        }
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<RequestOutcome, &'static str> {
        // Taken: if this ends early, what is still to come on it must not be the next request's answer.
        let kept = self.open.take().and_then(Open::alive);
        let mut open = match kept {
            Some(open) => open,
            None => Open::new(&self.endpoint).await.map_err(|_| "cannot connect")?,
        };
        let (answer, ended) = open.exchange(request).await;
        let (status, code) = answer.map_err(|_| "the connection broke")?;
        if !ended {
            self.open = Some(open);
        }
        let why = || format!("{} {code}", status.as_u16()).trim_end().to_owned();
        Ok(match status {
            _ if status.is_success() => RequestOutcome::Answered,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => RequestOutcome::Refused(why()),
            _ => RequestOutcome::Failed(why()),
        })
    }
}

impl Open {
    async fn new(endpoint: &Endpoint) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&endpoint.address).await?;
        stream.set_nodelay(true)?;
        let stream = match &endpoint.tls {
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                Either::Right(connector.connect(name.clone(), stream).await?)
            }
            None => Either::Left(stream),
        };
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Box::pin(driver) })
    }

    /// Returns the connection, unless the service closed it while it was idle.
    fn alive(mut self) -> Option<Self> {
        (&mut self.driver).now_or_never().is_none().then_some(self)
    }

    /// Sends a request and reads its answer to the end: status and, for what is no success, its code. The second part
    /// is whether the connection ended with it.
    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> (hyper::Result<(StatusCode, String)>, bool) {
        let Self { sender, driver } = self;
        let answering = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let mut body = response.into_body();
            if !status.is_success() {
                return Ok((status, code_of(body).await));
            }
            // Read, so that it counts, and not kept.
            while let Some(frame) = body.frame().await {
                frame?;
            }
            Ok((status, String::new()))
        };
        let mut answering = std::pin::pin!(answering);
        tokio::select! {
            biased;
            answer = &mut answering => (answer, false),
            // The service closes it: an answer that came before is there all the same.
            _ = driver => (answering.await, true),
        }
    }
}

/// The code of an answer that is not a success; empty when it has none.
async fn code_of(body: Incoming) -> String {
    let Ok(body) = Limited::new(body, PROBLEM_BYTES_MAX).collect().await else { return String::new() };
    serde_json::from_slice::<Problem>(&body.to_bytes()).unwrap_or_default().code
}
