//! The one page of routes: who may call what.

use axum::{Router, http::StatusCode, middleware::from_fn_with_state, routing};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Api,
    auth::{self, Caller},
    compare, compression, configuration, embeddings,
    error::ApiError,
    events, export, freezing, guard, history, imports, items, learning, learning_stream,
    middleware::frame,
    model_lifecycle, models, openapi, operations, pages, recommendations, rollback, service, serving, similar, users,
    versions,
};
use crate::domain::Scope;

/// Open to everybody.
fn open() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(service::live))
        .routes(routes!(service::ready))
        .routes(routes!(pages::about))
}

/// Needs scope read.
fn read() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(models::list))
        .routes(routes!(models::get))
        .routes(routes!(events::list))
        .routes(routes!(events::get))
        .routes(routes!(items::get))
        .routes(routes!(users::get))
        .routes(routes!(users::erasures))
        .routes(routes!(embeddings::item))
        .routes(routes!(embeddings::user))
        .routes(routes!(embeddings::many))
        .routes(routes!(history::item))
        .routes(routes!(history::user))
        .routes(routes!(imports::rows))
        .routes(routes!(recommendations::single::post))
        .routes(routes!(recommendations::single::for_user))
        .routes(routes!(recommendations::batch::post))
        .routes(routes!(recommendations::rank::post))
        .routes(routes!(similar::get))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(compare::get))
        .routes(routes!(export::get))
        .routes(routes!(rollback::deployments))
        .routes(routes!(operations::list))
        .routes(routes!(operations::get))
        .routes(routes!(serving::get))
        .routes(routes!(guard::get))
        .routes(routes!(learning::get))
        .routes(routes!(learning::series))
        .routes(routes!(learning::rows))
        .routes(routes!(learning::bias))
        .routes(routes!(learning_stream::get))
        .routes(routes!(service::metrics))
}

/// Needs scope write.
fn write() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(events::append))
        .routes(routes!(items::put_many))
        .routes(routes!(items::put, items::remove))
}

/// Needs scope admin.
fn admin() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(model_lifecycle::put, model_lifecycle::delete))
        .routes(routes!(configuration::patch))
        .routes(routes!(imports::post))
        .routes(routes!(versions::take))
        .routes(routes!(versions::relabel, versions::delete))
        .routes(routes!(rollback::rollback))
        .routes(routes!(rollback::unpin))
        .routes(routes!(operations::cancel))
        .routes(routes!(users::forget))
        .routes(routes!(serving::put))
        .routes(routes!(guard::put, guard::delete))
        .routes(routes!(guard::rearm))
        .routes(routes!(freezing::freeze))
        .routes(routes!(freezing::resume))
}

/// All documented routes, each group behind its scope.
pub fn documented() -> OpenApiRouter<Api> {
    let behind = |scope| from_fn_with_state(scope, auth::require);
    open()
        .merge(read().route_layer(behind(Scope::Read)))
        .merge(write().route_layer(behind(Scope::Write)))
        .merge(admin().route_layer(behind(Scope::Admin)))
}

/// The whole service.
pub fn router(api: Api) -> Router {
    let (router, _) = documented().split_for_parts();
    let compression = api.limits.compress_bytes_min.map(compression::layer);
    let router = router
        .route("/", routing::get(pages::landing))
        .route("/docs", routing::get(pages::docs))
        .route("/openapi.json", routing::get(pages::openapi))
        .route("/favicon.ico", routing::get(StatusCode::NO_CONTENT))
        .fallback(nothing)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(from_fn_with_state(api.clone(), frame))
        .with_state(api);
    match compression {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

/// Nothing at this path; who has no key does not learn what there is.
async fn nothing(axum::Extension(caller): axum::Extension<Caller>) -> ApiError {
    match caller {
        Caller::Unknown(why) => ApiError::Unauthorized(why),
        Caller::Anonymous | Caller::Key(_) => ApiError::RouteNotFound,
    }
}
