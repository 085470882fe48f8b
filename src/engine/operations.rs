//! Runner of long work: keeps its record in Postgres up to date, and cancels it on request.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use serde_json::Value;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::{EngineError, blocking::finished};
use shelfmark_store::operations::{Operation, OperationId, OperationOutcome, OperationStore};

/// How often the row of a running operation is touched; far below [`shelfmark_store::operations::HEARTBEAT_TIMEOUT`].
const TOUCH_INTERVAL: Duration = Duration::from_millis(500);
/// How often, and at what pause, the end of an operation is written down while the database is away.
const END_TRIES: u32 = 10;
const END_PAUSE: Duration = Duration::from_secs(1);
/// Progress below which no time is told.
const ETA_FROM: f64 = 0.01;

/// Long work of one model. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    store: OperationStore,
    running: Arc<Mutex<HashMap<OperationId, CancellationToken>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What running work holds of its operation. Cheap to clone.
#[derive(Clone)]
pub struct OperationContext {
    /// The operation.
    pub id: OperationId,
    progress: Arc<AtomicU64>,
    cancelled: CancellationToken,
}

impl OperationContext {
    /// Notes how much is done, 0 to 1.
    pub fn progress(&self, share: f64) {
        self.progress.store(share.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
    }

    /// Cancelled when somebody asks for the end of the work, or the service ends. Until its first lasting effect the
    /// work obeys with [`EngineError::Cancelled`]; after that it goes on to its end.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    /// The same as an error.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.cancelled.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    fn share(&self) -> f64 {
        f64::from_bits(self.progress.load(Ordering::Relaxed))
    }
}

/// Work that has begun.
pub struct Started {
    /// Its operation.
    pub id: OperationId,
    /// Ends after the end of the work was written down.
    pub ended: JoinHandle<()>,
}

impl Operations {
    /// Runs work on `tasks`, until `stop` at the latest.
    pub fn new(store: OperationStore, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { store, running: Arc::default(), tasks, stop }
    }

    /// Their records.
    pub fn store(&self) -> &OperationStore {
        &self.store
    }

    /// Starts work, unless one of the kinds `alone` runs, in any process: [`EngineError::OperationRunning`] names it.
    /// The value that the work ends with is the operation's result.
    pub async fn start<F, W>(&self, kind: &str, actor: &str, alone: &[&str], work: F) -> Result<Started, EngineError>
    where
        F: FnOnce(OperationContext) -> W + Send + 'static,
        W: Future<Output = Result<Value, EngineError>> + Send + 'static,
    {
        let context =
            OperationContext { id: OperationId::new(), progress: Arc::default(), cancelled: self.stop.child_token() };
        if let Err(running) = self.store.start(context.id, kind, actor, alone).await? {
            return Err(EngineError::OperationRunning(Box::new(running)));
        }
        let id = context.id;
        self.lock().insert(id, context.cancelled.clone());
        let (operations, kind) = (self.clone(), kind.to_owned());
        let ended = self.tasks.spawn(async move {
            let work = work(context.clone());
            let ending = operations.run(&context, Box::pin(work)).await;
            operations.lock().remove(&id);
            // Not what came of it: that may name users, and a log cannot be erased (P10).
            let state = ending.state().name();
            tracing::info!(operation = %id, kind, state, "operation.ended: {kind} {id} is {state}");
            operations.end(id, &ending).await;
        });
        Ok(Started { id, ended })
    }

    /// Runs short work that the caller's going away must not cut in two.
    pub async fn to_its_end<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        finished(self.tasks.spawn(work)).await
    }

    /// Returns when the service ends.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Asks for the end of an operation and waits for it, `patience` at most. Answers with the operation as it stands
    /// then: one that was past its last chance goes on.
    pub async fn cancel(&self, id: OperationId, patience: Duration) -> Result<Operation, EngineError> {
        self.store.request_cancel(id).await?;
        if let Some(token) = self.lock().get(&id) {
            token.cancel();
        }
        let until = Instant::now() + patience;
        loop {
            let operation = self.store.get(id).await?;
            if operation.finished_at.is_some() || Instant::now() >= until {
                return Ok(operation);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn run(
        &self,
        context: &OperationContext,
        work: impl Future<Output = Result<Value, EngineError>> + Send + Unpin,
    ) -> OperationOutcome {
        let began = Instant::now();
        let mut work = AssertUnwindSafe(work).catch_unwind();
        let mut timer = tokio::time::interval(TOUCH_INTERVAL);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let ended = loop {
            tokio::select! {
                ended = &mut work => break ended,
                _ = timer.tick() => self.heartbeat(context, began).await,
            }
        };
        match ended {
            Ok(Ok(result)) => OperationOutcome::Done(result),
            Ok(Err(EngineError::Cancelled)) if self.stop.is_cancelled() => {
                OperationOutcome::Failed("interrupted: the service ended".to_owned())
            }
            Ok(Err(EngineError::Cancelled)) => OperationOutcome::Cancelled,
            Ok(Err(error)) => {
                tracing::error!(operation = %context.id, error = &error as &dyn std::error::Error, "operation.failed");
                OperationOutcome::Failed(error.to_string())
            }
            Err(_panic) => {
                OperationOutcome::Failed("it ended with an error of ours; the service's log has it".to_owned())
            }
        }
    }

    async fn heartbeat(&self, context: &OperationContext, began: Instant) {
        let share = context.share();
        let eta_s = (share > ETA_FROM).then(|| began.elapsed().as_secs_f64() * (1.0 - share) / share);
        match self.store.heartbeat(context.id, share, eta_s).await {
            Ok(false) => {}
            Ok(true) => context.cancelled.cancel(),
            Err(error) => {
                tracing::warn!(operation = %context.id, %error, "operation.heartbeat_failed: its row cannot be touched")
            }
        }
    }

    async fn end(&self, id: OperationId, ending: &OperationOutcome) {
        for _ in 0..END_TRIES {
            match self.store.end(id, ending).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(operation = %id, %error, "operation.end_failed: it cannot be written down now")
                }
            }
            if self.stop.is_cancelled() {
                return;
            }
            tokio::time::sleep(END_PAUSE).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OperationId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
