//! State of the handlers: handles of the other rooms.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Limits, admission::AdmissionControl, error::ApiError, page_keys::PageRates};
use crate::engine::{CreateModel, EngineError, Model, Models, Processes};
use shelfmark_domain::{ApiKey, ModelName, Scope};
use shelfmark_store::{
    audit::{AuditEntry, AuditError, AuditLog, NewAuditEntry},
    keys::{KeyError, KeyStore, NewKey, Secret},
    processes::{ProcessError, SeenProcess},
};

/// The models of this process. A seam: the router is tested without an engine.
pub trait Registry: Send + Sync + 'static {
    /// One model.
    fn get(&self, name: &ModelName) -> Option<Model>;
    /// All, by name.
    fn list(&self) -> Vec<Model>;
    /// Makes a model; `false` when it is there already, made alike.
    fn create(&self, create: CreateModel) -> BoxFuture<'_, Result<(Model, bool), EngineError>>;
    /// Deletes a model.
    fn delete(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>>;
    /// Deletes everything of a model and starts it anew.
    fn purge(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>>;
}

impl Registry for Models {
    fn get(&self, name: &ModelName) -> Option<Model> {
        Models::get(self, name)
    }

    fn list(&self) -> Vec<Model> {
        Models::list(self)
    }

    fn create(&self, create: CreateModel) -> BoxFuture<'_, Result<(Model, bool), EngineError>> {
        Box::pin(Models::create(self, create))
    }

    fn delete(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move { Models::delete(self, &name).await })
    }

    fn purge(&self, name: ModelName) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move { Models::purge(self, &name).await })
    }
}

/// The configured API keys. A seam: the router is tested without a database.
pub trait Keys: Send + Sync + 'static {
    /// Whether there is none; then only this machine may ask.
    fn is_empty(&self) -> bool;
    /// The key with this secret. Asks no database and compares in constant time.
    fn authenticate(&self, secret: &str) -> Option<ApiKey>;
    /// Whether a page of this origin may use some key that has the scope for the model.
    fn allows_origin(&self, origin: &str, scope: Scope, model: &str) -> bool;
    /// Lists all keys, ordered by name.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ApiKey>, KeyError>>;
    /// Creates a key; its secret cannot be read again.
    fn create<'a>(&'a self, new: &'a NewKey) -> BoxFuture<'a, Result<(Secret, ApiKey), KeyError>>;
    /// Revokes a key, unless it is the last one.
    fn revoke<'a>(&'a self, key: &'a ApiKey) -> BoxFuture<'a, Result<(), KeyError>>;
}

impl Keys for KeyStore {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn authenticate(&self, secret: &str) -> Option<ApiKey> {
        Self::authenticate(self, secret)
    }

    fn allows_origin(&self, origin: &str, scope: Scope, model: &str) -> bool {
        Self::allows_origin(self, origin, scope, model)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ApiKey>, KeyError>> {
        Box::pin(Self::list(self))
    }

    fn create<'a>(&'a self, new: &'a NewKey) -> BoxFuture<'a, Result<(Secret, ApiKey), KeyError>> {
        Box::pin(Self::create(self, new))
    }

    fn revoke<'a>(&'a self, key: &'a ApiKey) -> BoxFuture<'a, Result<(), KeyError>> {
        Box::pin(self.revoke_unless_last(key))
    }
}

/// The audit log. A seam: the router is tested without a database.
pub trait Audit: Send + Sync + 'static {
    /// Writes an entry for what is about to begin, and returns its number.
    fn begin<'a>(&'a self, entry: &'a NewAuditEntry) -> BoxFuture<'a, Result<u64, AuditError>>;
    /// Completes an entry with the status of the reply.
    fn end(&self, id: u64, status: u16) -> BoxFuture<'_, Result<(), AuditError>>;
    /// Lists entries, newest first: of one model or of all, and older than `before`.
    fn list(
        &self,
        model: Option<ModelName>,
        before: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, AuditError>>;
}

impl Audit for AuditLog {
    fn begin<'a>(&'a self, entry: &'a NewAuditEntry) -> BoxFuture<'a, Result<u64, AuditError>> {
        Box::pin(Self::begin(self, entry))
    }

    fn end(&self, id: u64, status: u16) -> BoxFuture<'_, Result<(), AuditError>> {
        Box::pin(Self::end(self, id, status))
    }

    fn list(
        &self,
        model: Option<ModelName>,
        before: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AuditEntry>, AuditError>> {
        Box::pin(async move { Self::list(self, model.as_ref(), before, limit).await })
    }
}

/// The processes on the database. A seam: the router is tested without a database.
pub trait ProcessList: Send + Sync + 'static {
    /// Lists this process, then the others that said something of late.
    fn list(&self) -> BoxFuture<'_, Result<Vec<SeenProcess>, ProcessError>>;
}

impl ProcessList for Processes {
    fn list(&self) -> BoxFuture<'_, Result<Vec<SeenProcess>, ProcessError>> {
        Box::pin(Self::list(self))
    }
}

/// Everything that the room is given.
#[derive(Clone)]
pub struct HttpDependencies {
    /// The models.
    pub models: Arc<dyn Registry>,
    /// The keys.
    pub keys: Arc<dyn Keys>,
    /// Who changed what.
    pub audit: Arc<dyn Audit>,
    /// The processes on the database.
    pub processes: Arc<dyn ProcessList>,
    /// Bounds.
    pub limits: Limits,
    /// Whether every write is refused.
    pub read_only: bool,
    /// Whether the console may show pictures of items from other sites.
    pub console_images: bool,
    /// Whether the listener can be reached from this machine only. Without keys nobody else is answered.
    pub loopback: bool,
    /// Whether a search that came now would be refused because of those that wait.
    pub searches_full: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Takes the CPU time that a request with a search used of the async threads, answered or not.
    pub search_cpu_time: Arc<dyn Fn(Duration) + Send + Sync>,
    /// Renders all metrics in the Prometheus text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Why the process is not ready, the models' reasons among them; empty when it is.
    pub not_ready: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Cancelled when the process begins to end: /readyz says so and new waits are refused.
    pub closing: CancellationToken,
}

/// State of the router; cheap to clone.
#[derive(Clone)]
pub struct Api {
    dependencies: Arc<HttpDependencies>,
    /// What requests hold.
    pub(super) admission: Arc<AdmissionControl>,
    /// How much the keys for pages were used.
    pub(super) page_rates: Arc<PageRates>,
}

impl Api {
    /// Wraps the handles.
    pub fn new(dependencies: HttpDependencies) -> Self {
        let admission = AdmissionControl::new(&dependencies.limits);
        Self { admission, page_rates: Arc::default(), dependencies: Arc::new(dependencies) }
    }

    /// Returns the same for another listener, which can be reached from this machine only or not.
    pub fn on_listener(&self, loopback: bool) -> Self {
        let dependencies = HttpDependencies { loopback, ..HttpDependencies::clone(&self.dependencies) };
        Self { dependencies: Arc::new(dependencies), ..self.clone() }
    }

    /// The model of a path. A name that breaks the rule of names is the name of no model.
    pub fn model(&self, name: &str) -> Result<Model, ApiError> {
        ModelName::new(name)
            .ok()
            .and_then(|name| self.models.get(&name))
            .ok_or_else(|| ApiError::ModelNotFound(name.chars().take(64).collect()))
    }
}

impl std::ops::Deref for Api {
    type Target = HttpDependencies;

    fn deref(&self) -> &HttpDependencies {
        &self.dependencies
    }
}
