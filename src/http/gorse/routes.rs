//! Routes in groups. They are documented apart, so they are in no OpenAPI document.

use axum::{
    Router,
    routing::{delete, get, patch, post, put},
};

use super::{bulk, feedback, feedback_log, health, items, neighbors, purge, recommend, users};
use crate::http::{
    Api,
    middleware::{Load, Policy},
};
use shelfmark_domain::Scope;

/// All routes, each group with its policy.
pub fn routes() -> [(Policy, Router<Api>); 7] {
    let policy = |scope, load| Policy { scope, load };
    let read = Some(Scope::Read);
    [
        (policy(None, Load::Probe), probes()),
        (policy(read, Load::Shed), searches()),
        (policy(read, Load::Bounded), reads()),
        (policy(Some(Scope::Export), Load::Bounded), exports()),
        (policy(Some(Scope::Write), Load::Bounded), writes()),
        (policy(Some(Scope::Write), Load::Streamed), imports()),
        (policy(Some(Scope::Admin), Load::Bounded), admin()),
    ]
}

fn probes() -> Router<Api> {
    Router::new().route("/api/health/live", get(health::live)).route("/api/health/ready", get(health::ready))
}

/// Searches. Old clients put an empty category behind a slash.
fn searches() -> Router<Api> {
    Router::new()
        .route("/api/recommend/{id}", get(recommend::user))
        .route("/api/recommend/{id}/", get(recommend::user))
        .route("/api/recommend/{id}/{category}", get(recommend::user))
        .route("/api/collaborative-filtering/{id}", get(recommend::collaborative))
        .route("/api/collaborative-filtering/{id}/", get(recommend::collaborative))
        .route("/api/collaborative-filtering/{id}/{category}", get(recommend::collaborative))
        .route("/api/session/recommend", post(recommend::session))
        .route("/api/session/recommend/", post(recommend::session))
        .route("/api/session/recommend/{category}", post(recommend::session))
        .route("/api/popular", get(recommend::popular))
        .route("/api/popular/", get(recommend::popular))
        .route("/api/popular/{category}", get(recommend::popular))
        .route("/api/latest", get(recommend::latest))
        .route("/api/latest/", get(recommend::latest))
        .route("/api/latest/{category}", get(recommend::latest))
        .route("/api/non-personalized/{name}", get(recommend::non_personalized))
        .route("/api/non-personalized/{name}/", get(recommend::non_personalized))
        .route("/api/item/{id}/neighbors", get(neighbors::of_item))
        .route("/api/item/{id}/neighbors/", get(neighbors::of_item))
        .route("/api/item/{id}/neighbors/{category}", get(neighbors::of_item))
        .route("/api/item-to-item/{name}/{id}", get(neighbors::of_item))
        .route("/api/item-to-item/{name}/{id}/", get(neighbors::of_item))
}

/// Reads of items and single users.
fn reads() -> Router<Api> {
    Router::new()
        .route("/api/user/{id}", get(users::get))
        .route("/api/items", get(items::list))
        .route("/api/item/{id}", get(items::get))
}

/// Reads of what names users.
fn exports() -> Router<Api> {
    Router::new()
        .route("/api/users", get(users::list))
        .route("/api/user/{id}/feedback", get(feedback::of_user))
        .route("/api/user/{id}/feedback/{type}", get(feedback::of_user))
        .route("/api/item/{id}/feedback", get(feedback::of_item))
        .route("/api/item/{id}/feedback/{type}", get(feedback::of_item))
        .route("/api/feedback", get(feedback_log::all))
        .route("/api/feedback/{a}", get(feedback_log::typed))
        .route("/api/feedback/{a}/{b}", get(feedback::get))
        .route("/api/feedback/{a}/{b}/{c}", get(feedback::get_typed))
        .route("/api/user/{id}/neighbors", get(neighbors::of_user))
        .route("/api/user/{id}/neighbors/", get(neighbors::of_user))
        .route("/api/user-to-user/{name}/{id}", get(neighbors::of_user))
        .route("/api/user-to-user/{name}/{id}/", get(neighbors::of_user))
        .route("/api/bulk/{table}", get(bulk::export))
        .route("/api/dump", get(bulk::dump_all))
}

fn writes() -> Router<Api> {
    Router::new()
        .route("/api/user", post(users::post))
        .route("/api/users", post(users::post_many))
        .route("/api/user/{id}", patch(users::patch))
        .route("/api/item", post(items::post))
        .route("/api/items", post(items::post_many))
        .route("/api/item/{id}", patch(items::patch).delete(items::delete))
        .route("/api/item/{id}/category/{category}", put(items::add_category).delete(items::remove_category))
        .route("/api/feedback", post(feedback::post).put(feedback::put))
        .route("/api/feedback/{a}/{b}", delete(feedback::delete))
        .route("/api/feedback/{a}/{b}/{c}", delete(feedback::delete_typed))
}

/// Writes that take as long as their bodies.
fn imports() -> Router<Api> {
    Router::new().route("/api/bulk/{table}", post(bulk::import)).route("/api/restore", post(bulk::restore))
}

/// Who deletes a user erases one.
fn admin() -> Router<Api> {
    Router::new().route("/api/user/{id}", delete(users::delete)).route("/api/purge", post(purge::purge))
}
