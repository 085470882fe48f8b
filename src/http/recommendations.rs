//! `/v1/models/{model}/recommendations` and its short form for a user.

use std::{borrow::Cow, sync::Arc};

use axum::{Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, body,
    error::ApiError,
    params::{self, Params, Segments},
    paths::{IdPath, ModelPath},
    reading::{Answered, At, Pick, stamped},
};
use crate::{
    domain::{
        Event, ExcludeSeen, Fallback, FieldError, FieldResult, Id, Position, Query, Recommendations, ScoredItem,
        Subject, Timestamp, text_within,
    },
    engine::Model,
    serving::View,
};

/// Items when the caller names no number.
const LIMIT_DEFAULT: usize = 20;
/// Longest vector that is read.
const VECTOR_MAX: usize = 4096;
/// Fields of the contract that come with later releases.
const LATER: &[&str] = &["filter", "diversity", "position"];

/// For whom, how many, and which not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "u1", "limit": 20, "exclude_seen": ["purchase"], "with": ["item"]}))]
pub struct RecommendationsBody {
    /// A user, by their history. With `session` or `session_id` beside it, that one is used when the user is unknown.
    user: Option<String>,
    /// Items of a visit, oldest first; at most 1,000.
    session: Option<Vec<String>>,
    /// A session, by the id in its events.
    session_id: Option<String>,
    /// A vector of the model's dimension. Alone.
    vector: Option<Vec<f32>>,
    /// Circumstances as in events, such as `device:mobile` or `query:running shoes`; at most 32. Those that no event has
    /// named say nothing.
    #[serde(default)]
    context: Vec<String>,
    /// How many, 1 to 1,000; 20 when left out.
    limit: Option<usize>,
    /// Items never wanted; at most 10,000.
    #[serde(default)]
    exclude: Vec<String>,
    /// Leave out items of the subject's history: all, none (default), or those met by some kinds of event.
    #[serde(default)]
    exclude_seen: Seen,
    /// A version's number or label, or `live`; what is served when left out.
    #[schema(value_type = Option<String>)]
    version: Option<Pick>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    timeout_ms: Option<u64>,
    /// What to add to each item: `item` (metadata), `embedding`.
    #[serde(default)]
    with: Vec<String>,
}

/// Which of the subject's own items are left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "true, false or a list of kinds")]
pub enum Seen {
    /// All or none.
    All(bool),
    /// Those met by one of these kinds of event.
    Kinds(Vec<String>),
}

impl Default for Seen {
    fn default() -> Self {
        Self::All(false)
    }
}

/// Query parameters of the short form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecommendationsQuery {
    /// How many, 1 to 1,000; 20 when left out.
    limit: Option<usize>,
    /// `true`, `false`, or kinds of event with commas between them.
    exclude_seen: Option<String>,
    /// `item`, `embedding` or both with a comma between them.
    with: Option<String>,
    /// A version's number or label, or `live`; what is served when left out.
    #[param(value_type = Option<String>)]
    version: Option<Pick>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    timeout_ms: Option<u64>,
}

/// Items, best first, all scored by one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationsOut {
    /// Send it back in the events that follow from these items: it says which arm of a split made the list.
    recommendation_id: String,
    /// Position of the state.
    position: Position,
    /// What answered.
    version: Answered,
    /// Why the answer is less personal than asked for; null when it is not.
    fallback: Option<Fallback>,
    /// Best first.
    items: Vec<ScoredItem>,
}

/// Recommends items for a user, a session, a vector, or (with none of them) for nobody in particular.
///
/// A user never seen is no error: the session given along is used, or what is popular, and `fallback` says so.
#[utoipa::path(
    post, path = "/v1/models/{model}/recommendations", tag = "recommendations", operation_id = "recommend",
    params(ModelPath),
    request_body = RecommendationsBody,
    responses((status = 200, description = "Items, best first", body = RecommendationsOut))
)]
pub async fn post(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let asked = body::json(&headers, body, api.limits.body_bytes_max, LATER).await?;
    answer(&model, asked).await
}

/// Recommends items for a user.
#[utoipa::path(
    get, path = "/v1/models/{model}/users/{id}/recommendations", tag = "recommendations", operation_id = "recommend_for_user",
    params(IdPath, RecommendationsQuery),
    responses((status = 200, description = "Items, best first", body = RecommendationsOut))
)]
pub async fn for_user(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<RecommendationsQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let list = |text: String| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    let exclude_seen = match query.exclude_seen.as_deref() {
        None | Some("false") => Seen::All(false),
        Some("true") => Seen::All(true),
        Some(kinds) => Seen::Kinds(list(kinds.to_owned())),
    };
    let asked = RecommendationsBody {
        user: Some(path.id),
        limit: query.limit,
        exclude_seen,
        version: query.version,
        min_position: query.min_position,
        timeout_ms: query.timeout_ms,
        with: query.with.map(list).unwrap_or_default(),
        ..RecommendationsBody::default()
    };
    answer(&model, asked).await
}

async fn answer(model: &Model, asked: RecommendationsBody) -> Result<Response, ApiError> {
    let at = At::new(asked.version.clone(), asked.min_position, asked.timeout_ms)?;
    let unique = uuid::Uuid::now_v7();
    let (query, instead) = queries(asked)?;
    // The second half of the id is random.
    let seed = unique.as_u64_pair().1;
    let query = Query { seed, ..query };
    let view = at.view_for(model, Some(&reader(&query.subject, seed))).await?;
    let found = search(model, &view, query, instead).await?;
    // A list that was asked of a state by name is nobody's arm.
    let recommendation_id = match at.version {
        None => model.recommended(&view, seed).text(model.name()),
        Some(_) => unique.to_string(),
    };
    let out = RecommendationsOut {
        recommendation_id,
        position: view.position(),
        version: Answered::of(&view),
        fallback: found.fallback,
        items: found.items,
    };
    Ok(stamped(&view, Json(out)))
}

/// Whose arm of a split answers: the user's, else the session's, else that of this one request.
fn reader(subject: &Subject, seed: u64) -> Cow<'_, str> {
    match subject {
        Subject::User(id) | Subject::SessionId(id) => Cow::Borrowed(id.as_str()),
        Subject::Session(_) | Subject::Vector(_) | Subject::Nobody => Cow::Owned(format!("{seed:016x}")),
    }
}

/// Asks for the user first, and for the session given along only when the user is unknown: from the same view.
async fn search(
    model: &Model,
    view: &Arc<View>,
    query: Query,
    instead: Option<Subject>,
) -> Result<Recommendations, ApiError> {
    let Some(subject) = instead else {
        return Ok(model.recommend(Arc::clone(view), query).await?);
    };
    let second = Query { subject, ..query.clone() };
    let found = model.recommend(Arc::clone(view), query).await?;
    if found.fallback.is_none() {
        return Ok(found);
    }
    let mut found = model.recommend(Arc::clone(view), second).await?;
    found.fallback = found.fallback.or(Some(Fallback::Session));
    Ok(found)
}

/// Checks what was asked; the second part is the session to use when the user is unknown.
fn queries(asked: RecommendationsBody) -> FieldResult<(Query, Option<Subject>)> {
    let (with_item, with_embedding) = additions(&asked.with)?;
    if asked.exclude.len() > Query::EXCLUDE_MAX {
        return Err(too_many("exclude", asked.exclude.len(), Query::EXCLUDE_MAX));
    }
    let exclude_seen = match asked.exclude_seen {
        Seen::All(false) => ExcludeSeen::No,
        Seen::All(true) => ExcludeSeen::All,
        Seen::Kinds(kinds) if kinds.len() > crate::domain::ModelConfig::KINDS_MAX => {
            return Err(too_many("exclude_seen", kinds.len(), crate::domain::ModelConfig::KINDS_MAX));
        }
        Seen::Kinds(kinds) => ExcludeSeen::Kinds(kinds),
    };
    if asked.context.len() > Event::CONTEXT_MAX {
        return Err(too_many("context", asked.context.len(), Event::CONTEXT_MAX));
    }
    for (index, entry) in asked.context.iter().enumerate() {
        text_within(&format!("context[{index}]"), entry, Event::CONTEXT_BYTES_MAX)?;
    }
    if asked.vector.is_some() && !asked.context.is_empty() {
        return Err(FieldError::new("context", "ambiguous", "a vector stands alone, without context"));
    }
    let (subject, instead) = subjects(asked.user, asked.session, asked.session_id, asked.vector)?;
    let query = Query {
        subject,
        limit: params::limit("limit", asked.limit, LIMIT_DEFAULT, Query::LIMIT_MAX)?,
        exclude: ids("exclude", &asked.exclude)?,
        exclude_seen,
        context: asked.context,
        seed: 0,
        at: Timestamp::now(),
        with_item,
        with_embedding,
    };
    Ok((query, instead))
}

fn subjects(
    user: Option<String>,
    session: Option<Vec<String>>,
    session_id: Option<String>,
    vector: Option<Vec<f32>>,
) -> FieldResult<(Subject, Option<Subject>)> {
    let user = user.map(|user| Id::new("user", &user)).transpose()?;
    let visit = match (session, session_id) {
        (Some(_), Some(_)) => {
            return Err(FieldError::new("session_id", "ambiguous", "give session or session_id, not both"));
        }
        (Some(items), None) if items.len() > Query::SESSION_MAX => {
            return Err(too_many("session", items.len(), Query::SESSION_MAX));
        }
        (Some(items), None) => Some(Subject::Session(ids("session", &items)?)),
        (None, Some(id)) => Some(Subject::SessionId(Id::new("session_id", &id)?)),
        (None, None) => None,
    };
    match (user, visit, vector) {
        (None, None, Some(vector)) if vector.len() > VECTOR_MAX => Err(too_many("vector", vector.len(), VECTOR_MAX)),
        (None, None, Some(vector)) => Ok((Subject::Vector(vector), None)),
        (_, _, Some(_)) => Err(FieldError::new("vector", "ambiguous", "stands alone, without user or session")),
        (Some(user), instead, None) => Ok((Subject::User(user), instead)),
        (None, Some(visit), None) => Ok((visit, None)),
        (None, None, None) => Ok((Subject::Nobody, None)),
    }
}

fn additions(with: &[String]) -> FieldResult<(bool, bool)> {
    let (mut item, mut embedding) = (false, false);
    for name in with {
        match name.as_str() {
            "item" => item = true,
            "embedding" => embedding = true,
            "explanation" => {
                return Err(FieldError::new("with", "not_supported", "this release does not support explanations"));
            }
            _ => {
                let detail = format!("{:?} is not among item, embedding", name.chars().take(64).collect::<String>());
                return Err(FieldError::new("with", "invalid_value", detail));
            }
        }
    }
    Ok((item, embedding))
}

fn ids(field: &str, texts: &[String]) -> FieldResult<Vec<Id>> {
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            Id::new(field, text).map_err(|error| FieldError { field: format!("{field}[{index}]"), ..error })
        })
        .collect()
}

fn too_many(field: &str, count: usize, max: usize) -> FieldError {
    FieldError::new(field, "too_many", format!("at most {max}, has {count}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::decode;

    fn asked(text: &str) -> Result<(Query, Option<Subject>), ApiError> {
        let body: RecommendationsBody = decode::json(text.as_bytes(), LATER)?;
        Ok(queries(body)?)
    }

    fn refused(text: &str) -> (String, &'static str) {
        match asked(text) {
            Err(ApiError::Invalid(errors)) => (errors[0].field.clone(), errors[0].code),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_subject_is_read_and_a_session_beside_a_user_is_kept_for_the_unknown() {
        let id = |text| Id::new("id", text).expect("valid");
        let (query, instead) = asked(r#"{"user":"u","session":["a","b"],"exclude_seen":["cart"]}"#).expect("valid");
        assert_eq!(query.subject, Subject::User(id("u")));
        assert_eq!(instead, Some(Subject::Session(vec![id("a"), id("b")])));
        assert_eq!(query.exclude_seen, ExcludeSeen::Kinds(vec!["cart".to_owned()]));
        assert_eq!(query.limit, 20);
        let subject = |text| asked(text).expect("valid").0.subject;
        assert_eq!(subject("{}"), Subject::Nobody);
        assert_eq!(subject(r#"{"vector":[1,2.5]}"#), Subject::Vector(vec![1.0, 2.5]));
        assert_eq!(subject(r#"{"session_id":"s"}"#), Subject::SessionId(id("s")));
    }

    #[test]
    fn what_cannot_be_answered_is_refused_by_name_and_never_ignored() {
        for (text, field, code) in [
            (r#"{"user":"u","filter":{}}"#, "filter", "not_supported"),
            (r#"{"user":"u","diversity":0.5}"#, "diversity", "not_supported"),
            (r#"{"user":"u","context":["a",""]}"#, "context[1]", "empty"),
            (r#"{"vector":[1],"context":["a"]}"#, "context", "ambiguous"),
            (r#"{"user":"u","with":["explanation"]}"#, "with", "not_supported"),
            (r#"{"user":"u","with":["price"]}"#, "with", "invalid_value"),
            (r#"{"user":"u","colour":1}"#, "colour", "unknown_field"),
            (r#"{"user":"u","limit":0}"#, "limit", "out_of_range"),
            (r#"{"user":"u","limit":1001}"#, "limit", "out_of_range"),
            (r#"{"user":"u","vector":[1]}"#, "vector", "ambiguous"),
            (r#"{"session":["a",""]}"#, "session[1]", "empty"),
            (r#"{"session":["a"],"session_id":"s"}"#, "session_id", "ambiguous"),
            (r#"{"user":"u","exclude_seen":"all"}"#, "exclude_seen", "invalid_value"),
        ] {
            assert_eq!(refused(text), (field.to_owned(), code), "{text}");
        }
    }
}
