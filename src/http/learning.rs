//! `/v1/models/{model}/learning`: what learning did, and whether it is well.

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    admission::run_report,
    error::ApiError,
    paging,
    params::{self, Params, Segments},
    paths::ModelPath,
    problem::Problem,
    read_options::{FreshnessQuery, ReadOptions, VersionSelector, with_state_headers},
};
use crate::engine::{Learning, TermsRequest};
use shelfmark_domain::{FieldError, Position};
use shelfmark_monitor::health::{
    BiasReport, Metric, POINTS_MAX, Survey, TERMS_MAX, TermsReport, TermsTable, UnknownMetric,
};

/// Says how learning goes: verdicts with their reasons, whether it has converged, figures by table, lag, live quality.
///
/// `convergence` compares the loss of the newer half of the newest points, at most 65,536 targets each, with that of the older half.
/// Verdicts are `healthy`, `sparse`, `drifting`, `vanishing`, `exploding`, and `unknown` where too little was seen.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning", tag = "learning", operation_id = "get_learning",
    params(ModelPath, FreshnessQuery),
    responses((status = 200, description = "How learning goes", body = Learning))
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(freshness): Params<FreshnessQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let at = ReadOptions::new(Some(VersionSelector::Live), freshness.min_position, freshness.timeout_ms)?;
    let view = at.view(&model).await?;
    Ok(with_state_headers(&view, Json(model.learning())))
}

/// Query parameters of a series.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// `items`, `last`, `users`, `tokens`, `context`, `bias`, `projections` or `small`; `all` (the whole step) when left out.
    table: Option<String>,
    /// What to plot: of a table `update_ratio`, `gradient_norm`, `learning_rate`, ..., of all `loss` (when left out),
    /// `recall`, ...; a name that is not known is answered with the list.
    metric: Option<String>,
    /// `next_cursor` of the page before; the first page when left out.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    cursor: Option<Position>,
    /// Only points after this position: another name of `cursor`.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    after: Option<Position>,
    /// Maximum number of points, 1 to 4,096; 1,000 when left out.
    #[param(minimum = 1, maximum = 4_096)]
    limit: Option<usize>,
}

/// One point of a series.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointOut {
    /// Position of the last record of its last step.
    position: Position,
    /// The figure over its steps; null where nothing was measured.
    value: Option<f64>,
}

/// A figure by position.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesOut {
    /// The table, or `all`.
    table: String,
    /// The figure.
    metric: String,
    /// Oldest first; each stands for 512 targets, or for 64 steps where steps are small.
    points: Vec<PointOut>,
    /// `cursor` of the next page; null at the newest point.
    next_cursor: Option<Position>,
    /// The same under its earlier name.
    next_after: Option<Position>,
}

/// One figure of learning by position.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning/series", tag = "learning", operation_id = "get_learning_series",
    params(ModelPath, SeriesQuery),
    responses((status = 200, description = "The newest 4,096 points, in pages", body = SeriesOut))
)]
pub async fn series(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<SeriesQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = params::limit("limit", query.limit, 1000, POINTS_MAX)?;
    let (table, metric) = (query.table.unwrap_or_else(|| "all".into()), query.metric.unwrap_or_else(|| "loss".into()));
    let figure = Metric::parse(&table, &metric).map_err(|error| {
        let field = match &error {
            UnknownMetric::Table(_) => "table",
            UnknownMetric::Metric(_) => "metric",
        };
        FieldError::new(field, "invalid_value", error.to_string())
    })?;
    let after = paging::one_of(query.cursor, ("after", query.after))?.unwrap_or_default();
    let points = model.learning_series(figure, after, limit);
    let next_cursor = paging::next_cursor(&points, limit, |(position, _)| *position);
    let points = points.into_iter().map(|(position, value)| PointOut { position, value }).collect();
    Ok(with_state_headers(
        &model.live(),
        Json(SeriesOut { table, metric, points, next_cursor, next_after: next_cursor }),
    ))
}

/// What the rows look like: lengths, distance from the newest version, items that moved most, and those that lie still.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowSurveyOut {
    /// The newest look; null before the first one.
    survey: Option<Survey>,
}

/// Says what the rows look like.
///
/// The service looks every few seconds while records come; of large tables at a sample of up to 65,536 rows each.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning/rows", tag = "learning", operation_id = "get_learning_rows",
    params(ModelPath),
    responses((status = 200, description = "The newest look at the rows", body = RowSurveyOut))
)]
pub async fn rows(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let survey = model.survey().map(|survey| (*survey).clone());
    Ok(with_state_headers(&model.live(), Json(RowSurveyOut { survey })))
}

/// Says how unevenly events, places in lists and gradients are spread over popular and rare items and over categories.
///
/// Exposure is counted in the lists that live quality samples.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning/bias", tag = "learning", operation_id = "get_learning_bias",
    params(ModelPath),
    responses(
        (status = 200, description = "The report", body = BiasReport),
        (status = 503, description = "Other reports are being made (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn bias(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let surveyed = model.clone();
    let report = run_report(model.name(), async move { surveyed.bias().await }).await??;
    Ok(with_state_headers(&model.live(), Json(report)))
}

/// Query parameters of a ranking of terms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TermsQuery {
    /// Table to rank: `tokens`, `items` or `context`; all three when left out.
    table: Option<String>,
    /// Maximum number of terms of each table, 1 to 1,000; 20 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Number or label of a version: gradients since then are ranked. When left out, those since the oldest state that the
    /// service keeps in memory, 4,096 to some 8,192 records ago.
    #[param(value_type = Option<String>)]
    since: Option<VersionSelector>,
}

/// Ranks the words, items and circumstances that matter most now: whose vectors had most gradient lately.
///
/// The gradient mass of a row is the sum of its squared gradients, the growth of its AdaGrad accumulators. Rows are matched by
/// name, so `since` may be any version. One at a time with traces and reports.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning/terms", tag = "learning", operation_id = "get_learning_terms",
    params(ModelPath, TermsQuery),
    responses(
        (status = 200, description = "The ranking", body = TermsReport),
        (status = 503, description = "Other reports are being made (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn terms(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<TermsQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let tables = match query.table.as_deref() {
        None => TermsTable::ALL.to_vec(),
        Some(name) => {
            let known = || FieldError::new("table", "invalid_value", "must be tokens, items or context");
            vec![TermsTable::parse(name).ok_or_else(known)?]
        }
    };
    let since = match query.since {
        None => None,
        Some(VersionSelector::Version(version)) => Some(version),
        Some(VersionSelector::Live) => {
            return Err(FieldError::new("since", "invalid_value", "must be a version's number or label").into());
        }
    };
    let request = TermsRequest { tables, limit: params::limit("limit", query.limit, 20, TERMS_MAX)?, since };
    let ranked = model.clone();
    let report = run_report(model.name(), async move { ranked.terms(request).await }).await??;
    Ok(with_state_headers(&model.live(), Json(report)))
}
