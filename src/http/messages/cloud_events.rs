//! `POST /v1/models/{model}/ingest/cloudevents`.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{check_count, object};
use crate::http::{
    Api,
    auth::Caller,
    body, decode,
    error::ApiError,
    ingest::{self, EntryContext, MessageRun, MessageSummary, WaitQuery},
    off_worker,
    params::{Params, Segments},
    paths::ModelPath,
    problem::Problem,
};
use shelfmark_datasets::messages::cloud_event;

/// What a message is called in errors.
const EVENTS: &str = "events";
/// Media type of one event.
const ONE: &str = "application/cloudevents+json";
/// Media type of a batch.
const BATCH: &str = "application/cloudevents-batch+json";

/// An event of CloudEvents 1.0. Other attributes are passed over.
#[derive(ToSchema)]
#[schema(example = json!({"specversion": "1.0", "id": "42", "source": "/shop/web", "type": "com.example.click",
    "subject": "i9", "time": "2026-11-23T10:00:00Z", "data": {"user": "u1"}}))]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct CloudEvent {
    /// `1.0`.
    specversion: String,
    /// Id of the event at its source. Source and id together are the `event_id`.
    id: String,
    /// Where it happened.
    source: String,
    /// Kind of event, or a name whose last part is one, such as `com.example.click`.
    r#type: String,
    /// Id of the item, where `data` has none.
    subject: Option<String>,
    /// Time of the event, where `data` has none.
    #[schema(format = DateTime)]
    time: Option<String>,
    /// Fields of an event, as `POST /events` takes them, but for `event_id`.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Takes events of the CloudEvents specification, one or up to 10,000 as a list.
///
/// `data` has the fields of an event. `type` says its kind, `subject` its item and `time` its time where `data` does not.
/// Source and id together become the id of the event, so a retry is harmless. Structured mode only. Of several the valid
/// events are taken and the others named by index. When none is taken it is a 422 (`nothing_taken`).
#[utoipa::path(
    post, path = "/v1/models/{model}/ingest/cloudevents", tag = "events", operation_id = "ingest_cloudevents",
    params(ModelPath, WaitQuery),
    request_body(content((CloudEvent = "application/cloudevents+json"), (Vec<CloudEvent> = "application/cloudevents-batch+json"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = MessageSummary),
        (status = 202, description = "Durable", body = MessageSummary),
        (status = 429, description = "The append queue is full (`queue_full`), or learning is too far behind (`learner_behind`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<MessageSummary, ApiError> {
    let model = api.model(&path.model)?;
    ingest::check_messages(&model, &wait).await?;
    let many = is_batch(&headers)?;
    let text = body::whole(&headers, body, caller.body_bytes_max(&api.limits)).await?;
    let arrival = ingest::arrival(&model, &caller);
    let run = off_worker(text.len(), move || events(&text, many, arrival)).await??;
    Box::pin(ingest::append_messages(&model, run, EVENTS, &wait)).await
}

/// Whether the content type is that of a batch.
fn is_batch(headers: &HeaderMap) -> Result<bool, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(BATCH) {
        return Ok(true);
    }
    if kind.eq_ignore_ascii_case(ONE) {
        return Ok(false);
    }
    Err(ApiError::MediaType { expected: "application/cloudevents+json or application/cloudevents-batch+json" })
}

/// Translates a body.
fn events(text: &Bytes, many: bool, arrival: EntryContext) -> Result<MessageRun, ApiError> {
    let events: Vec<&RawValue> = if many { decode::json_list(text)? } else { vec![decode::json_value(text)?] };
    check_count(EVENTS, events.len())?;
    let config = arrival.config.clone();
    let is_kind = |kind: &str| config.kinds.contains_key(kind);
    let mut run = MessageRun::new(arrival);
    for raw in events {
        run.begin();
        match object(raw).and_then(|event| cloud_event(&event, &is_kind)) {
            Ok(fields) => run.event(serde_json::Value::Object(fields).to_string().as_bytes()),
            Err(error) => run.reject(error),
        }
    }
    Ok(run)
}
