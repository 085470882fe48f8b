//! `/v1/models/{model}/events`.

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    admission::run_report,
    auth::Caller,
    error::ApiError,
    event_shown,
    ingest::{
        self, AppendRequest, AppendResponse, AppendSummary, EntryKind, EventIn, LagBound, OffsetIn, WaitFor, WaitQuery,
    },
    paging,
    params::{self, Params, Segments},
    paths::{IdPath, ModelPath},
    problem::Problem,
    read_options::{ReadOptions, with_state_headers},
};
use crate::engine::TracedEvent;
use shelfmark_domain::{Event, Id, Position, Record, RecordBody, Scope, Timestamp};
use shelfmark_monitor::health::Trace;

/// One event or up to 10,000.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub enum EventsBody<'a> {
    /// One event.
    One(#[serde(borrow)] EventIn<'a>),
    /// A batch.
    Batch(#[serde(borrow)] EventsBatch<'a>),
}

/// Up to 10,000 events.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct EventsBatch<'a> {
    /// The events, in order.
    #[serde(borrow)]
    #[schema(max_items = 10_000)]
    events: Vec<EventIn<'a>>,
    /// How far partitions of a stream outside, such as a topic of Kafka, were read. Committed in the same transaction as the
    /// events, which are then taken all or none; without events, alone. Needs scope `write`.
    #[serde(default)]
    #[schema(max_items = 1_000)]
    offsets: Vec<OffsetIn>,
}

/// Query parameters of an append of events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AppendEventsQuery {
    /// What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
    /// records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
    #[serde(default)]
    #[param(inline, required = false)]
    wait: WaitFor,
    /// Longest wait for `applied`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
    /// `true` for an import: events are taken however far learning is behind. Needs scope `admin`.
    #[serde(default)]
    #[param(required = false)]
    bulk: bool,
}

/// Appends events.
///
/// Takes one event, `{"events": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one event
/// a line, appended as it arrives. The answer comes after the commit: what it counts as accepted survives a crash of
/// the service and of its database. Of a batch the valid events are taken and the others named by index. When none is
/// taken it is a 422 with the same counts (`nothing_taken`). A bad event posted alone is a 422, one whose id stands for
/// another body a 409. With `offsets` the events are taken all or none, in one transaction with the offsets; when other
/// offsets are stored than the request begins at, it is a 409 that names those (`offset_conflict`). A full queue is a 429, and so are events while learning is too far behind: send again later.
#[utoipa::path(
    post, path = "/v1/models/{model}/events", tag = "events", operation_id = "append_events",
    params(ModelPath, AppendEventsQuery),
    request_body(content((EventsBody = "application/json"), (EventIn = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 409, description = "An event with this id and another body exists (`conflict`); other offsets are stored (`offset_conflict`), or too many (`too_many_partitions`)", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The append queue is full (`queue_full`), or learning is too far behind (`learner_behind`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn append(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<AppendEventsQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let AppendEventsQuery { wait, timeout_ms, bulk } = query;
    let wait = WaitQuery { wait, timeout_ms };
    let model = api.model(&path.model)?;
    if bulk {
        // It sets aside a bound that protects everybody.
        caller.check(Scope::Admin, Some(&path.model))?;
    }
    let lag = if bulk { LagBound::Waived } else { LagBound::Held };
    let sent = AppendRequest { lag, caller: &caller, headers: &headers, body };
    ingest::append(&model, &api.limits, EntryKind::Events, &wait, sent).await
}

/// Query parameters of a page of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    /// `next_cursor` of the page before; the first page when left out.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    cursor: Option<Position>,
    /// Only records after this position: another name of `cursor`.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    after: Option<Position>,
    /// Maximum number of records, 1 to 1,000; 100 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Only events of this user.
    user: Option<String>,
    /// Only events with, and records of, this item.
    item: Option<String>,
    /// Answer when the view stands at this position or later.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// A record with its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordOut {
    /// Position in the log.
    position: Position,
    /// Time of the commit.
    appended_at: Timestamp,
    /// Name of the API key that it came in with; absent without keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Id>,
    /// What it says: `type` is `event`, `put_item`, `patch_item`, `remove_item`, `put_vector`, `merge`, `retract`,
    /// `update_profile`, `reset_modality`, `restore`, `configure` or `forget`; an event's fields follow.
    #[serde(flatten, serialize_with = "event_shown::body")]
    #[schema(value_type = Object)]
    body: RecordBody,
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordsOut {
    /// Oldest first.
    records: Vec<RecordOut>,
    /// `cursor` of the next page; null at the end of the log. With `user` or `item` a page may have fewer records than
    /// `limit`, even none, before that end.
    next_cursor: Option<Position>,
    /// The same under its earlier name.
    next_after: Option<Position>,
}

/// Pages through the log, oldest first.
///
/// With `user` or `item` the log is searched for about a quarter of a second at most. Go on with `next_after` until it is
/// null.
#[utoipa::path(
    get, path = "/v1/models/{model}/events", tag = "events", operation_id = "list_events",
    params(ModelPath, RecordsQuery),
    responses((status = 200, description = "A page", body = RecordsOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<RecordsQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = params::limit("limit", query.limit, 100, 1000)?;
    let id = |field: &str, text: Option<String>| text.map(|text| Id::new(field, &text)).transpose();
    let page = shelfmark_log::RecordsPage {
        after: paging::one_of(query.cursor, ("after", query.after))?.unwrap_or_default(),
        limit,
        user: id("user", query.user)?,
        item: id("item", query.item)?,
    };
    let at = ReadOptions::new(None, query.min_position, query.timeout_ms)?;
    let view = at.view(&model).await?;
    let (records, next_cursor) = model.log().page(page).await?;
    let records = records.into_iter().map(RecordOut::from).collect();
    Ok(with_state_headers(&view, Json(RecordsOut { records, next_cursor, next_after: next_cursor })))
}

impl From<Record> for RecordOut {
    fn from(record: Record) -> Self {
        let Record { position, appended_at, source, body } = record;
        Self { position, appended_at, source, body }
    }
}

/// An event with its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOut {
    /// Position in the log.
    position: Position,
    /// The event.
    #[serde(flatten, serialize_with = "event_shown::event")]
    event: Event,
    /// Effects of the event; only with `trace=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceOut>,
}

/// What an event did, found by learning the records around it again.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceOut {
    /// The step that learned it.
    #[serde(flatten)]
    trace: Trace,
    /// Position of the state that the replay began from.
    replayed_after: Position,
    /// Position of the last record that was replayed.
    replayed_through: Position,
}

impl From<TracedEvent> for TraceOut {
    fn from(traced: TracedEvent) -> Self {
        let TracedEvent { trace, replayed } = traced;
        Self { trace, replayed_after: replayed.after, replayed_through: replayed.through }
    }
}

/// Query parameters of one event.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Also say what the event did: its step, the rows that it moved, the neighbours of its item.
    #[serde(default)]
    trace: bool,
    /// Answer when the view stands at this position or later.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Reads one event by its id.
///
/// With `trace=true` the log is learned again beside the learner, from the nearest state before the event, in memory or
/// stored, through the event's append: about a second for a recent event, up to 45 s for one long after a version. One at a time
/// with diffs and reports. When no state lies within 1,000,000 records before the event, or the time does not suffice, it is
/// a 409 (`trace_not_available`).
#[utoipa::path(
    get, path = "/v1/models/{model}/events/{id}", tag = "events", operation_id = "get_event",
    params(IdPath, EventQuery),
    responses(
        (status = 200, description = "The event", body = EventOut),
        (status = 404, description = "No such event (`event_not_found`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No state is near enough to trace it from (`trace_not_available`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<EventQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let id = Id::new("event_id", &path.id)?;
    let at = ReadOptions::new(None, query.min_position, query.timeout_ms)?;
    let view = at.view(&model).await?;
    let (position, event) =
        model.log().find_event(&id).await?.ok_or(ApiError::NotFound { what: "event", id: path.id })?;
    let trace = if query.trace {
        let (traced, of) = (model.clone(), event.clone());
        let report = Box::pin(async move { traced.trace(position, of).await });
        Some(run_report(model.name(), report).await??.into())
    } else {
        None
    };
    Ok(with_state_headers(&view, Json(EventOut { position, event, trace })))
}
