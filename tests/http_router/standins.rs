//! Models and keys that are not there, and what is asked of the router in front of them.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use futures::future::BoxFuture;
use serde_json::Value;
use shelfmark::{
    engine::{CreateModel, EngineError, Model},
    http::{Api, Audit, HttpDependencies, Keys, Limits, ProcessList, Registry, router},
};
use shelfmark_domain::{ApiKey, KeyHash, ModelName, Origin, Position, Scope, Timestamp};
use shelfmark_store::{
    audit::{AuditEntry, AuditError, NewAuditEntry},
    keys::{KeyError, NewKey, Secret},
    model_catalog::ModelCatalogError,
    processes::{ModelStanding, ProcessError, ProcessReport, SeenProcess},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// No models; looking for the one named `panic` panics.
pub struct NoModels;

impl Registry for NoModels {
    fn get(&self, name: &ModelName) -> Option<Model> {
        assert!(name.as_str() != "panic", "hunter2 in a panic");
        None
    }

    fn list(&self) -> Vec<Model> {
        Vec::new()
    }

    fn create(&self, create: CreateModel) -> BoxFuture<'_, Result<(Model, bool), EngineError>> {
        Box::pin(async move { Err(ModelCatalogError::Unknown(create.name).into()) })
    }

    fn delete(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move { Err(ModelCatalogError::Unknown(name).into()) })
    }

    fn purge(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move { Err(ModelCatalogError::Unknown(name).into()) })
    }
}

/// Keys whose secret is their name.
#[derive(Default)]
pub struct NamedKeys(Vec<ApiKey>);

impl NamedKeys {
    pub fn with(mut self, name: &str, scope: Scope, model: Option<&str>) -> Self {
        self.0.push(ApiKey {
            name: name.to_owned(),
            hash: KeyHash([0; 32]),
            scope,
            model: model.map(str::to_owned),
            created_at: Timestamp::default(),
            expires_at: None,
            origins: Vec::new(),
            requests_per_second: None,
        });
        self
    }

    /// A key for pages of one origin.
    pub fn with_page(mut self, name: &str, scope: Scope, origin: &str, requests_per_second: u32) -> Self {
        self = self.with(name, scope, Some("shop"));
        let key = self.0.last_mut().expect("just made");
        key.origins = vec![Origin::new("origin", origin).expect("an origin")];
        key.requests_per_second = Some(requests_per_second);
        self
    }
}

impl Keys for NamedKeys {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn authenticate(&self, secret: &str) -> Option<ApiKey> {
        self.0.iter().find(|key| key.name == secret).cloned()
    }

    fn allows_origin(&self, origin: &str, scope: Scope, model: &str) -> bool {
        let may = |key: &&ApiKey| key.scope == scope && key.model.as_deref() == Some(model);
        self.0.iter().filter(may).any(|key| key.origins.iter().any(|allowed| allowed.as_str() == origin))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ApiKey>, KeyError>> {
        let keys = self.0.clone();
        Box::pin(async move { Ok(keys) })
    }

    // What changes keys is tried on the real store.
    fn create<'a>(&'a self, new: &'a NewKey) -> BoxFuture<'a, Result<(Secret, ApiKey), KeyError>> {
        Box::pin(async { Err(KeyError::NameTaken(new.name.clone())) })
    }

    fn revoke<'a>(&'a self, key: &'a ApiKey) -> BoxFuture<'a, Result<(), KeyError>> {
        Box::pin(async { Err(KeyError::Last(key.name.clone())) })
    }
}

/// An audit log in memory.
#[derive(Default)]
pub struct Entries(std::sync::Mutex<Vec<AuditEntry>>);

impl Audit for Entries {
    fn begin<'a>(&'a self, entry: &'a NewAuditEntry) -> BoxFuture<'a, Result<u64, AuditError>> {
        let NewAuditEntry { actor, action, model, target, request_id } = entry.clone();
        let mut entries = self.0.lock().expect("not poisoned");
        let id = entries.len() as u64 + 1;
        let at = Timestamp::default();
        entries.push(AuditEntry { id, at, actor, action, model, target, request_id, status: None });
        Box::pin(async move { Ok(id) })
    }

    fn end(&self, id: u64, status: u16) -> BoxFuture<'_, Result<(), AuditError>> {
        let mut entries = self.0.lock().expect("not poisoned");
        entries[usize::try_from(id).expect("small") - 1].status = Some(status);
        Box::pin(async { Ok(()) })
    }

    fn list(
        &self,
        model: Option<ModelName>,
        before: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, AuditError>> {
        let entries = self.0.lock().expect("not poisoned");
        let model = model.map(|model| model.to_string());
        let found = entries.iter().rev().filter(|entry| model.is_none() || entry.model == model);
        let found = found.filter(|entry| before.is_none_or(|before| entry.id < before));
        let found: Vec<AuditEntry> = found.take(limit).cloned().collect();
        Box::pin(async move { Ok(found) })
    }
}

/// This process alone.
struct Alone;

impl ProcessList for Alone {
    fn list(&self) -> BoxFuture<'_, Result<Vec<SeenProcess>, ProcessError>> {
        let standing = |model: &str| ModelStanding {
            model: model.to_owned(),
            position: Position::ZERO,
            lag_records: 0,
            lag_ms: 0,
        };
        let report = ProcessReport {
            id: uuid::Uuid::nil(),
            address: "127.0.0.1:1".to_owned(),
            version: "1".to_owned(),
            started_at: Timestamp::default(),
            models: vec![standing("shop"), standing("other")],
        };
        Box::pin(async move { Ok(vec![SeenProcess { report, seen_ms: 0 }]) })
    }
}

/// The router, and what ends it.
pub struct Service {
    router: Router,
    pub closing: CancellationToken,
}

/// The router in front of no model.
pub fn service(keys: NamedKeys, change: impl FnOnce(&mut HttpDependencies)) -> Service {
    let closing = CancellationToken::new();
    let mut wiring = HttpDependencies {
        models: Arc::new(NoModels),
        keys: Arc::new(keys),
        audit: Arc::new(Entries::default()),
        processes: Arc::new(Alone),
        limits: Limits::default(),
        read_only: false,
        console_images: false,
        loopback: true,
        searches_full: Arc::new(|| false),
        search_cpu_time: Arc::new(|_| ()),
        metrics: Arc::new(|| "up 1\n".to_owned()),
        not_ready: Arc::new(Vec::new),
        closing: closing.clone(),
    };
    change(&mut wiring);
    Service { router: router(Api::new(wiring)), closing }
}

pub fn open() -> Service {
    service(NamedKeys::default(), |_| {})
}

pub fn guarded() -> Service {
    let keys = NamedKeys::default()
        .with("reader", Scope::Read, None)
        .with("exporter", Scope::Export, None)
        .with("writer", Scope::Write, None)
        .with("admin", Scope::Admin, None)
        .with("only-shop", Scope::Admin, Some("shop"));
    service(keys, |_| {})
}

impl Service {
    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("the router never fails")
    }

    pub async fn get(&self, path: &str) -> Response<Body> {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Sends with headers.
    pub async fn with(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }
}

pub async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Checks the form that every problem has and returns it.
pub async fn problem(response: Response<Body>, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status, "{code}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().expect("text").to_owned();
    let problem: Value = serde_json::from_str(&text(response).await).expect("JSON");
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["request_id"], id.as_str(), "{problem}");
    assert_eq!(problem["type"], format!("/docs#{code}"), "{problem}");
    for field in ["title", "detail"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    problem
}
