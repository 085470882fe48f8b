//! Attribution of clicks: a decorator over the log's append that credits events to the arms whose lists they came from.

use std::{sync::Arc, time::Duration};

use crate::engine::{EngineError, deployment::readers::Readers, guard::registry::GuardRegistry};
use shelfmark_domain::{ModelName, NewRecord, OffsetCommit, RecommendationId, RecordBody};
use shelfmark_log::{AppendOutcome, Log};

/// The log of one model, with attribution of what is appended.
pub struct AttributedLog {
    pub name: ModelName,
    pub log: Log,
    pub readers: Arc<Readers>,
    pub guard: Arc<GuardRegistry>,
}

impl AttributedLog {
    /// Appends records, and attributes the events among them that came from recommended lists to the arms that made
    /// these. Offsets of streams outside are committed with them.
    pub async fn append(
        &self,
        records: Vec<NewRecord>,
        offsets: Vec<OffsetCommit>,
        patience: Duration,
    ) -> Result<Vec<AppendOutcome>, EngineError> {
        let config = Arc::clone(&self.readers.live.load().inference().config);
        let mut lists = Vec::new();
        for (index, record) in records.iter().enumerate() {
            if let RecordBody::Event(event) = &record.body
                && let Some(id) = &event.recommendation_id
                && config.event_weight(event) > 0.0
                && let Some(list) = RecommendationId::parse(&self.name, id.as_str())
            {
                lists.push((index, list));
            }
        }
        let outcomes = self.log.append_with_offsets(records, offsets, patience).await?;
        for (index, list) in lists {
            // What was sent again counted the first time.
            if let Some(AppendOutcome::Accepted(_)) = outcomes.get(index)
                && let Some(served) = self.readers.arms.clicked(&list)
            {
                self.guard.clicked(served);
            }
        }
        Ok(outcomes)
    }
}
