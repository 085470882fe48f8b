//! `/v1/models/{model}/serving`: who is answered by which state.

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, auth::Caller, body, error::ApiError, params::Segments, paths::ModelPath, problem::Problem,
    read_options::with_state_headers, reason::Reason,
};
use crate::engine::ArmStatus;
use shelfmark_domain::{ArmText, Deployment, FieldResult, Split};

/// Split of readers over states.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"split": [{"version": 12, "percent": 10}, {"live": true, "percent": 90}], "reason": "canary"}))]
pub struct ServingBody {
    /// 1 to 8 different states whose shares sum to 100.
    #[schema(min_items = 1, max_items = 8)]
    split: Vec<ArmText>,
    /// Reason for the deployment entry, 1 to 1,024 bytes.
    #[schema(min_length = 1, max_length = 1024, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    reason: Option<String>,
}

/// Deployment of a model: the arms that readers are split over.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServingOut {
    /// The arms; one of 100 percent without a split.
    arms: Vec<ArmStatus>,
}

fn split(arms: &[ArmText]) -> FieldResult<Split> {
    let arms = arms.iter().enumerate().map(|(index, arm)| arm.arm(&format!("split[{index}]")));
    Split::new(arms.collect::<FieldResult<_>>()?)
}

/// Splits readers over several states.
///
/// A user, or the session where there is no user, keeps the arm: it is drawn by a hash of the model and the id, whatever process
/// answers, and an arm whose share grows keeps its readers. Requests of nobody in particular are split one by one; reads that
/// are not for a reader come from the arm with the largest share. One arm of 100 percent ends a split, as pin, unpin and restore do.
#[utoipa::path(
    put, path = "/v1/models/{model}/serving", tag = "versions", operation_id = "split_serving",
    params(ModelPath),
    request_body = ServingBody,
    responses(
        (status = 200, description = "Served so", body = Deployment),
        (status = 409, description = "A rollback is running (`rollback_running`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    let model = api.model(&path.model)?;
    let asked: ServingBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let split = split(&asked.split)?;
    let reason = Reason::optional(asked.reason)?;
    Ok(Json(model.split(split, caller.actor(), reason).await?))
}

/// Says what is served, and what came of it by arm.
///
/// Lists and clicks are those of this process since the arm is served; a process's metrics add up with those of others.
#[utoipa::path(
    get, path = "/v1/models/{model}/serving", tag = "versions", operation_id = "get_serving",
    params(ModelPath),
    responses((status = 200, description = "The arms", body = ServingOut))
)]
pub async fn get(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    Ok(with_state_headers(&model.served(), Json(ServingOut { arms: model.arms() })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::decode;

    #[test]
    fn a_split_is_read_and_a_bad_one_names_its_field() {
        let read = |text: &str| -> Result<Split, ApiError> {
            let body: ServingBody = decode::json(text.as_bytes())?;
            Ok(split(&body.split)?)
        };
        assert_eq!(
            read(r#"{"split":[{"version":12,"percent":10},{"live":true,"percent":90}]}"#).expect("valid").arms().len(),
            2
        );
        for (text, field, code) in [
            (r#"{"split":[{"percent":100}]}"#, "split[0]", "missing"),
            (r#"{"split":[{"live":false,"percent":100}]}"#, "split[0]", "missing"),
            (r#"{"split":[{"live":true,"version":1,"percent":100}]}"#, "split[0]", "ambiguous"),
            (r#"{"split":[{"live":true,"percent":99}]}"#, "split", "bad_sum"),
            (r#"{"split":[{"live":true,"percent":-1}]}"#, "split[0].percent", "invalid_value"),
            (r#"{"split":[{"live":true}]}"#, "split[0].percent", "missing"),
            (r#"{"split":[{"live":true,"percent":100,"colour":1}]}"#, "split[0].colour", "unknown_field"),
            (r#"{}"#, "split", "missing"),
        ] {
            match read(text) {
                Err(ApiError::Invalid(errors)) => {
                    assert_eq!((errors[0].field.as_str(), errors[0].code), (field, code), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
