//! The accept loop: connections with bounds, and an end that lets requests finish.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Limits;

/// Bytes read ahead on a connection: also the longest request line with headers.
const BUFFER_BYTES_MAX: usize = 256 << 10;
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
                let task = connection(stream, router.clone(), limits.header_read, closing.clone(), cut.clone());
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

/// Serves one connection to its end. Errors of a connection are the client's business: it went away, or sent nonsense.
async fn connection(
    stream: TcpStream,
    router: Router,
    header_read: Duration,
    closing: CancellationToken,
    cut: CancellationToken,
) {
    // Small answers must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_read)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = cut.cancelled() => return,
        () = closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut served => ended,
                () = cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "http.connection ended early");
    }
}
