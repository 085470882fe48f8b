//! Path segments and query parameters, with errors that name the parameter.

use std::{error::Error, time::Duration};

use axum::{
    extract::{FromRequestParts, Path, Query, rejection::QueryRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::{decode, error::ApiError};
use shelfmark_domain::{FieldError, FieldResult};

/// Segments of the path by name, decoded.
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(ApiError::BadPath(rejection.body_text())),
        }
    }
}

/// Query parameters; unknown ones are refused by name (the structs deny them).
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(query_error(&rejection).into()),
        }
    }
}

/// Names the parameter at fault. axum keeps the typed error behind its own: it is found in the chain of sources.
fn query_error(rejection: &QueryRejection) -> FieldError {
    let mut source = rejection.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>() {
            return decode::field_error(&error.path().to_string(), &in_words(&error.inner().to_string()));
        }
        source = error.source();
    }
    FieldError::new("", "invalid_value", rejection.body_text())
}

/// Says what a parameter must be, where the standard library's parser says what it met.
fn in_words(message: &str) -> String {
    let must_be = match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number of at least 0"
        }
        "number too large to fit in target type" => "is too large",
        "number too small to fit in target type" => "is too small",
        "invalid float literal" | "cannot parse float from empty string" => "must be a number",
        "provided string was not `true` or `false`" => "must be true or false",
        other => other,
    };
    must_be.to_owned()
}

/// Longest wait that a caller may ask for.
pub const WAIT_MAX: Duration = Duration::from_secs(30);
/// Wait when the caller asks for none.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(2);

/// Checks `timeout_ms`.
pub fn wait(timeout_ms: Option<u64>) -> FieldResult<Duration> {
    let Some(ms) = timeout_ms else {
        return Ok(WAIT_DEFAULT);
    };
    let wait = Duration::from_millis(ms);
    if wait > WAIT_MAX {
        let detail = format!("must be 0 to {}, is {ms}", WAIT_MAX.as_millis());
        return Err(FieldError::new("timeout_ms", "out_of_range", detail));
    }
    Ok(wait)
}

/// Checks a `limit` or `k` between 1 and `max`.
pub fn limit(field: &str, given: Option<usize>, default: usize, max: usize) -> FieldResult<usize> {
    let limit = given.unwrap_or(default);
    if (1..=max).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("must be 1 to {max}, is {limit}");
    Err(FieldError::new(field, "out_of_range", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only parsed")]
        limit: Option<u32>,
        #[expect(dead_code, reason = "only parsed")]
        share: Option<f32>,
        #[expect(dead_code, reason = "only parsed")]
        all: Option<bool>,
    }

    fn refused(query: &str) -> FieldError {
        let uri = format!("/x?{query}").parse().expect("a uri");
        let rejection = Query::<Sample>::try_from_uri(&uri).expect_err("refused");
        query_error(&rejection)
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let error = refused("limit=abc");
        assert_eq!((error.field.as_str(), error.code), ("limit", "invalid_value"));
        for (query, detail) in [
            ("limit=abc", "must be a whole number of at least 0"),
            ("limit=", "must be a whole number of at least 0"),
            ("limit=1.5", "must be a whole number of at least 0"),
            ("limit=99999999999", "is too large"),
            ("limit=-1", "must be a whole number of at least 0"),
            ("share=x", "must be a number"),
            ("all=maybe", "must be true or false"),
        ] {
            assert_eq!(refused(query).detail, detail, "{query}");
        }
        let error = refused("nope=1");
        assert_eq!((error.field.as_str(), error.code), ("nope", "unknown_field"));
    }

    #[test]
    fn waits_are_bounded() {
        assert_eq!(wait(None), Ok(WAIT_DEFAULT));
        assert_eq!(wait(Some(30_000)), Ok(WAIT_MAX));
        assert_eq!(wait(Some(30_001)).expect_err("refused").field, "timeout_ms");
    }
}
