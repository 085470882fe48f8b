//! Appends of what messages of other systems were translated into, and what the answer says of them.

use std::time::Duration;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    AppendSummary, ENTRIES_MAX, EntryKind, NothingTaken, REJECTED_MAX, Rejection, WaitQuery, append,
    context::{EntryContext, ParsedEntry},
    entry::{self, EntryRun},
    lag::{LagBound, within_lag},
    wait,
};
use crate::{
    engine::Model,
    http::{error::ApiError, params},
};
use shelfmark_domain::{FieldError, FieldResult};

/// What nothing was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ignored {
    /// Place of its message in the request, from 0.
    pub index: u64,
    /// Why.
    #[schema(example = "\"Cart Viewed\" is no interest in an item")]
    pub reason: String,
}

/// What became of the messages of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageSummary {
    /// How many messages came.
    pub messages: u64,
    /// What was understood and nothing was made of: the first 1,000. Something else of the same message may be taken.
    pub ignored: Vec<Ignored>,
    /// How many there are.
    pub ignored_count: u64,
    /// The records that were made of the rest. An index is that of the message.
    #[serde(flatten)]
    pub records: AppendSummary,
}

impl IntoResponse for MessageSummary {
    fn into_response(self) -> Response {
        let status = if self.records.applied == Some(true) { StatusCode::OK } else { StatusCode::ACCEPTED };
        (status, Json(self)).into_response()
    }
}

/// Messages as they are translated, one after the other.
pub struct MessageRun {
    arrival: EntryContext,
    run: EntryRun,
    summary: MessageSummary,
    scratch: Vec<u8>,
}

impl MessageRun {
    /// Begins a run.
    pub fn new(arrival: EntryContext) -> Self {
        let (run, summary) = (EntryRun::default(), MessageSummary::default());
        Self { arrival, run, summary, scratch: Vec::new() }
    }

    /// Begins the next message, which is what is added until the one after it begins.
    pub fn begin(&mut self) {
        self.summary.messages += 1;
    }

    fn index(&self) -> u64 {
        self.summary.messages.saturating_sub(1)
    }

    /// Adds an event in the form of `POST /events`.
    pub fn event(&mut self, text: &[u8]) {
        let parsed = entry::parse(&EntryKind::Events, text, &mut self.arrival, &mut self.scratch);
        self.entry(parsed);
    }

    /// Adds a record, or the reason why there is none.
    pub fn entry(&mut self, parsed: FieldResult<ParsedEntry>) {
        match parsed {
            Ok(ParsedEntry { mut record, made_id }) => {
                record.source.clone_from(&self.arrival.source);
                self.run.records.push(record);
                self.run.indexes.push(self.index());
                self.run.made_ids.push(made_id);
            }
            Err(error) => self.reject(error),
        }
    }

    /// Adds what is wrong with the message.
    pub fn reject(&mut self, error: FieldError) {
        self.run.rejected.push(Rejection::new(self.index(), error));
    }

    /// Adds what nothing is made of.
    pub fn ignore(&mut self, reason: String) {
        self.summary.ignored_count += 1;
        if self.summary.ignored.len() < REJECTED_MAX {
            self.summary.ignored.push(Ignored { index: self.index(), reason });
        }
    }
}

/// Refuses a request for messages before its body is read: refusing must cost little.
pub async fn check_messages(model: &Model, query: &WaitQuery) -> Result<(), ApiError> {
    params::wait(query.timeout_ms)?;
    wait::check(query)?;
    Ok(within_lag(model, LagBound::Held, Duration::ZERO).await?)
}

/// Appends a run, and waits as the request says. `entries` is what a message is called.
pub async fn append_messages(
    model: &Model,
    MessageRun { run, mut summary, .. }: MessageRun,
    entries: &'static str,
    query: &WaitQuery,
) -> Result<MessageSummary, ApiError> {
    if run.records.len() > ENTRIES_MAX {
        let detail = format!("at most {ENTRIES_MAX} records, makes {}", run.records.len());
        return Err(FieldError::new(entries, "too_many", detail).into());
    }
    let timeout = params::wait(query.timeout_ms)?;
    let count = run.records.len();
    let tally = append::batch(model, &EntryKind::Events, run, count).await?;
    // Ids are made from those of the messages, which the sender knows.
    let tally = AppendSummary { event_ids: None, ..tally };
    if tally.has_no_record() && tally.came() > 0 {
        let summary = AppendSummary { position: model.log().head_known().0, ..tally };
        return Err(ApiError::NothingTaken(Box::new(NothingTaken { summary, entries, whole_of: None })));
    }
    summary.records = append::finish(model, tally, query.wait, timeout).await?.into_summary();
    Ok(summary)
}
