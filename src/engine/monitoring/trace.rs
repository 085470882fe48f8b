//! Trace of one event: replays the records around it from the nearest state before it, beside the learner.

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::readers::Readers,
    monitoring::monitor::Monitor,
    replay::trace::{Stretch, replay_through, state_before},
    stores::Stores,
};
use shelfmark_domain::{Event, Position};
use shelfmark_monitor::health::{Trace, TraceTarget, Tracer};

/// A trace and how it was found.
#[derive(Debug, Clone)]
pub struct TracedEvent {
    /// The step that learned the event.
    pub trace: Trace,
    /// What was learned again to find it.
    pub replayed: Stretch,
}

/// Traces an event that the live state holds.
pub async fn trace(
    stores: &Stores,
    readers: &Readers,
    monitor: &Monitor,
    position: Position,
    event: Event,
) -> Result<TracedEvent, EngineError> {
    let reached = readers.position();
    if reached < position {
        return Err(EngineError::NotReached { wanted: position, reached });
    }
    let _permit = monitor.work()?;
    let from = state_before(stores, position, position).await?;
    let tracer = Tracer::new(TraceTarget { position, event });
    // On the heap: it holds states.
    let (tracer, _, replayed) = Box::pin(replay_through(stores, &from, position, tracer)).await?;
    if tracer.is_frozen() {
        return Err(EngineError::TraceFrozen { position });
    }
    let trace = blocking(move || tracer.trace()).await;
    let unmet = || EngineError::ReplayFailed { position, detail: "P4: no step of the replay learned it".to_owned() };
    Ok(TracedEvent { trace: trace.ok_or_else(unmet)?, replayed })
}
