//! Status of a model: position, lag, counts, memory.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::readers::Readers,
    learning::handle::{LearnerHandle, LiveFacts, Snapshot},
    stores::Stores,
};
use shelfmark_domain::{Digest, ForkOrigin, ModelConfig, Position, Served, Timestamp};
use shelfmark_learner::fingerprint;
use shelfmark_serving::Counts;
use shelfmark_state::TableFootprint;

/// Longest wait for the learner before what it said last is told again.
const LEARNER_WAIT: Duration = Duration::from_millis(300);
/// Longest wait for an answer of Postgres before what is known is told.
const DATABASE_WAIT: Duration = Duration::from_millis(300);

/// `GET /v1/models/{m}`.
#[derive(Debug, Clone, Serialize)]
pub struct ModelStatus {
    /// Its name.
    pub model: String,
    /// Last position of the log.
    pub head: Position,
    /// Where the live state stands.
    pub position: Position,
    /// `head - position`.
    pub lag_records: u64,
    /// Age of the oldest committed record that the live view does not hold, in milliseconds; 0 without lag.
    pub lag_ms: u64,
    /// Digest of the state at `position`.
    pub digest: Digest,
    /// What readers get.
    pub served: Served,
    /// What it takes in memory, table by table.
    pub memory: Vec<TableFootprint>,
    /// How much the state at `position` holds.
    pub counts: Counts,
    /// Number of versions.
    pub versions: u64,
    /// Where it was forked from.
    pub fork: Option<ForkOrigin>,
    /// Its configuration.
    pub config: Arc<ModelConfig>,
    /// Numeric fingerprint of this process (P4).
    pub fingerprint: String,
}

/// Committed records that the live view does not hold, as far as this process knows, and the age of the oldest in
/// milliseconds.
pub fn lag(stores: &Stores, readers: &Readers, learner: &LearnerHandle) -> (u64, u64) {
    let (head, position) = (stores.log.head_known().0, readers.position());
    (head.since(position), lag_ms(stores, readers, learner, (head, position)))
}

/// Age of the oldest committed record that a state at `position` does not hold, in milliseconds.
fn lag_ms(stores: &Stores, readers: &Readers, learner: &LearnerHandle, (head, position): (Position, Position)) -> u64 {
    let lag_seconds = match pending_since(stores, readers, learner) {
        Some(since) if head > position => Timestamp::now().seconds_since(since).max(0.0),
        Some(_) | None => 0.0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a lag is not negative and far below 2^53"
    )]
    let lag_ms = (lag_seconds * 1000.0) as u64;
    lag_ms
}

/// Commit time of the oldest record that the live view does not hold, as far as this process knows.
fn pending_since(stores: &Stores, readers: &Readers, learner: &LearnerHandle) -> Option<Timestamp> {
    let (head, at) = stores.log.head_known();
    if head <= readers.position() {
        return None;
    }
    Some(learner.pending_since().unwrap_or(at))
}

/// Asks the learner. While it is busy with a large append, returns what it said last.
async fn live_facts(learner: &LearnerHandle) -> Result<LiveFacts, EngineError> {
    let asked = learner.snapshot();
    let Ok(snapshot) = tokio::time::timeout(LEARNER_WAIT, asked).await else {
        return match learner.live_facts() {
            Some(known) => Ok(known),
            None => Ok(facts(learner, &learner.snapshot().await?)),
        };
    };
    Ok(facts(learner, &snapshot?))
}

fn facts(learner: &LearnerHandle, snapshot: &Snapshot) -> LiveFacts {
    let inference = &snapshot.state.inference;
    let counts = Counts {
        users: inference.users.count() as u64,
        items: inference.catalog.len() as u64,
        events: inference.counters.events,
    };
    let facts = LiveFacts { position: snapshot.position, digest: snapshot.digester.digest(), counts };
    learner.note_live_facts(facts);
    facts
}

/// Reads the head. When Postgres does not answer soon, returns the one that this process knows.
async fn head(stores: &Stores) -> Result<Position, EngineError> {
    match tokio::time::timeout(DATABASE_WAIT, stores.log.head()).await {
        Ok(head) => Ok(head?),
        Err(_elapsed) => Ok(stores.log.head_known().0),
    }
}

/// Asks the learner, so that position, digest and counts are of one state. Takes less than a second, however busy
/// learner and database are, once it was asked before.
pub async fn status(stores: &Stores, readers: &Readers, learner: &LearnerHandle) -> Result<ModelStatus, EngineError> {
    let LiveFacts { position, digest, counts } = live_facts(learner).await?;
    let head = head(stores).await?.max(position);
    let lag_ms = lag_ms(stores, readers, learner, (head, position));
    let live = readers.live.load_full();
    let config = Arc::clone(&live.inference().config);
    let memory = blocking(move || live.footprint()).await;
    Ok(ModelStatus {
        model: stores.name.as_str().to_owned(),
        head,
        position,
        lag_records: head.since(position),
        lag_ms,
        digest,
        served: readers.deployed(None).served(),
        memory,
        counts,
        versions: stores.version_count(DATABASE_WAIT).await?,
        fork: stores.origin.clone(),
        config,
        fingerprint: fingerprint(),
    })
}
