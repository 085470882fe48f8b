//! `/v1/keys`: API keys, for callers of scope admin. A key for one model sees, creates and revokes keys of that model
//! alone.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, body, error::ApiError, params::Segments, problem::Problem};
use shelfmark_domain::{ApiKey, ModelName, Origin, Scope, Timestamp, not_null};
use shelfmark_store::keys::{KeyError, NewKey};

/// `/v1/keys/{name}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyPath {
    /// Name of the key, percent-encoded: 1 to 128 bytes.
    #[param(example = "shop")]
    name: String,
}

/// What a new key shall be for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scope": "write", "model": "default", "expires_at": "2099-01-31T00:00:00Z"}))]
pub struct KeyBody {
    scope: Scope,
    /// The only model that it is for; all models when left out. Scopes `ingest` and `recommend` need one.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    model: Option<String>,
    /// When it ceases to be accepted; never when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = String, format = DateTime, nullable = false)]
    expires_at: Option<Timestamp>,
    /// Origins of the pages that may use a key of scope `ingest` or `recommend`: 1 to 32 for these, none for others.
    #[serde(default)]
    #[schema(max_items = 32, example = json!([]))]
    origins: Vec<String>,
    /// Requests a second that a key of scope `ingest` or `recommend` may make; 50 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(minimum = 1, maximum = 100_000, nullable = false)]
    requests_per_second: Option<u32>,
}

impl KeyBody {
    fn named(self, name: String) -> Result<NewKey, ApiError> {
        let origins = self.origins.iter().map(|origin| Origin::new("origins", origin)).collect::<Result<_, _>>()?;
        Ok(NewKey {
            name,
            scope: self.scope,
            model: self.model.as_deref().map(ModelName::new).transpose()?,
            expires_at: self.expires_at,
            origins,
            requests_per_second: self.requests_per_second,
        })
    }
}

/// An API key as the service knows it: the key itself is not stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyOut {
    /// Unique name, shown as the actor of versions and rollbacks.
    name: String,
    scope: Scope,
    /// The only model that it is for; null means all.
    model: Option<String>,
    created_at: Timestamp,
    /// When it ceases to be accepted; null means never.
    expires_at: Option<Timestamp>,
    /// Whether that time has come.
    expired: bool,
    /// Origins of the pages that may use it; empty for scopes that are not for pages.
    origins: Vec<String>,
    /// Requests a second that it may make; null means any number.
    requests_per_second: Option<u32>,
}

impl From<ApiKey> for KeyOut {
    fn from(key: ApiKey) -> Self {
        Self {
            expired: key.is_expired(Timestamp::now()),
            name: key.name,
            scope: key.scope,
            model: key.model,
            created_at: key.created_at,
            expires_at: key.expires_at,
            origins: key.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            requests_per_second: key.requests_per_second,
        }
    }
}

/// All keys that the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeysOut {
    /// Keys, ordered by name; at most 1,000.
    keys: Vec<KeyOut>,
}

/// A new key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyOut {
    /// What callers send as `Authorization: Bearer SECRET`. It is in this reply alone.
    secret: String,
    key: KeyOut,
}

/// Lists the keys: names, scopes and bounds. The keys themselves are not stored.
#[utoipa::path(
    get, path = "/v1/keys", tag = "service", operation_id = "list_keys",
    responses((status = 200, description = "The keys", body = KeysOut))
)]
pub async fn list(State(api): State<Api>, Extension(caller): Extension<Caller>) -> Result<Json<KeysOut>, ApiError> {
    let keys = api.keys.list().await?;
    Ok(Json(KeysOut { keys: keys.into_iter().filter(|key| may_manage(&caller, key)).map(KeyOut::from).collect() }))
}

/// Creates a key. The reply shows its secret, once.
///
/// Other processes on the same database accept it within 2 seconds. With the first key, requests without a key end.
#[utoipa::path(
    put, path = "/v1/keys/{name}", tag = "service", operation_id = "create_key",
    params(KeyPath),
    request_body = KeyBody,
    responses(
        (status = 201, description = "Created", body = NewKeyOut),
        (status = 409, description = "Another key has this name (`key_exists`), or there are 1,000 (`too_many_keys`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<KeyPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body: KeyBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let new = body.named(path.name)?;
    if !caller.may_see_what_is_of(new.model.as_ref().map(ModelName::as_str)) {
        return Err(ApiError::Forbidden("a key for one model creates keys for that model alone".to_owned()));
    }
    let (secret, key) = api.keys.create(&new).await?;
    let reply = Json(NewKeyOut { secret: secret.reveal().to_owned(), key: key.into() });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], reply).into_response())
}

/// Revokes a key. Other processes on the same database refuse it within 2 seconds.
///
/// The last key stays: without keys, whoever is on the service's machine may do everything. `shelfmark keys revoke`
/// revokes that one too.
#[utoipa::path(
    delete, path = "/v1/keys/{name}", tag = "service", operation_id = "revoke_key",
    params(KeyPath),
    responses(
        (status = 204, description = "Revoked"),
        (status = 409, description = "It is the last key (`last_key`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<KeyPath>,
) -> Result<StatusCode, ApiError> {
    let missing = || ApiError::from(KeyError::NotFound(path.name.clone()));
    let keys = api.keys.list().await?;
    // Whoever may not see a key is not told that it exists.
    let key = keys.into_iter().find(|key| key.name == path.name && may_manage(&caller, key)).ok_or_else(missing)?;
    api.keys.revoke(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the caller may see and revoke this key.
fn may_manage(caller: &Caller, key: &ApiKey) -> bool {
    caller.may_see_what_is_of(key.model.as_deref())
}
