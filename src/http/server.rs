//! The accept loop: connections with bounds, and an end that lets requests finish. HTTP/1.1, and HTTP/2 in clear text for
//! clients that begin with it (prior knowledge).

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    Limits,
    activity::{Activity, IdleLimits},
    connection_io::ConnectionIo,
    host::HostFault,
};

/// Bytes read ahead on a connection: also the longest request line with headers.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// Bytes of an HTTP/2 request's headers.
const HEADER_BYTES_MAX: u32 = 64 << 10;
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
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let cut = CancellationToken::new();
    loop {
        let permit = Arc::clone(&permits).acquire_owned();
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = async {
                // The permit first: beyond the bound, connections wait in the kernel's queue.
                let permit = permit.await;
                (permit, listener.accept().await)
            } => accepted,
        };
        let (Ok(permit), accepted) = accepted else {
            break;
        };
        match accepted {
            Ok((stream, _)) => {
                let ends = Ends { closing: closing.clone(), cut: cut.clone() };
                let task = connection(stream, router.clone(), limits.clone(), Tracked(connections.clone()), ends);
                connections.spawn(async move {
                    task.await;
                    drop(permit);
                });
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

/// Runs the streams of HTTP/2 connections as tasks that the server waits for.
#[derive(Clone)]
struct Tracked(TaskTracker);

impl<F: Future<Output: Send + 'static> + Send + 'static> Executor<F> for Tracked {
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
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
async fn connection(stream: TcpStream, router: Router, limits: Limits, streams: Tracked, ends: Ends) {
    // Small answers must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let activity = Activity::new();
    let counted = activity.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let under_way = counted.begin(request.version());
        if let Some(fault) = HostFault::of(&request) {
            request.extensions_mut().insert(fault);
        }
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(under_way.until_sent(answer.await?)) }
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
