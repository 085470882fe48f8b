//! Neighbours of items and users, by the cosine of their vectors.

use std::cmp::Reverse;

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
    users::known,
};
use crate::{
    engine::Model,
    http::{Api, auth::Caller, cpu_pool::off_worker, error::ApiError, read_options::ReadOptions},
};
use shelfmark_domain::Id;
use shelfmark_serving::View;
use shelfmark_state::dot;

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
    let scores = off_worker(work, move || nearest_users(&view, &id, &list)).await?;
    Ok(Json(scores).into_response())
}

/// Compares the learned row of a user with all others. One of whom nothing is learned has no neighbours, and is none.
fn nearest_users(view: &View, id: &str, list: &ListQuery) -> Vec<Score> {
    let rows = &view.inference().parameters.users;
    let norm = |vector: &[f32]| dot(vector, vector).sqrt();
    let Some(row) = view.inference().users.get(id).filter(|row| (*row as usize) < rows.len()) else {
        return Vec::new();
    };
    let vector = rows.row(row as usize);
    let length = norm(vector);
    if length <= 0.0 || list.n == 0 {
        return Vec::new();
    }
    let cosine = |other: u32| {
        let other = rows.row(other as usize);
        let product = length * norm(other);
        (product > 0.0).then(|| dot(vector, other) / product)
    };
    let others = known(view).filter(|(other, _)| *other != row && (*other as usize) < rows.len());
    let mut found: Vec<(Reverse<u32>, u32, f32)> =
        others.filter_map(|(other, _)| cosine(other).map(|cosine| (Reverse(ordered(cosine)), other, cosine))).collect();
    let wanted = list.n.saturating_add(list.offset).min(found.len());
    if wanted < found.len() {
        found.select_nth_unstable_by_key(wanted, |(order, other, _)| (*order, *other));
        found.truncate(wanted);
    }
    found.sort_unstable_by_key(|(order, other, _)| (*order, *other));
    let named = found.into_iter().skip(list.offset);
    named.map(|(_, other, cosine)| Score::new(view.inference().users.id(other), cosine.into())).collect()
}

/// A number that is greater for a greater cosine.
fn ordered(cosine: f32) -> u32 {
    let bits = cosine.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_cosines_have_greater_numbers() {
        let cosines = [-1.0, -0.5, -0.0, 0.25, 0.5, 1.0];
        assert!(cosines.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
