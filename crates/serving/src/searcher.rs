//! The search threads, as async code sees them.

use std::{
    convert::Infallible,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use shelfmark_domain::{Filter, Id, Query, Recommendations, ScoredItem};

use super::{
    QueryError, View, lag_probe,
    metric::Meters,
    queue::{SearchSettings, Shared},
    recall_audit::check,
    request::Request,
    worker::work,
};

/// Handle of the search threads: cheap to clone. The threads end when the last handle is dropped, after answering what
/// waits. Install the metrics recorder before [`Searcher::start`].
#[derive(Debug, Clone)]
pub struct Searcher {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Searcher {
    /// Starts the threads. Fails when the system gives none.
    pub fn start(settings: SearchSettings) -> io::Result<Self> {
        let settings = SearchSettings {
            threads: settings.threads.max(1),
            queue_max: settings.queue_max.max(1),
            batch_max: settings.batch_max.max(1),
            ..settings
        };
        let shared = Arc::new(Shared::new(settings, Meters::new()));
        let mut pool = Pool { shared: Arc::clone(&shared), workers: Vec::with_capacity(settings.threads) };
        for number in 0..settings.threads {
            let shared = Arc::clone(&shared);
            // On failure the pool is dropped and ends the threads that did start.
            let worker = std::thread::Builder::new().name(format!("search-{number}")).spawn(move || work(&shared))?;
            pool.workers.push(worker);
        }
        let samples = shared.samples.open();
        let checker = std::thread::Builder::new()
            .name("search-check".to_owned())
            .spawn(move || check(&samples, &shared.samples, &shared.meters))?;
        pool.workers.push(checker);
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Whether a search that came now would be refused, because what waits takes as long as anything may wait: so that
    /// it can be refused before more is done for it. Counts it as refused if so.
    pub fn is_full(&self) -> bool {
        self.pool.shared.is_full()
    }

    /// Measures how late the async threads of the calling runtime are, and how much CPU time they get, for
    /// [`Searcher::is_full`], until it is dropped. Is to run as a task of that runtime. Costs 200 wakes a second.
    pub async fn watch_lag(&self) -> Infallible {
        let shared = &self.pool.shared;
        lag_probe::watch_lag(|now, lag, threads| shared.observe_lag(now, lag, threads)).await
    }

    /// Notes the CPU time that a request with a search used of the async threads
    /// ([`with_cpu_time`](super::with_cpu_time)), for [`Searcher::is_full`].
    pub fn note_cpu_time(&self, used: Duration) {
        self.pool.shared.searched.note(used);
    }

    /// Answers a query from `view`: at once when that is sooner done than handed over, else by a search thread.
    /// [`QueryError::Busy`] when it would wait too long: nearly always at once. Dropping the future cancels the search
    /// unless it has begun.
    pub async fn recommend(&self, view: Arc<View>, query: Query) -> Result<Recommendations, QueryError> {
        if view.answers_at_once(&query) {
            return at_once(&view, &query, &self.pool.shared);
        }
        let (reply, answer) = oneshot::channel();
        self.pool.shared.push(view, Request::Recommend { query, reply })?;
        answer.await.unwrap_or(Err(QueryError::Failed))
    }

    /// Similar items from `view`, as [`View::similar`].
    pub async fn similar(
        &self,
        view: Arc<View>,
        item: Id,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<ScoredItem>, QueryError> {
        let (reply, answer) = oneshot::channel();
        self.pool.shared.push(view, Request::Similar { item, limit, filter, reply })?;
        answer.await.unwrap_or(Err(QueryError::Failed))
    }
}

/// Answers on the calling thread, as a search thread would.
fn at_once(view: &Arc<View>, query: &Query, shared: &Shared) -> Result<Recommendations, QueryError> {
    shared.samples.offer(view, query);
    let answer = catch_unwind(AssertUnwindSafe(|| view.recommend(query))).unwrap_or_else(|_| {
        tracing::error!(name: "search.failed", "a search panicked; its requester got an error");
        Err(QueryError::Failed)
    });
    shared.meters.count(&answer);
    answer
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop();
        for worker in self.workers.drain(..) {
            // A worker contains its searches' panics; one of its own was printed by the hook, and nothing waits for it.
            drop(worker.join());
        }
    }
}

#[cfg(test)]
mod tests;
