//! `/v1/models`.

use axum::{Extension, Json, extract::State, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    error::ApiError,
    params::{Params, Segments},
    paths::ModelPath,
    read_options::{FreshnessQuery, ReadOptions, with_state_headers},
};
use crate::engine::{ModelStatus, TableFootprint};
use shelfmark_domain::{Digest, ForkOrigin, ModelConfig, Position, Served};

/// Where a model stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelOut {
    /// Its name.
    model: String,
    /// Last position of the log.
    head: Position,
    /// Where the live view stands.
    position: Position,
    /// `head - position`.
    lag_records: u64,
    /// Age of the oldest committed record that the live view does not hold; 0 without lag.
    lag_ms: u64,
    /// Digest of the live state: its tables, histories and counters, not its position.
    digest: Digest,
    /// What readers get; of a split the arm with the largest share.
    served: Served,
    /// Whether learning is frozen.
    frozen: bool,
    /// How much the live view holds.
    counts: CountsOut,
    /// What that takes in this process.
    memory: MemoryOut,
    /// Where it was forked from; null for a model that began empty.
    fork: Option<ForkOrigin>,
    /// Its configuration, with every setting.
    #[schema(value_type = ModelConfig)]
    config: serde_json::Map<String, serde_json::Value>,
    /// Numeric fingerprint of the process: states of equal fingerprints are comparable bit by bit.
    fingerprint: String,
}

/// How much a model holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsOut {
    /// Users with an event. A fork counts from its base's on, here and below.
    users: u64,
    /// Items, by event or metadata.
    items: u64,
    /// Events applied.
    events: u64,
    /// Versions kept.
    versions: u64,
}

/// What the live state takes in memory, as counted from its tables; see the manual for what the process takes besides.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemoryOut {
    /// Bytes of all tables.
    bytes: u64,
    /// Figures of each table.
    tables: Vec<TableFootprint>,
}

impl From<ModelStatus> for ModelOut {
    fn from(status: ModelStatus) -> Self {
        let bytes = status.memory.iter().map(|table| table.bytes).sum();
        Self {
            model: status.model,
            head: status.head,
            position: status.position,
            lag_records: status.lag_records,
            lag_ms: status.lag_ms,
            digest: status.digest,
            served: status.served,
            frozen: !status.config.learning,
            counts: CountsOut {
                users: status.counts.users,
                items: status.counts.items,
                events: status.counts.events,
                versions: status.versions,
            },
            memory: MemoryOut { bytes, tables: status.memory },
            fork: status.fork,
            config: status.config.settings(),
            fingerprint: status.fingerprint,
        }
    }
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelsOut {
    /// By name.
    models: Vec<ModelOut>,
}

/// Lists the models that the caller may see.
#[utoipa::path(
    get, path = "/v1/models", tag = "models", operation_id = "list_models",
    responses((status = 200, description = "The models", body = ModelsOut))
)]
pub async fn list(State(api): State<Api>, Extension(caller): Extension<Caller>) -> Result<Json<ModelsOut>, ApiError> {
    let mut models = Vec::new();
    for model in api.models.list() {
        if caller.may_see(model.name().as_str()) {
            match model.status().await {
                Ok(status) => models.push(status.into()),
                // Deleted while the others were asked.
                Err(_) if api.models.get(model.name()).is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(Json(ModelsOut { models }))
}

/// Says where a model stands.
#[utoipa::path(
    get, path = "/v1/models/{model}", tag = "models", operation_id = "get_model",
    params(ModelPath, FreshnessQuery),
    responses((status = 200, description = "Where it stands", body = ModelOut))
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(freshness): Params<FreshnessQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let view = ReadOptions::fresh(&freshness)?.view(&model).await?;
    let status = ModelOut::from(model.status().await?);
    Ok(with_state_headers(&view, Json(status)))
}
