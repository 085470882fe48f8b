//! A batch of events with offsets of streams outside: taken whole or not at all.

use std::time::Duration;

use super::{
    AppendSummary, EntryKind, NothingTaken, Rejection,
    content::BatchIn,
    entry::{self, EntryRun},
};
use crate::{
    engine::{Appended, EngineError, Model},
    http::error::ApiError,
};
use shelfmark_log::LogError;

/// Appends a batch with its offsets, or nothing of it when an entry cannot be used.
pub(super) async fn append_whole(model: &Model, kind: &EntryKind, sent: BatchIn) -> Result<AppendSummary, ApiError> {
    let BatchIn { run, count, offsets } = sent;
    let EntryRun { records, indexes, rejected, made_ids, unknown } = run.admitted(model);
    let nothing = |rejected| nothing_taken(model, kind, rejected, count);
    if !rejected.is_empty() {
        return Err(nothing(rejected));
    }
    let run = EntryRun { records, indexes, rejected, made_ids, unknown };
    let mut tally = AppendSummary { event_ids: AppendSummary::event_ids(&run, count), ..AppendSummary::default() };
    match model.append_with_offsets(run.records, offsets, Duration::ZERO).await {
        Ok(appended) => tally.add(&run.indexes, Vec::new(), &appended),
        Err(EngineError::Log(LogError::Conflicts(conflicts))) => {
            let rejection = |&(place, position): &(usize, _)| {
                let index = run.indexes.get(place).copied().unwrap_or_default();
                Rejection::new(index, entry::conflict(position))
            };
            return Err(nothing(conflicts.iter().map(rejection).collect()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(tally)
}

fn nothing_taken(model: &Model, kind: &EntryKind, rejected: Vec<Rejection>, count: usize) -> ApiError {
    let mut summary = AppendSummary { position: model.log().head_known().0, ..AppendSummary::default() };
    summary.add(&[], rejected, &Appended::default());
    ApiError::NothingTaken(Box::new(NothingTaken { summary, entries: kind.key(), whole_of: Some(count) }))
}
