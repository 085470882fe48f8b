//! Learner thread: applies appends in order, publishes views, hands out snapshots.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::mpsc};

use crate::engine::{
    learning::{
        handle::{Snapshot, SnapshotRequest},
        parts::CoreParts,
        recovery::Recovered,
    },
    metrics::ModelMetrics,
    replay::run::Restored,
    snapshots::{delta_tracker::PendingDelta, recent_states::StateAt},
};
use shelfmark_domain::{Append, ForgottenUser, Position, Served, Timestamp, VersionNumber};
use shelfmark_learner::{Applied, Learner, Observer, prepare_thread};
use shelfmark_serving::Publisher;
use shelfmark_state::{Digester, State, Touched, Unit};

/// While more appends wait, a view is published at most this often: publishing costs the learner time.
const PUBLISH_INTERVAL_BUSY: Duration = Duration::from_millis(5);
/// And no sooner than so many times what the last view took: with much to publish (an upload of a catalogue) views are
/// rarer, and a fifth of the learner's time at most goes into them.
const PUBLISH_REST: u32 = 4;

/// An append with the states that its restore records lead to.
pub struct Work {
    pub append: Append,
    /// Users whose pseudonyms the append has already, although their erasure comes later.
    pub forgotten: Vec<ForgottenUser>,
    pub restored: Restored,
    /// What goes on from those states: to make it here would keep learning waiting.
    pub restarts: BTreeMap<Position, Restart>,
}

/// What goes on from a restored state.
pub struct Restart {
    /// Has published it.
    pub publisher: Publisher,
    /// Has hashed it.
    pub digester: Digester,
    /// Whether it is a version's as it was stored, so that the next version may be a delta of that.
    pub exact: bool,
}

enum Next {
    Snapshot(SnapshotRequest),
    Work(Work),
    /// The view is due.
    Publish,
    Stop,
}

/// Everything that the thread owns.
pub struct Worker {
    parts: CoreParts,
    state: State,
    position: Position,
    learner: Learner,
    publication: Publication,
    work: mpsc::Receiver<Work>,
    work_ended: bool,
    snapshots: mpsc::Receiver<SnapshotRequest>,
}

/// What has to be published and hashed.
struct Publication {
    parts: CoreParts,
    publisher: Publisher,
    /// By the restores of the append in work.
    restarts: BTreeMap<Position, Restart>,
    /// When the newest record that no view has was committed.
    waiting: Option<Timestamp>,
    /// Touched since the last view.
    unpublished: Touched,
    /// Touched since the digest was last brought up to date.
    unhashed: Touched,
    /// Gone after a restore, until somebody asks for a digest.
    digester: Option<Digester>,
    /// When the last view was there, and what it took.
    last: Instant,
    took: Duration,
}

impl Worker {
    pub fn new(
        parts: CoreParts,
        recovered: Recovered,
        work: mpsc::Receiver<Work>,
        snapshots: mpsc::Receiver<SnapshotRequest>,
    ) -> Self {
        let Recovered { state, digester, position, version } = recovered;
        let publication = Publication {
            parts: parts.clone(),
            publisher: Publisher::new(),
            restarts: BTreeMap::new(),
            waiting: None,
            unpublished: Touched::default(),
            unhashed: Touched::default(),
            digester: Some(digester),
            last: Instant::now(),
            took: Duration::ZERO,
        };
        assert!(version.is_none() || state.touched.is_empty(), "P7: a version's state has no marks");
        parts.learner.delta_tracker().begin(version, true);
        parts.monitor.rewind(position);
        parts.stores.recent.keep(position, || StateAt { state: state.clone(), position });
        Self { parts, state, position, learner: Learner::default(), publication, work, work_ended: false, snapshots }
    }

    /// Runs until nobody can ask for snapshots any more. Returns why learning had to end, if it had to.
    pub fn run(mut self, runtime: &Handle) -> Result<(), String> {
        prepare_thread();
        self.publish();
        loop {
            match self.next(runtime) {
                Next::Stop => return Ok(()),
                Next::Work(work) => self.apply(work)?,
                Next::Publish => self.publish(),
                // The asker may have gone away: then nobody needs it.
                Next::Snapshot(SnapshotRequest::Whole(reply)) => drop(reply.send(self.snapshot())),
                Next::Snapshot(SnapshotRequest::Version(reply)) => drop(reply.send(self.snapshot_to_store())),
                Next::Snapshot(SnapshotRequest::Bare(reply)) => drop(reply.send(self.state_at())),
            }
        }
    }

    fn next(&mut self, runtime: &Handle) -> Next {
        let publish_at = self.publication.waiting.map(|_| self.publication.idle_due());
        // The timer of the runtime is late by up to a millisecond.
        if publish_at.is_some_and(|at| at <= Instant::now()) && self.work.is_empty() && self.snapshots.is_empty() {
            return Next::Publish;
        }
        let publish_at = async {
            match publish_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let Self { work, snapshots, work_ended, .. } = self;
        runtime.block_on(async {
            tokio::pin!(publish_at);
            loop {
                tokio::select! {
                    biased;
                    request = snapshots.recv() => return request.map_or(Next::Stop, Next::Snapshot),
                    next = work.recv(), if !*work_ended => match next {
                        Some(work) => return Next::Work(work),
                        None => *work_ended = true,
                    },
                    () = &mut publish_at => return Next::Publish,
                }
            }
        })
    }

    fn apply(&mut self, Work { append, forgotten, restored, restarts }: Work) -> Result<(), String> {
        self.publication.restarts = restarts;
        assert_eq!(append.first(), self.position.next(), "P2, P3: appends are applied in order, without gaps");
        if self.publication.waiting.is_none() {
            let committed_at = append.records.first().expect("an append is never empty").appended_at;
            self.parts.learner.set_pending(Some(committed_at));
        }
        forgotten.iter().for_each(|user| self.state.replace_names(user));
        let started = Instant::now();
        let applied = self
            .learner
            .apply(&mut self.state, &append, &restored, &mut self.publication)
            .map_err(|error| error.to_string())?;
        self.position = append.last();
        self.parts.monitor.learned(&applied.steps);
        let stores = Arc::clone(&self.parts.stores);
        stores.recent.keep(self.position, || self.state_at());
        report(&stores.metrics, &applied, append.records.len(), started.elapsed());
        self.publication.waiting = Some(append.records.last().expect("an append is never empty").appended_at);
        if applied.restored || self.publication.is_due(PUBLISH_INTERVAL_BUSY) {
            self.publish();
        }
        Ok(())
    }

    fn publish(&mut self) {
        self.publication.publish(&mut self.state, self.position);
        self.parts.learner.set_pending(None);
    }

    fn state_at(&mut self) -> StateAt {
        self.publication.take_marks(&mut self.state);
        StateAt { state: self.state.clone(), position: self.position }
    }

    fn snapshot(&mut self) -> Snapshot {
        let StateAt { state, position } = self.state_at();
        let digester = self.publication.digester(&state).clone();
        Snapshot { state, position, digester }
    }

    fn snapshot_to_store(&mut self) -> (Snapshot, PendingDelta) {
        let snapshot = self.snapshot();
        assert!(self.state.touched.is_empty(), "P7: what this version holds must not count as a change since it");
        let delta = self.parts.learner.delta_tracker().take();
        (snapshot, delta)
    }
}

impl Publication {
    /// Moves the marks of the live state to whoever has to look at those rows again: the next view, digest and version.
    /// Marks leave the state here and nowhere else, so each of the three takes each change once.
    fn take_marks(&mut self, state: &mut State) {
        if state.touched.is_empty() {
            return;
        }
        self.unhashed.absorb(&state.touched);
        self.parts.learner.delta_tracker().note(&state.touched);
        self.unpublished.take_from(&mut state.touched);
    }

    /// Brought up to date after the marks were taken: costs the rows touched since the last time.
    fn digester(&mut self, state: &State) -> &Digester {
        match &mut self.digester {
            Some(digester) => _ = digester.update(state, &self.unhashed),
            None => self.digester = Some(Digester::new(state)),
        }
        self.unhashed.clear();
        self.digester.as_ref().expect("made just before")
    }

    fn publish(&mut self, state: &mut State, position: Position) {
        let started = Instant::now();
        self.take_marks(state);
        let view = self.publisher.publish(&state.inference, &self.unpublished, position, Served::Live);
        self.parts.publish(view);
        self.unpublished.clear();
        self.last = Instant::now();
        self.took = self.last - started;
        self.parts.stores.metrics.published(position, self.took, self.waiting.take());
    }

    /// When a view is due while nothing waits to be learned: as long after the last one as that took, so that appends
    /// that come meanwhile are in it, too. A view for each append of a steady stream is half of the learner's work.
    fn idle_due(&self) -> Instant {
        self.last + PUBLISH_INTERVAL_BUSY.min(self.took)
    }

    /// Whether the last view is so old that another is worth its time.
    fn is_due(&self, interval: Duration) -> bool {
        self.last.elapsed() > interval.max(PUBLISH_REST * self.took)
    }
}

impl Observer for Publication {
    fn before_learning(&mut self, state: &State, units: &[Unit]) {
        self.parts.sampler.offer(state, units);
        self.parts.guard.offer(&self.parts.readers, state, units);
    }

    fn after_learning(&mut self, state: &mut State, through: Position) {
        // A long append is visible piece by piece: every batch ends in a whole state at its last position.
        if self.is_due(2 * PUBLISH_INTERVAL_BUSY) {
            self.publish(state, through);
        }
    }

    fn forgot(&mut self, user: &ForgottenUser) {
        self.parts.forget(user);
    }

    fn restored(&mut self, position: Position, version: VersionNumber) {
        let restart = self.restarts.remove(&position);
        let exact = restart.as_ref().is_some_and(|restart| restart.exact);
        self.parts.learner.delta_tracker().begin(Some(version), exact);
        self.unpublished.clear();
        self.unhashed.clear();
        (self.publisher, self.digester) = match restart {
            Some(Restart { publisher, digester, .. }) => (publisher, Some(digester)),
            None => (Publisher::new(), None),
        };
    }
}

fn report(metrics: &ModelMetrics, applied: &Applied, records: usize, elapsed: Duration) {
    metrics.applied(applied, records, elapsed);
    for step in applied.steps.iter().filter(|step| step.quarantined) {
        tracing::error!(
            targets = step.targets,
            loss = step.loss,
            gradient_norm = step.gradient_norm,
            "step.quarantined: a number was not finite, the step was dropped"
        );
    }
}
