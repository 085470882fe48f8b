//! `/v1/models/{model}/versions/{from}/diff/{to}`: what is different between two states.

use axum::{Json, extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    admission::run_report,
    error::ApiError,
    params::{self, Params, Segments},
    problem::Problem,
    read_options::{VersionSelector, with_state_headers},
};
use shelfmark_monitor::diff::{Diff, DiffOptions, K_MAX, TOP_MAX};

/// `/v1/models/{model}/versions/{from}/diff/{to}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DiffPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    model: String,
    /// Number or label of a version, or `live`.
    #[param(example = "12")]
    from: String,
    /// Number or label of a version, or `live`.
    #[param(example = "live")]
    to: String,
}

/// Query parameters of a diff.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// Maximum number of entries of each list, 1 to 1,000; 20 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    top: Option<usize>,
    /// Neighbours, and recommendations, compared for each of the sample, 1 to 100; 10 when left out.
    #[param(minimum = 1, maximum = 100)]
    k: Option<usize>,
}

/// Says what is different between two states: rows added, removed and moved by table, how far and which items moved most,
/// how much neighbours and recommendations changed, settings and figures.
///
/// Rows are matched by id and all looked at. Neighbours are compared for a sample of 200 items and recommendations for as many
/// users; the sample depends on ids alone, so the same diff gives the same answer. Takes a few seconds for a million items. One
/// for each caller and two in all at a time, with traces and reports.
#[utoipa::path(
    get, path = "/v1/models/{model}/versions/{from}/diff/{to}", tag = "versions", operation_id = "diff_versions",
    params(DiffPath, DiffQuery),
    responses(
        (status = 200, description = "The differences", body = Diff),
        (status = 503, description = "Other reports are being made (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<DiffPath>,
    Params(query): Params<DiffQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let options =
        DiffOptions { top: params::limit("top", query.top, 20, TOP_MAX)?, k: params::limit("k", query.k, 10, K_MAX)? };
    let (from, to) =
        (VersionSelector::parse("from", &path.from)?.version(), VersionSelector::parse("to", &path.to)?.version());
    let compared = model.clone();
    let report = async move { compared.compare(from, to, options).await };
    let diff = run_report(model.name(), report).await??;
    Ok(with_state_headers(&model.served(), Json(diff)))
}
