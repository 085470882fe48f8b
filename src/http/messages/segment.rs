//! `POST /v1/models/{model}/ingest/segment`.

use std::{collections::HashMap, sync::Arc};

use axum::{Extension, body::Body, extract::State, http::HeaderMap};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{check_count, object};
use crate::http::{
    Api,
    auth::Caller,
    body, decode,
    error::ApiError,
    ingest::{self, EntryContext, MessageRun, MessageSummary, ParsedEntry, WaitFor, WaitQuery},
    off_worker,
    params::{Params, Segments},
    paths::ModelPath,
    problem::Problem,
    profiles,
    read_options::live_view,
};
use shelfmark_datasets::messages::{MessageEvent, Said, SegmentRules, segment};
use shelfmark_domain::{FieldError, FieldResult, Id, NewRecord, ProfilePatch, RecordBody, UserProfile, text_within};
use shelfmark_serving::View;

/// Longest list of traits in the address, in bytes.
const TRAITS_BYTES_MAX: usize = 1024;
/// What a message is called in errors.
const BATCH: &str = "batch";

/// One message, or a batch of up to 10,000. Fields that are not named here are passed over.
#[derive(ToSchema)]
#[schema(example = json!({"batch": [{"type": "track", "event": "Product Viewed", "messageId": "m1", "anonymousId": "a1",
    "timestamp": "2026-11-23T10:00:00Z", "properties": {"product_id": "i9", "price": 24.5}}]}))]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct SegmentBody {
    /// Messages, in order.
    #[schema(max_items = 10_000, value_type = Option<Vec<Object>>)]
    batch: Option<Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Option<Vec<&'a RawValue>>,
}

/// Query parameters of Segment's messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SegmentQuery {
    /// What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
    /// records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
    #[serde(default)]
    #[param(inline, required = false)]
    wait: WaitFor,
    /// Longest wait for `applied`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
    /// Names of the traits that become labels, with commas between them. Left out, all do but those that name somebody.
    #[param(max_length = 1024, example = "plan,country")]
    traits: Option<String>,
}

/// Takes messages of Segment's specification, which RudderStack and others send too.
///
/// `track` becomes an event for each product, `page` and `screen` a view of the product that they name, `identify` labels
/// of the user, and `alias` a merge. `userId` is the user and `anonymousId` the session. `messageId` becomes the id of the
/// event, so a retry is harmless. What nothing is made of is counted in `ignored`, with the reason. Of several the valid
/// messages are taken and the others named by index. When none is taken it is a 422 (`nothing_taken`).
#[utoipa::path(
    post, path = "/v1/models/{model}/ingest/segment", tag = "events", operation_id = "ingest_segment",
    params(ModelPath, SegmentQuery),
    request_body = SegmentBody,
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
    Params(query): Params<SegmentQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<MessageSummary, ApiError> {
    let SegmentQuery { wait, timeout_ms, traits } = query;
    let (wait, traits) = (WaitQuery { wait, timeout_ms }, traits.map(|names| trait_names(&names)).transpose()?);
    let model = api.model(&path.model)?;
    ingest::check_messages(&model, &wait).await?;
    body::format(&headers, false)?;
    let text = body::whole(&headers, body, caller.body_bytes_max(&api.limits)).await?;
    let view = live_view(&model).await?;
    let arrival = ingest::arrival(&model, &caller);
    let run = off_worker(text.len(), move || messages(&text, &arrival, view, traits.as_deref())).await??;
    Box::pin(ingest::append_messages(&model, run, BATCH, &wait)).await
}

fn trait_names(names: &str) -> FieldResult<Vec<String>> {
    text_within("traits", names, TRAITS_BYTES_MAX)?;
    Ok(names.split(',').map(|name| name.trim().to_owned()).collect())
}

/// Translates a body.
fn messages(
    text: &Bytes,
    arrival: &EntryContext,
    view: Arc<View>,
    traits: Option<&[String]>,
) -> Result<MessageRun, ApiError> {
    let Batch { batch } = decode::json(text)?;
    let alone: &RawValue;
    let batch = match batch {
        Some(batch) => batch,
        None => {
            alone = decode::json_value(text)?;
            vec![alone]
        }
    };
    check_count(BATCH, batch.len())?;
    let config = &arrival.config;
    let rules = SegmentRules { is_kind: &|kind| config.kinds.contains_key(kind), traits };
    let mut run = MessageRun::new(arrival.clone());
    let mut profiles = Profiles { view, changed: HashMap::new() };
    for raw in batch {
        run.begin();
        match object(raw).and_then(|message| segment(&message, &rules)) {
            Ok(translated) => {
                for said in translated.said {
                    statement(&mut run, said, raw, &mut profiles)?;
                }
                translated.errors.into_iter().for_each(|error| run.reject(error));
                translated.ignored.into_iter().for_each(|why| run.ignore(why));
            }
            Err(error) => run.reject(error),
        }
    }
    Ok(run)
}

/// Adds what a message says.
fn statement(run: &mut MessageRun, said: Said, raw: &RawValue, profiles: &mut Profiles) -> Result<(), ApiError> {
    let own = |body| Ok(ParsedEntry { record: NewRecord::own(body), made_id: None });
    match said {
        Said::Event(event) => run.event(&event_text(&event)?),
        Said::Merge(merge) => run.entry(own(RecordBody::Merge(merge))),
        Said::Labels { user, labels } => run.entry(profiles.update(&user, labels, raw).and_then(own)),
    }
    Ok(())
}

fn event_text(event: &MessageEvent) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(event).map_err(|error| ApiError::Malformed { detail: error.to_string() })
}

/// What is known of users: what the live view knows, and what earlier messages of the request say.
struct Profiles {
    view: Arc<View>,
    changed: HashMap<Id, UserProfile>,
}

impl Profiles {
    /// Makes a checked update of labels that were read from `raw`.
    fn update(
        &mut self,
        user: &str,
        labels: serde_json::Map<String, serde_json::Value>,
        raw: &RawValue,
    ) -> FieldResult<RecordBody> {
        let user = Id::new("userId", user)?;
        let given = serde_json::Value::Object([("labels".to_owned(), labels.into())].into_iter().collect());
        let patch: ProfilePatch = serde_json::from_value(given)
            .map_err(|error| FieldError::new("traits", "invalid_value", error.to_string()))?;
        let update = patch.of(user.clone(), false);
        profiles::check_exact(&update, raw.get().as_bytes())?;
        let inference = self.view.inference();
        let known = || inference.users.get(user.as_str()).and_then(|row| inference.profile(row)).cloned();
        let before = self.changed.get(&user).cloned().or_else(known).unwrap_or_default();
        let after = update.applied(&before);
        after.check()?;
        self.changed.insert(user, after);
        Ok(RecordBody::UpdateProfile(Box::new(update)))
    }
}
