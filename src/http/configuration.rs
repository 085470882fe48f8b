//! `PATCH /v1/models/{model}`: the configuration changes.

use axum::{Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Api, body, decode, error::ApiError, models::ModelOut, params::Segments, paths::ModelPath,
    read_options::with_state_headers,
};
use crate::engine::EngineError;
use shelfmark_domain::{FieldError, FieldResult, ModelConfig};

/// Changes of a model's configuration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"config": {"explore": 1.0, "rates": {"items": 0.05}, "kinds": {"dislike": -1.0, "share": null}}}))]
pub struct ModelPatch {
    /// The fields that change; objects are merged (RFC 7396). Null takes a field back to its default, and an entry of
    /// `kinds` or `schedules` out. `dim` cannot change.
    #[schema(value_type = ModelConfig)]
    config: Map<String, Value>,
}

/// Changes the configuration.
///
/// What is left out stays. Merged over the configuration at the head of the log and appended as a record; the answer is the
/// model's, once the live view learns by it.
#[utoipa::path(
    patch, path = "/v1/models/{model}", tag = "models", operation_id = "patch_model",
    params(ModelPath),
    request_body = ModelPatch,
    responses((status = 200, description = "Changed", body = ModelOut))
)]
pub async fn patch(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let patch: ModelPatch = body::json(&headers, body, api.limits.body_bytes_max).await?;
    model.configure(|config| merged(config, patch.config)).await.map_err(named)?;
    let status = ModelOut::from(model.status().await?);
    Ok(with_state_headers(&model.served(), Json(status)))
}

/// The configuration with a patch merged over it.
pub(super) fn merged(config: &ModelConfig, patch: Map<String, Value>) -> FieldResult<ModelConfig> {
    let mut value = serde_json::to_value(config).expect("configurations have a JSON form");
    // The weight of a kind is one value: entries of a new table must not mix with those of the old.
    if let (Some(kinds), Some(Value::Object(given))) = (value["kinds"].as_object_mut(), patch.get("kinds")) {
        kinds.retain(|kind, _| !given.contains_key(kind));
    }
    merge(&mut value, Value::Object(patch));
    let text = serde_json::to_vec(&value).expect("values have a JSON form");
    serde_json::from_slice(&text).map_err(|_| decode::diagnose::<ModelConfig>(&text))
}

/// RFC 7396.
fn merge(target: &mut Value, patch: Value) {
    let (Value::Object(target), Value::Object(patch)) = (&mut *target, patch) else {
        unreachable!("called with objects")
    };
    for (name, value) in patch {
        match (target.get_mut(&name), value) {
            (_, Value::Null) => _ = target.remove(&name),
            (Some(there @ Value::Object(_)), value @ Value::Object(_)) => merge(there, value),
            (_, value) => _ = target.insert(name, value),
        }
    }
}

/// Names fields as the body does.
pub(super) fn named(error: EngineError) -> ApiError {
    let EngineError::Config(error) = error else { return error.into() };
    let field = if error.field.is_empty() { "config".to_owned() } else { format!("config.{}", error.field) };
    FieldError { field, ..error }.into()
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::KindWeight;

    use super::*;

    fn patched(text: &str) -> FieldResult<ModelConfig> {
        let Value::Object(patch) = serde_json::from_str(text).expect("JSON") else { panic!("an object") };
        let mut config = ModelConfig { explore: 2.0, ..ModelConfig::default() };
        config.kinds.insert("dislike".to_owned(), (-1.0).into());
        merged(&config, patch)
    }

    #[test]
    fn what_a_patch_leaves_out_stays_and_null_takes_back() {
        let config =
            patched(r#"{"rates":{"items":0.05},"kinds":{"share":null,"wish":0.5},"explore":null}"#).expect("valid");
        assert_eq!((config.rates.items, config.rates.last, config.explore), (0.05, 0.08, 0.0));
        let constant = |kind: &str| config.kinds.get(kind).and_then(KindWeight::constant);
        assert_eq!(["share", "wish", "dislike"].map(constant), [None, Some(0.5), Some(-1.0)]);
        assert_eq!(patched("{}").expect("valid").explore, 2.0);
    }

    #[test]
    fn a_table_of_weights_by_value_replaces_the_one_before() {
        let config = patched(r#"{"kinds":{"rating":{"by_value":{"1":-1,"5":1}}}}"#).expect("valid");
        assert_eq!([1.0, 3.0, 4.0].map(|value| config.kinds["rating"].of(Some(value))), [-1.0, 0.0, 0.5]);
        let error = patched(r#"{"kinds":{"rating":{"by_value":{"good":1}}}}"#).expect_err("no number");
        assert_eq!((error.field.as_str(), error.code), ("kinds.rating.by_value", "invalid_value"));
    }

    #[test]
    fn a_patch_of_another_shape_names_its_field() {
        for (text, field, code) in [
            (r#"{"colour":1}"#, "colour", "unknown_field"),
            (r#"{"rates":{"colour":1}}"#, "rates.colour", "unknown_field"),
            (r#"{"rates":{"items":"fast"}}"#, "rates.items", "invalid_value"),
            (r#"{"rates":7}"#, "rates", "invalid_value"),
        ] {
            let error = patched(text).expect_err(text);
            assert_eq!((error.field.as_str(), error.code), (field, code), "{text}");
        }
    }
}
