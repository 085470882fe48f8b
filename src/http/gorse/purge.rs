//! `/api/purge`: everything of a model is deleted.

use std::collections::BTreeSet;

use super::{TextError, model};
use crate::http::{Api, auth::Caller, body};
use axum::{
    Extension,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};

/// What the caller must confirm, as in Gorse's dashboard.
const CONFIRMED: [&str; 4] = ["delete_users", "delete_items", "delete_feedback", "delete_cache"];

/// Longest form, in bytes.
const FORM_BYTES_MAX: usize = 4096;

/// Deletes the model's users, items and feedback, with its log and all of its versions, and starts it anew with its
/// configuration. Its keys stay.
pub async fn purge(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let form = body::whole(&headers, body, FORM_BYTES_MAX).await?;
    let bad = || TextError::bad("the form cannot be read");
    // A form is written like the query of an address.
    let form =
        std::str::from_utf8(&form).ok().and_then(|form| format!("/?{form}").parse::<Uri>().ok()).ok_or_else(bad)?;
    let Query(form) = Query::<Vec<(String, String)>>::try_from_uri(&form).map_err(|_| bad())?;
    let list = form.iter().find_map(|(name, value)| (name == "check_list").then_some(value.as_str()));
    let confirmed: BTreeSet<&str> = list.unwrap_or_default().split(',').map(str::trim).collect();
    if confirmed != BTreeSet::from(CONFIRMED) {
        return Err(TextError::bad(format!("check_list must be {}", CONFIRMED.join(","))));
    }
    api.models.purge(model.name().clone()).await?;
    Ok(().into_response())
}
