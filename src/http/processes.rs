//! `/v1/processes`: where each process on the database stands.

use axum::{Extension, Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError};
use shelfmark_domain::Timestamp;
use shelfmark_store::processes::{ModelStanding, SeenProcess};

/// A process on the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessOut {
    /// Whether it is the one that answers.
    answers: bool,
    /// Address that it listens on.
    address: String,
    /// Version of its binary.
    version: String,
    /// When it began.
    started_at: Timestamp,
    /// Milliseconds since it said where it stands; 0 for the one that answers.
    seen_ms: u64,
    /// Its models, as far as the caller may see them.
    models: Vec<ModelStanding>,
}

/// The processes on the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessesOut {
    /// First the one that answers, then the others from the oldest on.
    processes: Vec<ProcessOut>,
}

/// Lists the processes on the database, and where each of them stands.
///
/// A process says so every 5 s; one that has not for 20 s is left out. A process that only reads writes nothing, so it is listed
/// by itself alone.
#[utoipa::path(
    get, path = "/v1/processes", tag = "service", operation_id = "list_processes",
    responses((status = 200, description = "The processes", body = ProcessesOut))
)]
pub async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<ProcessesOut>, ApiError> {
    let out = |(place, SeenProcess { mut report, seen_ms }): (usize, SeenProcess)| {
        report.models.retain(|standing| caller.may_see(&standing.model));
        ProcessOut {
            answers: place == 0,
            address: report.address,
            version: report.version,
            started_at: report.started_at,
            seen_ms,
            models: report.models,
        }
    };
    let processes = api.processes.list().await?.into_iter().enumerate().map(out).collect();
    Ok(Json(ProcessesOut { processes }))
}
