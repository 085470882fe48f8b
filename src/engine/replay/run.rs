//! Replay of a part of the log onto a state beside the learner: reads a chunk while the one before is learned.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{EngineError, replay::rules::Rules, snapshots::recent_states::StateAt};
use shelfmark_domain::{Append, ExclusionReason, Exclusions, Position, RecordBody, VersionNumber};
use shelfmark_learner::{Learner, Observer, prepare_thread};
use shelfmark_log::{Log, LogError};
use shelfmark_state::State;

/// Records of a chunk, about.
const CHUNK_RECORDS: usize = 4096;
/// Chunks that are read and not yet learned.
const CHUNKS_AHEAD: usize = 2;

/// The states that restore records lead to, by the positions of the records.
pub type Restored = BTreeMap<Position, State>;

/// Finds the state that a restore record leads to: a stored version's, or what a replay makes of one.
pub trait RestoreResolver: Send + Sync {
    /// The state of `version` or, with `replay`, what the log before `position` makes of it without what that names.
    fn resolve<'a>(
        &'a self,
        position: Position,
        version: VersionNumber,
        replay: Option<&'a Exclusions>,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<State, EngineError>>;
}

/// Finds the states that an append's restore records lead to.
pub async fn restored_states(
    resolver: &dyn RestoreResolver,
    append: &Append,
    progress: &Progress,
) -> Result<Restored, EngineError> {
    let mut states = Restored::new();
    for record in append.records.iter() {
        if let RecordBody::Restore { version, replay } = &record.body {
            let state = resolver.resolve(record.position, *version, replay.as_deref(), progress).await?;
            states.insert(record.position, state);
        }
    }
    Ok(states)
}

/// Where records and the states of restores come from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub log: &'a Log,
    pub restores: &'a dyn RestoreResolver,
}

/// Follows a replay from outside and may end it. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    /// Told the last position that was learned, an append at a time.
    pub reached: Arc<dyn Fn(Position) + Send + Sync>,
    /// Ends the replay with [`EngineError::Cancelled`].
    pub cancelled: CancellationToken,
}

impl Progress {
    /// Watches nothing and ends with `cancelled`.
    pub fn silent(cancelled: CancellationToken) -> Self {
        Self { reached: Arc::new(|_| {}), cancelled }
    }
}

/// What a replay read, and what it made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// Records looked at.
    pub records: u64,
    /// Events applied.
    pub events_kept: u64,
    /// Records of other kinds applied.
    pub others_kept: u64,
    /// Records left out, by why.
    pub left_out: BTreeMap<ExclusionReason, u64>,
}

impl Counts {
    fn count(&mut self, body: &RecordBody, left_out: Option<ExclusionReason>) {
        self.records += 1;
        match (left_out, body) {
            (Some(reason), _) => *self.left_out.entry(reason).or_default() += 1,
            (None, RecordBody::Event(_)) => self.events_kept += 1,
            (None, _) => self.others_kept += 1,
        }
    }

    /// Adds those of a later stretch.
    pub fn add(&mut self, later: Self) {
        self.records += later.records;
        self.events_kept += later.events_kept;
        self.others_kept += later.others_kept;
        for (reason, records) in later.left_out {
            *self.left_out.entry(reason).or_default() += records;
        }
    }
}

/// A state after a replay.
pub struct Replayed {
    /// The state; what it touched since the replay began is marked.
    pub at: StateAt,
    /// What was read.
    pub counts: Counts,
}

/// Some appends, and where the log stands after them.
struct Chunk {
    appends: Vec<(Append, Restored)>,
    through: Position,
}

/// Who sees what a replay learns.
pub struct Observed<W> {
    /// Told of every batch and step; given back at the end.
    pub observer: W,
    /// Watches the rows of every so many steps, as [`Learner::with_statistics_every`] says.
    pub every: u32,
}

/// Applies the records in `(from, through]`: with rules those that they keep, without any as the learner did, restores
/// included. An append that goes on after `through` is cut there.
///
/// Costs a chunk of records at a time in memory, whatever the stretch is long; some 8,192 wait beside those that are
/// learned.
pub async fn replay(
    source: Source<'_>,
    from: StateAt,
    rules: Option<&Rules>,
    through: Position,
    progress: &Progress,
) -> Result<Replayed, EngineError> {
    let nobody = Observed { observer: (), every: 0 };
    Ok(replay_observed(source, from, rules, through, progress, nobody).await?.0)
}

/// The same, with somebody looking on.
pub async fn replay_observed<W: Observer + Send + 'static>(
    source: Source<'_>,
    from: StateAt,
    rules: Option<&Rules>,
    through: Position,
    progress: &Progress,
    observed: Observed<W>,
) -> Result<(Replayed, W), EngineError> {
    let StateAt { state, position } = from;
    let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let follower = progress.clone();
    let learned = tokio::task::spawn_blocking(move || learn(state, chunks, &follower, observed));
    let (read, learned) = tokio::join!(read(source, position, rules, through, progress, sender), learned);
    // Why learning failed is said first: reading ends when nobody takes its chunks. A panic is an error here: the
    // learner's feed replays too, and has to say why it ends.
    let panicked = |_| EngineError::ReplayFailed { position, detail: "a step after it panicked".to_owned() };
    let (state, observer) = learned.map_err(panicked)??;
    let counts = read?;
    if progress.cancelled.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    Ok((Replayed { at: StateAt { state, position: through }, counts }, observer))
}

async fn read(
    source: Source<'_>,
    after: Position,
    rules: Option<&Rules>,
    through: Position,
    progress: &Progress,
    chunks: mpsc::Sender<Chunk>,
) -> Result<Counts, EngineError> {
    let mut counts = Counts::default();
    let mut reached = after;
    while reached < through && !progress.cancelled.is_cancelled() {
        let read = source.log.read_after(reached, CHUNK_RECORDS).await?;
        if read.is_empty() {
            let detail = "P3: it is before the head and not in the table".to_owned();
            return Err(LogError::Unreadable { position: reached.next(), detail }.into());
        }
        let mut appends = Vec::with_capacity(read.len());
        for append in read {
            if reached >= through {
                break;
            }
            let append = cut(append, through);
            reached = append.last();
            let kept = match rules {
                Some(rules) => rules.filter(&append, |record, left_out| counts.count(&record.body, left_out)),
                None => {
                    append.records.iter().for_each(|record| counts.count(&record.body, None));
                    Some(append)
                }
            };
            if let Some(append) = kept {
                let restored = restored_states(source.restores, &append, progress).await?;
                appends.push((append, restored));
            }
        }
        if chunks.send(Chunk { appends, through: reached }).await.is_err() {
            break;
        }
    }
    Ok(counts)
}

/// The records of an append until `through`.
fn cut(append: Append, through: Position) -> Append {
    if append.last() <= through {
        return append;
    }
    let records: Vec<_> = append.records.iter().filter(|record| record.position <= through).cloned().collect();
    Append { records: records.into() }
}

fn learn<W: Observer>(
    mut state: State,
    mut chunks: mpsc::Receiver<Chunk>,
    progress: &Progress,
    Observed { mut observer, every }: Observed<W>,
) -> Result<(State, W), EngineError> {
    prepare_thread();
    let mut learner = Learner::with_statistics_every(every);
    while let Some(chunk) = chunks.blocking_recv() {
        for (append, restored) in &chunk.appends {
            if progress.cancelled.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            learner
                .apply(&mut state, append, restored, &mut observer)
                .map_err(|error| EngineError::ReplayFailed { position: append.first(), detail: error.to_string() })?;
            (progress.reached)(append.last());
        }
        (progress.reached)(chunk.through);
    }
    Ok((state, observer))
}
