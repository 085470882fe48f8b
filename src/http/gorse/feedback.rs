//! `/api/feedback`, and what users and items have of it.

use std::collections::BTreeSet;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use super::{
    PATIENCE, TextError, affected,
    items::seconds,
    keyed::{self, KindFilter, Selection, said},
    model,
    request::JsonBody,
    wait,
};
use crate::{
    engine::Model,
    http::{
        Api,
        auth::Caller,
        error::ApiError,
        ingest::{self, Patience},
        retraction::retract_event,
    },
};
use shelfmark_domain::{Event, Id, KindWeight, ModelConfig, Retraction, Timestamp};

/// Weight of a type that was not known before.
const LIKED: f32 = 1.0;
/// Weight of a type of what was shown: it counts as read, and nothing is learned from it.
const SHOWN: f32 = 0.0;

/// Feedback.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Feedback {
    #[serde(default)]
    pub feedback_type: String,
    #[serde(default)]
    pub user_id: String,
    pub item_id: String,
    #[serde(default)]
    pub value: f64,
    #[serde(default)]
    pub timestamp: Option<String>,
    #[serde(default)]
    pub updated: Option<String>,
    #[serde(default)]
    pub labels: Value,
    #[serde(default)]
    pub comment: Option<String>,
}

impl Feedback {
    /// Translates into an event. The id is made of the content, so a retry with a timestamp counts once. `attempt`
    /// tells it from events of equal content that were taken back.
    fn event(&self, attempt: u32) -> Value {
        let Self { feedback_type, user_id, item_id, value, timestamp, labels, comment, .. } = self;
        let comment = comment.as_deref().filter(|comment| !comment.is_empty());
        let mut event = json!({ "user": user_id, "item": item_id, "kind": feedback_type, "value": value });
        if comment.is_some() || !labels.is_null() {
            event["properties"] = json!({ "comment": comment, "labels": labels });
        }
        if let Some(time) = timestamp.as_deref().filter(|time| !time.is_empty() && !time.starts_with("0001-")) {
            // In the form in which it is read back, so that what was exported is known again.
            let time = Timestamp::parse(time).map_or_else(|| time.to_owned(), seconds);
            event["ts"] = time.as_str().into();
            let content = format!("{feedback_type}\n{user_id}\n{item_id}\n{time}\n{value}\n{attempt}");
            event["event_id"] = format!("gorse-{:032x}", xxh3_128(content.as_bytes())).into();
        }
        event
    }

    /// Feedback of an item that was shown to a user, as of a time after now.
    pub fn shown(kind: &str, user: &str, item: &str, delay: std::time::Duration) -> Self {
        Self {
            feedback_type: kind.to_owned(),
            user_id: user.to_owned(),
            item_id: item.to_owned(),
            value: 0.0,
            timestamp: now_after(delay),
            updated: None,
            labels: Value::Null,
            comment: None,
        }
    }

    /// The time as text.
    pub fn time(&self) -> &str {
        self.timestamp.as_deref().unwrap_or_default()
    }

    /// Translates an event back, whose value is this or was added up to it.
    pub fn of(event: &Event, value: f64) -> Self {
        let time = seconds(event.ts);
        Self {
            feedback_type: event.kind.clone(),
            user_id: event.user.as_ref().map(ToString::to_string).unwrap_or_default(),
            item_id: event.item.to_string(),
            value,
            timestamp: Some(time.clone()),
            updated: Some(time),
            labels: said(event, "labels"),
            comment: Some(said(event, "comment").as_str().unwrap_or_default().to_owned()),
        }
    }
}

/// Adds feedback; the value is added to that of the same type, user and item.
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(feedback): JsonBody<Vec<Feedback>>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    Box::pin(append(&model, &caller, &feedback, PATIENCE)).await?;
    Ok(affected(feedback.len()))
}

/// Sets feedback: what the same type, user and item had is taken back.
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(feedback): JsonBody<Vec<Feedback>>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    // Nothing is taken back for feedback that cannot be set.
    know_kinds(&model, &feedback, LIKED).await?;
    let events: Vec<Value> = feedback.iter().map(|one| one.event(0)).collect();
    ingest::checked_events(&model, &caller, &events, PATIENCE).await?;
    for Feedback { feedback_type, user_id, item_id, .. } in &feedback {
        let kind = KindFilter::exactly(feedback_type.clone());
        Box::pin(take_back(&model, &caller, &selection(user_id, item_id, kind)?)).await?;
    }
    Box::pin(append(&model, &caller, &feedback, PATIENCE)).await?;
    Ok(affected(feedback.len()))
}

/// Gives types that are not known yet a weight: types come into being by use.
async fn know_kinds(model: &Model, feedback: &[Feedback], weight: f32) -> Result<(), TextError> {
    let kinds: BTreeSet<&str> = feedback.iter().map(|one| one.feedback_type.as_str()).collect();
    let known = model.config();
    let new: Vec<String> =
        kinds.into_iter().filter(|kind| !known.kinds.contains_key(*kind)).map(str::to_owned).collect();
    if new.is_empty() {
        return Ok(());
    }
    model
        .configure(move |config| {
            let mut config: ModelConfig = config.clone();
            config.kinds.extend(new.into_iter().map(|kind| (kind, KindWeight::Constant(weight))));
            config.check()?;
            Ok(config)
        })
        .await?;
    Ok(())
}

/// Appends feedback. New types get the weight of what is liked.
pub async fn append(
    model: &Model,
    caller: &Caller,
    feedback: &[Feedback],
    patience: Patience,
) -> Result<(), TextError> {
    know_kinds(model, feedback, LIKED).await?;
    append_known(model, caller, feedback, patience).await
}

/// Appends feedback of what was shown. New types get no weight.
pub async fn append_shown(model: &Model, caller: &Caller, feedback: &[Feedback]) -> Result<(), TextError> {
    know_kinds(model, feedback, SHOWN).await?;
    append_known(model, caller, feedback, PATIENCE).await
}

async fn append_known(
    model: &Model,
    caller: &Caller,
    feedback: &[Feedback],
    patience: Patience,
) -> Result<(), TextError> {
    let mut left: Vec<&Feedback> = feedback.iter().collect();
    for attempt in 0..Retraction::ATTEMPTS_MAX {
        let events: Vec<Value> = left.iter().map(|one| one.event(attempt)).collect();
        let gone = ingest::append_events(model, caller, &events, patience).await?;
        // Equal ones that were taken back stand in the log: these are new.
        left = gone.into_iter().filter_map(|place| left.get(place).copied()).collect();
        if left.is_empty() {
            return Ok(());
        }
    }
    Err(TextError::new(StatusCode::CONFLICT, "equal feedback was taken back too often"))
}

fn selection(user: &str, item: &str, kind: KindFilter) -> Result<Selection, TextError> {
    Ok(Selection { user: Some(Id::new("UserId", user)?), item: Some(Id::new("ItemId", item)?), kind })
}

async fn list(api: &Api, caller: &Caller, selection: Selection) -> Result<Vec<Feedback>, TextError> {
    let keyed = keyed::read(&model(api, caller)?, &selection).await?;
    Ok(keyed.iter().map(|one| Feedback::of(&one.event, one.value)).collect())
}

/// Takes back all feedback that is selected. Returns how many keys.
async fn take_back(model: &Model, caller: &Caller, selection: &Selection) -> Result<usize, TextError> {
    let keyed = keyed::read(model, selection).await?;
    for id in keyed.iter().flat_map(|one| &one.event_ids) {
        match Box::pin(retract_event(model, caller, id, &wait())).await {
            // The live state does not hold what a rollback gave up.
            Ok(_) | Err(ApiError::EventRolledBack(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(keyed.len())
}

/// Reads the feedback of a user for an item.
pub async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((user, item)): Path<(String, String)>,
) -> Result<Response, TextError> {
    Ok(Json(list(&api, &caller, selection(&user, &item, KindFilter::default())?).await?).into_response())
}

/// Reads the feedback of a type, of a user for an item; `{}` when there is none.
pub async fn get_typed(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((kind, user, item)): Path<(String, String, String)>,
) -> Result<Response, TextError> {
    let kind = KindFilter::exactly(kind);
    let found = list(&api, &caller, selection(&user, &item, kind)?).await?.into_iter().next();
    Ok(found.map_or_else(|| "{}".into_response(), |found| Json(found).into_response()))
}

/// Takes back the feedback of a user for an item.
pub async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((user, item)): Path<(String, String)>,
) -> Result<Response, TextError> {
    let selection = selection(&user, &item, KindFilter::default())?;
    Ok(affected(Box::pin(take_back(&model(&api, &caller)?, &caller, &selection)).await?))
}

/// Takes back the feedback of a type, of a user for an item.
pub async fn delete_typed(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((kind, user, item)): Path<(String, String, String)>,
) -> Result<Response, TextError> {
    let selection = selection(&user, &item, KindFilter::exactly(kind))?;
    Ok(affected(Box::pin(take_back(&model(&api, &caller)?, &caller, &selection)).await?))
}

/// Lists the feedback of a user, of all types or of those that a type with a comparison admits.
pub async fn of_user(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(listed): Path<Listed>,
) -> Result<Response, TextError> {
    let (user, kind) = (Some(Id::new("UserId", &listed.id)?), listed.kind()?);
    Ok(Json(list(&api, &caller, Selection { user, kind, ..Selection::default() }).await?).into_response())
}

/// Lists the feedback for an item, likewise.
pub async fn of_item(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(listed): Path<Listed>,
) -> Result<Response, TextError> {
    let (item, kind) = (Some(Id::new("ItemId", &listed.id)?), listed.kind()?);
    Ok(Json(list(&api, &caller, Selection { item, kind, ..Selection::default() }).await?).into_response())
}

/// Path of a list of feedback.
#[derive(Deserialize)]
pub struct Listed {
    id: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Listed {
    fn kind(&self) -> Result<KindFilter, TextError> {
        self.kind.as_deref().map_or_else(|| Ok(KindFilter::default()), KindFilter::parse)
    }
}

/// The time of now, in the form of feedback.
pub fn now_after(delay: std::time::Duration) -> Option<String> {
    let micros = i64::try_from(delay.as_micros()).ok()?;
    Timestamp::from_micros(Timestamp::now().micros().checked_add(micros)?).map(seconds)
}
