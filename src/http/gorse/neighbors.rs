//! Neighbours of items and users, by the cosine of their vectors.

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{
    N_MAX, TextError, model,
    recommend::{Read, Score, filter},
    request::{ListQuery, OneId},
};
use crate::{
    engine::Model,
    http::{Api, auth::Caller, cpu_pool::off_worker, error::ApiError, read_options::ReadOptions},
};
use shelfmark_domain::Id;

/// Passes over all users that are made at once. Others wait, within the bounds of requests.
static SCANS: Semaphore = Semaphore::const_new(4);

/// The id of a path after the name of a list. Names are those of Gorse's configuration: there is one ranking here.
#[derive(Deserialize)]
pub struct NamedId {
    id: String,
}

/// Lists the items most like an item.
pub async fn of_item(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(OneId { id }): Path<OneId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    items(&api, &caller, &id, &list).await
}

/// Lists the items most like an item, under a name.
pub async fn of_item_named(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(NamedId { id }): Path<NamedId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    items(&api, &caller, &id, &list).await
}

async fn items(api: &Api, caller: &Caller, id: &str, list: &ListQuery) -> Result<Response, TextError> {
    let model = model(api, caller)?;
    let id = Id::new("ItemId", id)?;
    let view = ReadOptions::default().view(&model).await?;
    let read = Read::of(&view, list);
    let limit = list.n.saturating_add(list.offset).saturating_add(read.len()).clamp(1, N_MAX);
    let found = model.similar(view, id, limit, filter(&list.categories)).await?;
    let items = found.into_iter().filter(|item| !read.has(&item.id)).skip(list.offset).take(list.n);
    let scores: Vec<Score> = items.map(|item| Score::new(&item.id, item.score.into())).collect();
    Ok(Json(scores).into_response())
}

/// Lists the users most like a user.
pub async fn of_user(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(OneId { id }): Path<OneId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    users(&model(&api, &caller)?, id, list).await
}

/// Lists the users most like a user, under a name.
pub async fn of_user_named(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(NamedId { id }): Path<NamedId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    users(&model(&api, &caller)?, id, list).await
}

async fn users(model: &Model, id: String, list: ListQuery) -> Result<Response, TextError> {
    Id::new("UserId", &id)?;
    let view = model.live();
    let work = view.inference().users.len() * view.inference().config.dim * size_of::<f32>();
    let _turn = SCANS.acquire().await.map_err(|error| ApiError::Internal(error.to_string()))?;
    let wanted = list.n.saturating_add(list.offset);
    let found = off_worker(work, move || view.similar_users(&id, wanted)).await?;
    let scores = found.iter().skip(list.offset).map(|(id, cosine)| Score::new(id, f64::from(*cosine)));
    Ok(Json(scores.collect::<Vec<_>>()).into_response())
}
