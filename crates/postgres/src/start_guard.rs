//! Guard of a start, which ends the server when the start does not come to its end.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::Cluster;
use super::postmaster;

/// How long a server that was just begun may take to write its process file.
const APPEAR_MAX: Duration = Duration::from_secs(1);
/// How long the end of a server is waited for. It goes on ending afterwards.
const END_MAX: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// Guard of the start of a cluster's server. Unless [`StartGuard::keep`] is called, dropping it ends the server. A
/// start is dropped when the service is asked to end meanwhile; there nobody can wait asynchronously any more.
pub(super) struct StartGuard<'a> {
    cluster: &'a Cluster,
    armed: bool,
}

impl<'a> StartGuard<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, armed: true }
    }

    /// Leaves the server running.
    pub(super) fn keep(mut self) {
        self.armed = false;
    }

    /// Ends the server after a failed start. That it does not end is logged, since the failure is what matters.
    pub(super) async fn end(mut self) {
        // pg_ctl may have given up on a server that has not written its file yet.
        let deadline = Instant::now() + APPEAR_MAX;
        while self.appears() && Instant::now() < deadline {
            tokio::time::sleep(PAUSE).await;
        }
        if let Err(error) = postmaster::stop(self.cluster).await {
            tracing::error!(%error, "postgres.stop_failed: the server of a failed start still runs");
        }
        self.armed = false;
    }

    /// Whether a process works in the folder that is not the known server yet.
    fn appears(&self) -> bool {
        postmaster::find(&self.cluster.data).is_none() && postmaster::any_process_in(&self.cluster.data)
    }
}

impl Drop for StartGuard<'_> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        // A killed pg_ctl leaves the server that it began, which may not have written its file yet.
        block_while(APPEAR_MAX, || postmaster::find(&self.cluster.data).is_none());
        let Some(process) = postmaster::find(&self.cluster.data).and_then(|server| Pid::from_raw(server.pid)) else {
            return;
        };
        // A fast shutdown.
        let _gone_already = kill_process(process, Signal::INT);
        // A server removes its file before its last process ends.
        block_while(END_MAX, || postmaster::any_process_in(&self.cluster.data));
    }
}

fn block_while(limit: Duration, is: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while is() && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
    }
}
