//! Context that entries are checked against, and what a valid entry becomes.

use std::sync::Arc;

use shelfmark_domain::{FieldResult, Id, Item, Modalities, ModelConfig, NewRecord, Timestamp};

/// What every entry of a request is checked against.
#[derive(Debug, Clone)]
pub struct EntryContext {
    /// Configuration with the kinds that are known.
    pub config: Arc<ModelConfig>,
    /// Modalities of dense vectors that are known.
    pub modalities: Arc<Modalities>,
    /// Time of arrival, for events that say none.
    pub at: Timestamp,
    /// Name of the API key that they came in with.
    pub source: Option<Id>,
}

impl EntryContext {
    /// Refuses an item whose dense vectors do not fit those that the model learns from; a new modality of a good one
    /// counts for the items after it. What nobody could know here is in the log and says nothing to the model.
    pub fn admit(&mut self, item: &Item) -> FieldResult<()> {
        if !self.config.modalities || item.vectors.is_empty() {
            return Ok(());
        }
        Arc::make_mut(&mut self.modalities).admit_item(item)
    }
}

/// A valid entry.
#[derive(Debug)]
pub struct ParsedEntry {
    /// What goes to the log.
    pub record: NewRecord,
    /// The event's id, when the service made it.
    pub made_id: Option<Id>,
}
