//! Routes in groups: what there is, who may call it, and what is shed first under overload.

use axum::{
    Router,
    handler::Handler,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    routing::{self, options},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Api, audit,
    auth::Caller,
    compare, compression, configuration, console, cross_origin, embeddings, entity_tag,
    error::ApiError,
    events, export, forensics, freezing, gorse, guard, history, imports, items, keys, learning, learning_stream, map,
    messages::{cloud_events, segment},
    middleware::{self, Admission, Load, Policy},
    modalities, model_lifecycle, models, offsets, operations, pages, processes, profiles, recommendations, retraction,
    rollback, service, serving, similar, users, versions,
};
use shelfmark_domain::Scope;

/// A group of routes with one policy.
struct Group {
    policy: Policy,
    routes: OpenApiRouter<Api>,
}

impl Group {
    fn new(policy: Policy, routes: OpenApiRouter<Api>) -> Self {
        Self { policy, routes }
    }
}

/// Probes, open to everybody.
fn probes() -> Group {
    let routes = OpenApiRouter::new().routes(routes!(service::live)).routes(routes!(service::ready));
    Group::new(Policy { scope: None, load: Load::Probe }, routes)
}

/// What is open to everybody besides probes.
fn open() -> Group {
    Group::new(Policy { scope: None, load: Load::Bounded }, OpenApiRouter::new().routes(routes!(pages::about)))
}

/// Metrics: a probe that needs scope read.
fn metrics() -> Group {
    let routes = OpenApiRouter::new().routes(routes!(service::metrics));
    Group::new(Policy { scope: Some(Scope::Read), load: Load::Probe }, routes)
}

/// Searches of a view: need scope read, and are shed first under overload.
fn searches() -> Group {
    let routes =
        OpenApiRouter::new().routes(routes!(recommendations::batch::post)).routes(routes!(recommendations::rank::post));
    Group::new(Policy { scope: Some(Scope::Read), load: Load::Shed }, routes)
}

/// Searches that pages may ask for: need scope recommend, which every scope that reads includes.
fn page_searches() -> Group {
    let routes = OpenApiRouter::new()
        .routes(routes!(recommendations::single::post))
        .routes(routes!(recommendations::single::for_user))
        .routes(routes!(similar::get));
    Group::new(Policy { scope: Some(Scope::Recommend), load: Load::Shed }, routes)
}

/// Appends of events, which pages may make: need scope ingest, which scope write includes.
fn page_writes() -> Group {
    let routes = OpenApiRouter::new().routes(routes!(events::append));
    Group::new(Policy { scope: Some(Scope::Ingest), load: Load::Bounded }, routes)
}

/// Whether pages of other origins may ask for the above: browsers want to know without a key. In no OpenAPI document.
fn preflights() -> Group {
    let routes = OpenApiRouter::new()
        .route("/v1/models/{model}/events", options(cross_origin::preflight_ingest))
        .route("/v1/models/{model}/recommendations", options(cross_origin::preflight_recommend))
        .route("/v1/models/{model}/users/{id}/recommendations", options(cross_origin::preflight_recommend))
        .route("/v1/models/{model}/items/{id}/similar", options(cross_origin::preflight_recommend));
    Group::new(Policy { scope: None, load: Load::Bounded }, routes)
}

/// Other reads: need scope read.
fn reads() -> Group {
    let routes = OpenApiRouter::new()
        .routes(routes!(models::list))
        .routes(routes!(processes::list))
        .routes(routes!(models::get))
        .routes(routes!(items::list))
        .routes(routes!(items::get))
        .routes(routes!(users::get))
        .routes(routes!(users::erasures))
        .routes(routes!(embeddings::item))
        .routes(routes!(embeddings::user))
        .routes(routes!(embeddings::many))
        .routes(routes!(history::item))
        .routes(routes!(history::user))
        .routes(routes!(map::get))
        .routes(routes!(map::follow))
        .routes(routes!(imports::rows))
        .routes(routes!(offsets::list))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(compare::get))
        .routes(routes!(rollback::deployments))
        .routes(routes!(operations::list))
        .routes(routes!(operations::get))
        .routes(routes!(serving::get))
        .routes(routes!(guard::get))
        .routes(routes!(learning::get))
        .routes(routes!(learning::series))
        .routes(routes!(learning::rows))
        .routes(routes!(learning::bias))
        .routes(routes!(learning::terms))
        .routes(routes!(forensics::compare))
        .routes(routes!(learning_stream::get));
    Group::new(Policy { scope: Some(Scope::Read), load: Load::Bounded }, routes)
}

/// Reads of what names all users: need scope export.
fn exports() -> Group {
    let routes = OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(events::get))
        .routes(routes!(export::get))
        .routes(routes!(users::list));
    Group::new(Policy { scope: Some(Scope::Export), load: Load::Bounded }, routes)
}

/// Writes: need scope write.
fn writes() -> Group {
    let routes = OpenApiRouter::new()
        .routes(routes!(segment::post))
        .routes(routes!(cloud_events::post))
        .routes(routes!(retraction::retract))
        .routes(routes!(items::put_many, items::patch_many))
        .routes(routes!(items::put, items::patch, items::remove))
        .routes(routes!(profiles::put, profiles::patch))
        .routes(routes!(users::merge));
    Group::new(Policy { scope: Some(Scope::Write), load: Load::Bounded }, routes)
}

/// Administration: needs scope admin. What changes something goes into the audit log.
fn admin() -> Group {
    let routes = OpenApiRouter::new()
        .routes(routes!(audit::list))
        .routes(routes!(keys::list))
        .routes(routes!(keys::put, keys::delete))
        .routes(routes!(model_lifecycle::put, model_lifecycle::delete))
        .routes(routes!(configuration::patch))
        .routes(routes!(imports::post))
        .routes(routes!(versions::take))
        .routes(routes!(versions::relabel, versions::delete))
        .routes(routes!(rollback::rollback))
        .routes(routes!(rollback::unpin))
        .routes(routes!(operations::cancel))
        .routes(routes!(users::forget))
        .routes(routes!(modalities::reset))
        .routes(routes!(serving::put))
        .routes(routes!(guard::put, guard::delete))
        .routes(routes!(guard::rearm))
        .routes(routes!(freezing::freeze))
        .routes(routes!(freezing::resume));
    Group::new(Policy { scope: Some(Scope::Admin), load: Load::Bounded }, routes)
}

fn groups() -> Vec<Group> {
    let own = [
        probes(),
        open(),
        metrics(),
        searches(),
        page_searches(),
        page_writes(),
        preflights(),
        reads(),
        exports(),
        writes(),
        admin(),
    ];
    let gorse = gorse::routes().into_iter().map(|(policy, routes)| Group::new(policy, routes.into()));
    own.into_iter().chain(gorse).collect()
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let merge = |all: OpenApiRouter<Api>, group: Group| all.merge(group.routes);
    let all = groups().into_iter().fold(OpenApiRouter::with_openapi(super::openapi::base()), merge);
    super::openapi::completed(all.into_openapi())
}

/// The whole service.
pub fn router(api: Api) -> Router {
    let layer = |policy| from_fn_with_state(Admission { api: api.clone(), policy }, middleware::handle);
    let public = layer(Policy { scope: None, load: Load::Bounded });
    let pages = Router::new()
        .route("/", routing::get(pages::landing))
        .route("/docs", routing::get(pages::docs))
        .route("/console", routing::get(console::to_folder))
        .route("/console/", routing::get(console::index))
        .route("/console/{*path}", routing::get(console::file))
        .route("/openapi.json", routing::get(pages::openapi))
        .route("/favicon.ico", routing::get(StatusCode::NO_CONTENT))
        .route_layer(public.clone());
    let router = groups()
        .into_iter()
        .map(|Group { policy, routes }| {
            let routes = Router::from(routes);
            let routes = match policy.scope {
                Some(Scope::Admin) => routes.route_layer(from_fn_with_state(api.clone(), audit::record)),
                Some(Scope::Read | Scope::Recommend) => routes.route_layer(from_fn(entity_tag::tag)),
                Some(Scope::Export | Scope::Write | Scope::Ingest) | None => routes,
            };
            routes.route_layer(layer(policy))
        })
        .fold(pages, Router::merge)
        .fallback(route_not_found.layer(public.clone()))
        .method_not_allowed_fallback(method_not_allowed.layer(public));
    let compression = api.limits.compress_bytes_min.map(compression::layer);
    let router = router.with_state(api);
    match compression {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

/// Probes and metrics alone, for a listener of their own.
pub fn admin_router(api: Api) -> Router {
    let layer = |policy| from_fn_with_state(Admission { api: api.clone(), policy }, middleware::handle);
    let unknown = Policy { scope: None, load: Load::Probe };
    [probes(), metrics()]
        .into_iter()
        .map(|group| Router::from(group.routes).route_layer(layer(group.policy)))
        .fold(Router::new(), Router::merge)
        .fallback(route_not_found.layer(layer(unknown)))
        .method_not_allowed_fallback(method_not_allowed.layer(layer(unknown)))
        .with_state(api)
}

/// Answers where there is no route; who has no key does not learn what there is.
async fn route_not_found(axum::Extension(caller): axum::Extension<Caller>) -> ApiError {
    match caller {
        Caller::Unknown(why) => ApiError::Unauthorized(why),
        Caller::Anonymous | Caller::Key(_) => ApiError::RouteNotFound,
    }
}

/// Answers where a route has other methods only.
async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
