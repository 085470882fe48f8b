//! `/api/recommend` and the lists that are for nobody in particular.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    N_MAX, TextError,
    feedback::{self, Feedback},
    items::time,
    model,
    request::{JsonBody, ListQuery, OneId},
    users,
};
use crate::{
    engine::Model,
    http::{Api, auth::Caller, cpu_pool::off_worker, error::ApiError, read_options::ReadOptions},
};
use shelfmark_domain::{ExcludeSeen, Filter, Id, Labels, Query, Scope, Subject, Timestamp};
use shelfmark_serving::View;

/// Bytes of work that an item counts as, in a pass over all of them.
const ITEM_BYTES: usize = 256;

/// An item with its score.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Score {
    id: String,
    score: f64,
}

impl Score {
    /// Makes an entry of a list.
    pub fn new(id: &Id, score: f64) -> Self {
        Self { id: id.to_string(), score }
    }
}

/// Items that a list leaves out because the user of `user-id` has read them, as far as the history reaches.
pub struct Read(BTreeSet<Id>);

impl Read {
    /// Looks up the history of the user that a list names.
    pub fn of(view: &View, list: &ListQuery) -> Self {
        let inference = view.inference();
        let Some(actor) = list.user.as_deref().and_then(|user| inference.user(user)) else {
            return Self(BTreeSet::new());
        };
        let remembered = inference.history(actor).remembered(&inference.history_kinds());
        let items = remembered.map(|(item, _)| inference.catalog.id(item).clone());
        Self(items.take(Query::EXCLUDE_MAX).collect())
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is one of them.
    pub fn has(&self, item: &Id) -> bool {
        self.0.contains(item)
    }
}

/// Only items of all of these categories.
pub fn filter(categories: &[String]) -> Filter {
    let all = Labels { all: Some(categories.to_vec()), ..Labels::default() };
    Filter { categories: Some(all), ..Filter::default() }
}

/// Answers a query with items and scores, without the first `offset`.
async fn scores(model: &Model, subject: Subject, list: &ListQuery, seen: ExcludeSeen) -> Result<Vec<Score>, TextError> {
    if list.n == 0 {
        return Ok(Vec::new());
    }
    let reader = if let Subject::User(id) = &subject { Some(id.as_str()) } else { None };
    let view = ReadOptions::default().view_for(model, reader).await?;
    let limit = list.n.saturating_add(list.offset).min(N_MAX);
    let exclude = Read::of(&view, list).0.into_iter().collect();
    let query = Query {
        filter: filter(&list.categories),
        exclude,
        exclude_seen: seen,
        ..Query::new(subject, limit, Timestamp::now())
    };
    let found = model.recommend(view, query).await?;
    let items = found.items.into_iter().skip(list.offset);
    Ok(items.map(|item| Score::new(&item.id, item.score.into())).collect())
}

/// Returns the view that answers nobody in particular.
async fn served(api: &Api, caller: &Caller) -> Result<Arc<View>, TextError> {
    Ok(ReadOptions::default().view(&model(api, caller)?).await?)
}

/// Recommends items to a user, without those of their feedback.
pub async fn user(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(OneId { id }): Path<OneId>,
    list: ListQuery,
    headers: HeaderMap,
) -> Result<Response, TextError> {
    Box::pin(recommend(&api, &caller, &id, list, &headers)).await
}

async fn recommend(
    api: &Api,
    caller: &Caller,
    user: &str,
    list: ListQuery,
    headers: &HeaderMap,
) -> Result<Response, TextError> {
    if list.write_back.is_some() {
        // A read that appends is a write.
        caller.check(Scope::Write, None)?;
        if api.read_only {
            return Err(ApiError::ReadOnly.into());
        }
    }
    let model = model(api, caller)?;
    let id = Id::new("UserId", user)?;
    let view = ReadOptions::default().view_for(&model, Some(user)).await?;
    let has_events = view.inference().user(user).is_some_and(|actor| view.inference().history(actor).total() > 0);
    let mut found = Vec::new();
    if !has_events && view.inference().users.get(user).is_none_or(|row| view.inference().profile(row).is_none()) {
        // Of somebody of whom nothing is known, Gorse shows the latest items.
        found = newest(&view, &list).await?;
    }
    if found.is_empty() {
        found = scores(&model, Subject::User(id), &list, ExcludeSeen::All).await?;
    }
    if let Some(kind) = &list.write_back {
        let shown = found.iter().map(|score| Feedback::shown(kind, user, &score.id, list.delay)).collect::<Vec<_>>();
        feedback::append_shown(&model, caller, &shown).await?;
    }
    if headers.get("x-api-version").is_some_and(|version| version == "2") {
        return Ok(Json(found).into_response());
    }
    Ok(Json(found.into_iter().map(|score| score.id).collect::<Vec<_>>()).into_response())
}

/// Recommends items to a visit: the items of its feedback, oldest first.
pub async fn session(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
    JsonBody(mut feedback): JsonBody<Vec<Feedback>>,
) -> Result<Response, TextError> {
    feedback.sort_by(|one, other| one.time().cmp(other.time()));
    let newest = feedback.len().saturating_sub(Query::SESSION_MAX);
    let items = feedback[newest..].iter().map(|one| Id::new("ItemId", &one.item_id)).collect::<Result<Vec<_>, _>>()?;
    let model = model(&api, &caller)?;
    Ok(Json(scores(&model, Subject::Session(items), &list, ExcludeSeen::All).await?).into_response())
}

/// Lists what is popular.
pub async fn popular(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
) -> Result<Response, TextError> {
    Ok(Json(scores(&model(&api, &caller)?, Subject::Nobody, &list, ExcludeSeen::No).await?).into_response())
}

/// Lists the latest items; the score is the time in seconds since 1970.
pub async fn latest(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
) -> Result<Response, TextError> {
    Ok(Json(newest(&served(&api, &caller).await?, &list).await?).into_response())
}

/// Lists by one of the two rules that there are.
pub async fn non_personalized(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    list: ListQuery,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let found = match name.as_str() {
        "latest" => newest(&served(&api, &caller).await?, &list).await?,
        "popular" => scores(&model, Subject::Nobody, &list, ExcludeSeen::No).await?,
        _ => return Err(TextError::new(StatusCode::NOT_FOUND, format!("no list is named {name}"))),
    };
    Ok(Json(found).into_response())
}

/// The items with the newest times, of these categories.
async fn newest(view: &Arc<View>, list: &ListQuery) -> Result<Vec<Score>, TextError> {
    let (view, categories, offset, n) = (Arc::clone(view), list.categories.clone(), list.offset, list.n);
    let read = Read::of(&view, list);
    let work = view.inference().catalog.len() * ITEM_BYTES;
    let found = off_worker(work, move || {
        let catalog = &view.inference().catalog;
        let admitted = view.matching(&filter(&categories));
        let rows = (0..u32::try_from(catalog.len()).unwrap_or(u32::MAX)).filter(|row| {
            catalog.entry(*row).recommendable()
                && !read.has(catalog.id(*row))
                && admitted.as_ref().is_none_or(|admitted| admitted.contains(*row))
        });
        let timed = rows.filter_map(|row| Some((Timestamp::parse(time(&catalog.entry(row).item)?)?, row)));
        let mut timed: Vec<(Reverse<Timestamp>, u32)> = timed.map(|(at, row)| (Reverse(at), row)).collect();
        timed.sort_unstable();
        let score = |(at, row): (Reverse<Timestamp>, u32)| {
            Score::new(catalog.id(row), at.0.seconds_since(Timestamp::default()))
        };
        timed.into_iter().skip(offset).take(n).map(score).collect()
    });
    Ok(found.await?)
}

/// Recommends by the model alone: a user of whom nothing is known gets nothing.
pub async fn collaborative(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(OneId { id }): Path<OneId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let id = Id::new("UserId", &id)?;
    let view = ReadOptions::default().view_for(&model, Some(id.as_str())).await?;
    if users::user(&view, id.as_str()).is_none() {
        return Ok(Json(Vec::<Score>::new()).into_response());
    }
    Ok(Json(scores(&model, Subject::User(id), &list, ExcludeSeen::All).await?).into_response())
}
