//! The accept loop: connections with bounds, and an end that lets requests finish. HTTP/1.1, and HTTP/2 in clear text
//! for clients that begin with it (prior knowledge).

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderValue, Version, header},
};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    Limits,
    activity::{Activity, IdleLimits},
    admission::ClientAddress,
    answer_body::{AnswerBody, StallWatch},
    connection_io::ConnectionIo,
    connections::{Connections, Place},
    host::HostFault,
    request_body::RequestBody,
};

/// Bytes read ahead on a connection: also the longest request line with headers.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// Bytes of an HTTP/2 request's headers.
const HEADER_BYTES_MAX: u32 = 64 << 10;
/// Bytes that an HTTP/2 client may send before they are read, on one stream and on all.
const WINDOW_BYTES: u32 = 1 << 20;
/// Bytes of an answer that an HTTP/2 stream keeps for a client that is slow to read.
const SEND_BYTES_MAX: usize = 128 << 10;
/// How often an HTTP/2 connection is asked whether it is there, and how long for an answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Pause after a failed accept (no file handles left, say), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whether only this machine can reach a listener on `address`.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Serves until `closing` is cancelled; then no connection is accepted any more, requests under way get `limits.drain`
/// to finish, and what is left is cut. Every connection is a tracked task: none outlives this function.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    closing: CancellationToken,
) -> io::Result<()> {
    let connections = TaskTracker::new();
    let table = Connections::new(limits.connections_max, limits.caller_share_percent);
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let address = ClientAddress::of(peer.ip());
                let activity = Activity::new();
                // Always accepted: in the kernel's queue, one who opens many would stand before all others.
                let Some(place) = table.open(address, activity.clone()) else { continue };
                let ends = Ends { closing: closing.clone(), cut: cut.clone() };
                let tasks = StreamTasks { tasks: connections.clone(), next: Arc::default() };
                let client = Client { address, activity, place };
                connections.spawn(connection(stream, router.clone(), limits.clone(), client, tasks, ends));
            }
            Err(error) => {
                tracing::warn!(%error, "http.accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "http.drain took too long, cutting");
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// Runs the streams of an HTTP/2 connection as tasks that the server waits for. Each can be broken off alone.
#[derive(Clone)]
struct StreamTasks {
    tasks: TaskTracker,
    /// What breaks off the stream that is run next: the service is called for a stream just before that.
    next: Arc<Mutex<Option<CancellationToken>>>,
}

impl StreamTasks {
    fn next(&self) -> Option<CancellationToken> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set_next(&self, broken_off: CancellationToken) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(broken_off);
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Executor<F> for StreamTasks {
    fn execute(&self, stream: F) {
        match self.next() {
            // The stream is reset when its task ends early.
            Some(broken_off) => {
                self.tasks.spawn(async move { _ = broken_off.run_until_cancelled(stream).await });
            }
            None => _ = self.tasks.spawn(stream),
        }
    }
}

/// Who is on the other end.
struct Client {
    address: ClientAddress,
    activity: Activity,
    place: Place,
}

/// What ends a connection from our side.
struct Ends {
    /// Requests under way may finish.
    closing: CancellationToken,
    /// They may not.
    cut: CancellationToken,
}

/// When a connection ends.
enum End {
    Soon,
    Now,
}

/// Serves one connection to its end. Errors of a connection are the client's business: it went away, or sent nonsense.
async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    client: Client,
    streams: StreamTasks,
    ends: Ends,
) {
    // Small answers must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let Client { address, activity, place } = client;
    let (counted, allowed) = (activity.clone(), place.allowed);
    // Breaks the connection off: in HTTP/1.1 an answer cannot end early otherwise.
    let broken_off = CancellationToken::new();
    let (tasks, connection_broken_off) = (streams.clone(), broken_off.clone());
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let version = request.version();
        let under_way = counted.begin(version);
        if let Some(fault) = HostFault::of(&request) {
            request.extensions_mut().insert(fault);
        }
        request.extensions_mut().insert(address);
        request.extensions_mut().insert(allowed);
        let mut broken_off = connection_broken_off.clone();
        if version == Version::HTTP_2 {
            broken_off = CancellationToken::new();
            tasks.set_next(broken_off.clone());
        }
        let watch = StallWatch { limit: limits.answer_stall, tasks: tasks.tasks.clone(), broken_off };
        let request = request.map(|body| RequestBody::new(body, version));
        let (unread, activity) = (request.body().unread(), counted.clone());
        let answer = router.clone().oneshot(request);
        async move {
            let mut answer = answer.await?;
            if !unread.read().await {
                activity.left_body_unread();
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(AnswerBody::wrap(answer, under_way, watch))
        }
    });
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        // Bounded by [`Activity`], which sets no timer for each request.
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES_MAX)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    let Ends { closing, cut } = ends;
    let mut served =
        std::pin::pin!(builder.serve_connection(TokioIo::new(ConnectionIo::new(stream, activity.clone())), service));
    // Looked at when one of them comes, and not with every request.
    let mut ends = FuturesUnordered::<BoxFuture<'_, End>>::new();
    ends.push(Box::pin(closing.cancelled().map(|()| End::Soon)));
    ends.push(Box::pin(cut.cancelled().map(|()| End::Now)));
    ends.push(Box::pin(place.end.cancelled().map(|()| End::Now)));
    ends.push(Box::pin(broken_off.cancelled().map(|()| End::Now)));
    let idle = IdleLimits { headers: limits.header_read, idle: limits.idle };
    ends.push(Box::pin(activity.overdue(idle).map(|()| End::Now)));
    let ended = loop {
        tokio::select! {
            ended = &mut served => break ended,
            Some(end) = ends.next() => match end {
                End::Soon => served.as_mut().graceful_shutdown(),
                End::Now => return,
            },
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "http.connection ended early");
    }
}
