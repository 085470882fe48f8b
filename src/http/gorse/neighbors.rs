//! Neighbours of items and users, by the cosine of their vectors. A name in the path is that of a list in Gorse's
//! configuration: there is one ranking here.

use axum::{
    Extension, Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use super::{
    N_MAX, TextError, model,
    recommend::{Read, Score, filter},
    request::{ListQuery, OneId},
};
use crate::http::{Api, auth::Caller, cpu_pool::off_worker, error::ApiError, read_options::ReadOptions};
use shelfmark_domain::Id;

/// Passes over all users that are made at once. Others wait, within the bounds of requests.
static SCANS: Semaphore = Semaphore::const_new(4);

/// Lists the items most like an item.
pub async fn of_item(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(OneId { id }): Path<OneId>,
    list: ListQuery,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let id = Id::new("ItemId", &id)?;
    let view = ReadOptions::default().view(&model).await?;
    let read = Read::of(&view, &list);
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
    let model = model(&api, &caller)?;
    Id::new("UserId", &id)?;
    let view = model.live();
    let work = view.inference().users.len() * view.inference().config.dim * size_of::<f32>();
    let turn = SCANS.acquire().await.map_err(|error| ApiError::Internal(error.to_string()))?;
    let wanted = list.n.saturating_add(list.offset);
    let scan = move || {
        // A pass goes on when its client goes away, so it keeps its turn itself.
        let _turn = turn;
        view.similar_users(&id, wanted)
    };
    let found = off_worker(work, scan).await?;
    let scores = found.iter().skip(list.offset).map(|(id, cosine)| Score::new(id, f64::from(*cosine)));
    Ok(Json(scores.collect::<Vec<_>>()).into_response())
}
