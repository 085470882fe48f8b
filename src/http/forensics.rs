//! `/v1/models/{model}/forensics/compare`: whether vectors from elsewhere derive from a state of the model.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    admission::run_report,
    auth::Caller,
    body,
    error::ApiError,
    params::{self, Segments},
    paths::ModelPath,
    problem::Problem,
    read_options::{AnsweredBy, Live, VersionSelector, with_state_headers},
};
use crate::engine::{CompareRequest, ComparedState, EngineError, Model};
use shelfmark_domain::{
    FieldError, FieldResult, GivenId, Id, Position, Scope, Served, VectorTable, VectorValues, VersionRef, not_null,
};
use shelfmark_monitor::forensics::{Comparison, NamedVectors, PERMUTATIONS_MAX, Relation, vectors_of};

/// Vectors of a request, at most.
const VECTORS_MAX: usize = 10_000;
/// Values of all vectors of a request, at most: 16 MiB as f32.
const VALUES_MAX: usize = 4 << 20;
/// States that are compared, at most.
const STATES_MAX: usize = 8;
/// Permutations when nothing is said: the smallest p-value is then .005.
const PERMUTATIONS_DEFAULT: usize = 199;

/// A vector from elsewhere.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenVector {
    /// The item, or the token, that it stands for.
    id: GivenId,
    /// The vector, of any length up to 1,024: numbers, or base64 of little-endian f32.
    values: VectorValues,
}

/// A state whose vectors are compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenState {
    /// Name of a model; the one of the path when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    model: Option<String>,
    /// A version's number or label, or `live`; `live` when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false)]
    version: Option<VersionSelector>,
}

/// What to compare: either vectors or a state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": {"model": "fork", "version": "live"}, "versions": ["1", "live"]}))]
pub struct CompareBody {
    /// Vectors from elsewhere, 1 to 10,000 of one length; at most 1,000 that match are compared.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    vectors: Option<Vec<GivenVector>>,
    /// A state of this or another model instead of vectors. The caller's key must be good for that model too.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    state: Option<GivenState>,
    /// The table of the model: `items` (vectors as they are served) or `tokens`; `items` when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false)]
    table: Option<VectorTable>,
    /// States of the model to compare with, numbers or labels of versions or `live`, 1 to 8; when left out the live state and
    /// the four newest versions.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    versions: Option<Vec<VersionSelector>>,
    /// Number of permutations of ids, 19 to 999; 199 when left out. The smallest p-value is one over their number and one.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, minimum = 19, maximum = 999)]
    permutations: Option<usize>,
}

/// Comparison with one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedOut {
    /// Number of the version, or `live`.
    version: AnsweredBy,
    /// Position of the state.
    position: Position,
    /// The comparison.
    #[serde(flatten)]
    comparison: Comparison,
}

/// Comparisons.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompareOut {
    /// The table.
    #[schema(value_type = String)]
    table: VectorTable,
    /// Number of vectors that were given; of a state, the sampled ones.
    vectors: u64,
    /// Number of values of each.
    dim: u64,
    /// The state that fits best, where one fits better than by chance.
    best: Option<AnsweredBy>,
    /// One comparison for each state, in the order of the request.
    states: Vec<ComparedOut>,
}

/// Says whether vectors derive from a state of the model: uploaded ones, a version's, or another model's.
///
/// The vectors are rotated onto those of each state as well as possible (orthogonal Procrustes), because a copy may have been
/// rotated, shifted and scaled. The p-value is the share of permutations of the ids that fit as well (PROTEST). `relation` is
/// `derived`, `related` (better than by chance, as models have that learned from the same events), `unrelated`, or `unknown` where fewer than 20 ids are in both.
///
/// Takes about a second for each state of 128 values. One at a time with traces and reports.
#[utoipa::path(
    post, path = "/v1/models/{model}/forensics/compare", tag = "learning", operation_id = "compare_vectors",
    params(ModelPath),
    request_body = CompareBody,
    responses(
        (status = 200, description = "The comparisons", body = CompareOut),
        (status = 503, description = "Other reports are being made (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn compare(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let body: CompareBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let table = body.table.unwrap_or(VectorTable::Items);
    let permutations = body.permutations.unwrap_or(PERMUTATIONS_DEFAULT);
    if !(19..=PERMUTATIONS_MAX).contains(&permutations) {
        let detail = format!("must be 19 to {PERMUTATIONS_MAX}, is {permutations}");
        return Err(FieldError::new("permutations", "out_of_range", detail).into());
    }
    let states = states(body.versions)?;
    let given = match (body.vectors, body.state) {
        (Some(vectors), None) => Given::Vectors(named(vectors)?),
        (None, Some(state)) => {
            let of = match &state.model {
                None => model.clone(),
                Some(name) => {
                    caller.check(Scope::Read, Some(name))?;
                    api.model(name)?
                }
            };
            Given::State(of, state.version.unwrap_or(VersionSelector::Live))
        }
        (Some(_), Some(_)) => return Err(FieldError::new("state", "invalid_value", "goes without vectors").into()),
        (None, None) => return Err(FieldError::new("vectors", "missing", "vectors or state must be given").into()),
    };
    let compared = model.clone();
    let report = async move {
        let given = given.vectors(table).await?;
        let dim = given.values().next().map_or(0, Vec::len) as u64;
        let vectors = given.len() as u64;
        let request = CompareRequest { given: Arc::new(given), table, states, permutations };
        Ok::<_, EngineError>((vectors, dim, compared.compare_vectors(request).await?))
    };
    let (vectors, dim, found) = run_report(model.name(), Box::pin(report)).await??;
    let states: Vec<ComparedOut> = found.into_iter().map(ComparedOut::from).collect();
    let best = best(&states);
    Ok(with_state_headers(&model.live(), Json(CompareOut { table, vectors, dim, best, states })))
}

/// What is compared.
enum Given {
    Vectors(NamedVectors),
    State(Model, VersionSelector),
}

impl Given {
    async fn vectors(self, table: VectorTable) -> Result<NamedVectors, EngineError> {
        Ok(match self {
            Self::Vectors(vectors) => vectors,
            Self::State(model, VersionSelector::Live) => vectors_of(&model.live(), table),
            Self::State(model, VersionSelector::Version(version)) => {
                vectors_of(&*model.view_of(&version).await?, table)
            }
        })
    }
}

impl From<ComparedState> for ComparedOut {
    fn from(compared: ComparedState) -> Self {
        let ComparedState { state, position, comparison } = compared;
        let version = match state {
            Served::Live => AnsweredBy::Live(Live::Live),
            Served::Version(number) => AnsweredBy::Version(number),
        };
        Self { version, position, comparison }
    }
}

/// Returns the state with the greatest similarity among those that fit better than by chance.
fn best(states: &[ComparedOut]) -> Option<AnsweredBy> {
    let fits = states.iter().filter(|state| state.comparison.relation >= Relation::Related);
    let figure = |state: &ComparedOut| state.comparison.similarity.map_or(0.0, |found| found.beyond_chance);
    fits.max_by(|a, b| figure(a).total_cmp(&figure(b))).map(|state| state.version)
}

fn states(given: Option<Vec<VersionSelector>>) -> FieldResult<Vec<Option<VersionRef>>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    params::limit("versions", Some(given.len()), 1, STATES_MAX)?;
    Ok(given.into_iter().map(VersionSelector::version).collect())
}

/// Checks uploaded vectors: of one length, finite, each id once.
fn named(vectors: Vec<GivenVector>) -> FieldResult<NamedVectors> {
    params::limit("vectors", Some(vectors.len()), 1, VECTORS_MAX)?;
    let dim = vectors[0].values.as_slice().len();
    if dim * vectors.len() > VALUES_MAX {
        let detail = format!("may have {VALUES_MAX} values together, have {}", dim * vectors.len());
        return Err(FieldError::new("vectors", "out_of_range", detail));
    }
    let mut named = BTreeMap::new();
    for (place, GivenVector { id, values }) in vectors.into_iter().enumerate() {
        let field = |name: &str| format!("vectors[{place}].{name}");
        let values = values.as_slice();
        if values.len() != dim || dim == 0 {
            let detail = format!("must have as many values as the first, {dim} and at least 1, has {}", values.len());
            return Err(FieldError::new(field("values"), "bad_dimension", detail));
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(FieldError::new(field("values"), "not_finite", "must contain finite numbers only"));
        }
        let id = Id::new(&field("id"), &id)?;
        if named.insert(id, values.to_vec()).is_some() {
            return Err(FieldError::new(field("id"), "duplicate", "is given twice"));
        }
    }
    Ok(named)
}
