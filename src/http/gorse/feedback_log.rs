//! All feedback, in the order of the log: one entry for each event that nothing took back.
//!
//! Unlike the feedback of a user or an item, entries of one type, user and item are not added up: that needs all of
//! them at once. Sent again with `POST` they add up.

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{TextError, feedback::Feedback, keyed::KindFilter, model, request::ListQuery};
use crate::{
    engine::Model,
    http::{Api, auth::Caller},
};
use shelfmark_domain::{Event, Position, RecordBody, is_pseudonym};
use shelfmark_log::RecordsPage;

/// Most records that are read at a time.
pub const RECORDS_MAX: usize = 1000;
/// Fewest, so that a short page of a rare type is not a thousand queries.
const RECORDS_MIN: usize = 100;
/// Records that one page reads at most. A page of a rare type may be empty before the end.
const PAGE_RECORDS_MAX: usize = 100_000;

/// A page of feedback.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FeedbackPage {
    /// Empty at the end.
    cursor: String,
    feedback: Vec<Feedback>,
}

/// Reader of all feedback between two positions.
pub struct FeedbackLog {
    model: Model,
    kind: KindFilter,
    after: Position,
    through: Position,
}

impl FeedbackLog {
    /// Reads what follows a position, as far as the live view has it now.
    pub fn new(model: &Model, after: Position, kind: KindFilter) -> Self {
        Self { model: model.clone(), kind, after, through: model.live().position() }
    }

    /// Reads the next `records` records, [`RECORDS_MAX`] at most. Returns their feedback, maybe none; `None` at the
    /// end. Events of forgotten users, of visits without a user, retracted ones and those that a rollback gave up are
    /// left out.
    pub async fn next(&mut self, records: usize) -> Result<Option<Vec<(Position, Feedback)>>, TextError> {
        if self.after >= self.through {
            return Ok(None);
        }
        let log = self.model.log();
        let page = RecordsPage { after: self.after, limit: records.min(RECORDS_MAX), user: None, item: None };
        let (records, _) = log.page(page).await?;
        self.after = records.last().map_or(self.through, |record| record.position);
        let through = self.through;
        let events: Vec<(Position, Event)> = records
            .into_iter()
            .filter(|record| record.position <= through)
            .filter_map(|record| Some((record.position, feedback_event(record.body)?)))
            .filter(|(_, event)| self.kind.admits(&event.kind, event.value.unwrap_or_default()))
            .collect();
        let positions: Vec<Position> = events.iter().map(|(position, _)| *position).collect();
        let gone = self.model.taken_back(&positions).await?;
        let events = events.into_iter().filter(|(position, _)| !gone.contains(position));
        let feedback = |(position, event): (Position, Event)| {
            let value = event.value.unwrap_or_default();
            (position, Feedback::of(&event, value))
        };
        Ok(Some(events.map(feedback).collect()))
    }

    fn cursor(&self) -> String {
        if self.after >= self.through { String::new() } else { self.after.to_string() }
    }
}

/// The event of a user who is not forgotten.
fn feedback_event(body: RecordBody) -> Option<Event> {
    body.into_event().filter(|event| event.user.as_ref().is_some_and(|user| !is_pseudonym(user.as_str())))
}

/// Lists all feedback page by page.
pub async fn all(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
) -> Result<Response, TextError> {
    page(&api, &caller, list, KindFilter::default()).await
}

/// Lists the feedback of a type, which may compare the value.
pub async fn typed(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(kind): Path<String>,
    list: ListQuery,
) -> Result<Response, TextError> {
    page(&api, &caller, list, KindFilter::parse(&kind)?).await
}

async fn page(api: &Api, caller: &Caller, list: ListQuery, kind: KindFilter) -> Result<Response, TextError> {
    let ListQuery { n, cursor, .. } = list;
    let after = match cursor.as_str() {
        "" => Position::ZERO,
        text => text.parse().map(Position::new).map_err(|_| TextError::bad("cursor is none that was given out"))?,
    };
    let mut log = FeedbackLog::new(&model(api, caller)?, after, kind);
    let (mut feedback, mut read) = (Vec::new(), 0);
    while feedback.len() < n && read < PAGE_RECORDS_MAX {
        let records = (n - feedback.len()).clamp(RECORDS_MIN, RECORDS_MAX);
        let Some(found) = log.next(records).await? else { break };
        read += records;
        for (position, one) in found {
            if feedback.len() == n {
                // The rest of what was read is for the next page.
                break;
            }
            feedback.push(one);
            if feedback.len() == n {
                log.after = position;
            }
        }
    }
    let cursor = if n == 0 { String::new() } else { log.cursor() };
    Ok(Json(FeedbackPage { cursor, feedback }).into_response())
}
