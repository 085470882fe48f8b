//! Read options: the state that a read answers from, and the headers that name it.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    admission::{self, Waiting},
    error::ApiError,
    params,
};
use crate::engine::Model;
use shelfmark_domain::{FieldResult, Position, Served, VersionNumber, VersionRef};
use shelfmark_serving::View;

const POSITION: HeaderName = HeaderName::from_static("shelfmark-position");
const VERSION: HeaderName = HeaderName::from_static("shelfmark-version");

/// Query parameters of reads that answer from what is served.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FreshnessQuery {
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    pub min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    pub timeout_ms: Option<u64>,
}

/// A version as callers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSelector {
    /// The live state, even while a version is pinned.
    Live,
    /// A version.
    Version(VersionRef),
}

impl VersionSelector {
    /// Reads `live`, `12` or `before-sale`.
    pub fn parse(field: &str, text: &str) -> FieldResult<Self> {
        if text == "live" {
            return Ok(Self::Live);
        }
        VersionRef::parse(field, text).map(Self::Version)
    }

    /// The version; `None` for the live state.
    pub fn version(self) -> Option<VersionRef> {
        match self {
            Self::Live => None,
            Self::Version(version) => Some(version),
        }
    }
}

impl<'de> Deserialize<'de> for VersionSelector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = VersionSelector;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a version's number, its label, or live")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<VersionSelector, E> {
                let number = u32::try_from(number)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))?;
                Ok(VersionSelector::Version(VersionRef::Number(VersionNumber(number))))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<VersionSelector, E> {
                VersionSelector::parse("version", text).map_err(|error| E::custom(error.detail))
            }
        }
        // Query parameters know text only, JSON tells numbers from text: both arrive here as what they are.
        deserializer.deserialize_any(Visitor)
    }
}

/// The state that a read asks for.
#[derive(Debug, Default)]
pub struct ReadOptions {
    /// What is served when left out.
    pub version: Option<VersionSelector>,
    /// Lowest position.
    pub min_position: Option<Position>,
    /// Longest wait for it.
    pub wait: Duration,
}

/// Returns the live view, which changes are checked against.
pub async fn live_view(model: &Model) -> Result<Arc<View>, ApiError> {
    ReadOptions::new(Some(VersionSelector::Live), None, None)?.view(model).await
}

impl ReadOptions {
    /// Checks what a caller gave.
    pub fn new(
        version: Option<VersionSelector>,
        min_position: Option<Position>,
        timeout_ms: Option<u64>,
    ) -> FieldResult<Self> {
        Ok(Self { version, min_position, wait: params::wait(timeout_ms)? })
    }

    /// What is served, at a position or later.
    pub fn fresh(freshness: &FreshnessQuery) -> FieldResult<Self> {
        Self::new(None, freshness.min_position, freshness.timeout_ms)
    }

    /// The view to answer from when nobody in particular asks; the whole answer comes from it (P5).
    pub async fn view(&self, model: &Model) -> Result<Arc<View>, ApiError> {
        self.view_for(model, None).await
    }

    /// The view to answer a reader from: that of their arm, unless they ask for a state by name.
    pub async fn view_for(&self, model: &Model, reader: Option<&str>) -> Result<Arc<View>, ApiError> {
        let wanted = self.min_position.unwrap_or_default();
        match &self.version {
            None => {
                let _waiting = waiting(model, wanted)?;
                Ok(model.wait_served(reader, wanted, self.wait).await?)
            }
            Some(VersionSelector::Live) => {
                if model.live().position() < wanted {
                    let _waiting = waiting(model, wanted)?;
                    model.wait_applied(wanted, self.wait).await?;
                }
                Ok(model.live())
            }
            Some(VersionSelector::Version(version)) => {
                let view = model.view_of(version).await?;
                let stands = view.position();
                if stands < wanted {
                    return Err(ApiError::VersionBefore { stands, wanted });
                }
                Ok(view)
            }
        }
    }
}

/// Counts the request among those that wait, when it has to.
fn waiting(model: &Model, wanted: Position) -> Result<Option<Waiting>, ApiError> {
    if model.live().position() >= wanted {
        return Ok(None);
    }
    Ok(admission::current().map(|ticket| ticket.wait()).transpose()?)
}

/// Where an answer comes from, in its body: a version's number, or `live`. May be sent back as `version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AnsweredBy {
    /// A version.
    #[schema(value_type = u32)]
    Version(VersionNumber),
    /// The live state.
    Live(Live),
}

/// The live state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// The newest published state.
    Live,
}

impl AnsweredBy {
    /// Of a view.
    pub fn of(view: &View) -> Self {
        match view.served() {
            Served::Live => Self::Live(Live::Live),
            Served::Version(number) => Self::Version(number),
        }
    }
}

/// Whether the headers of an answer name a version.
pub fn is_of_version(headers: &HeaderMap) -> bool {
    headers.get(VERSION).is_some_and(|version| version != "live")
}

/// Adds the headers that say where an answer comes from.
pub fn with_state_headers(view: &View, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert(POSITION, HeaderValue::from(view.position().get()));
    let version = match view.served() {
        Served::Live => HeaderValue::from_static("live"),
        Served::Version(VersionNumber(number)) => HeaderValue::from(number),
    };
    headers.insert(VERSION, version);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_by_number_label_or_live() {
        let number = VersionSelector::Version(VersionRef::Number(VersionNumber(12)));
        let read = |text: &str| serde_json::from_str::<VersionSelector>(text);
        assert_eq!(read("12").expect("valid"), number);
        assert_eq!(read("\"12\"").expect("valid"), number);
        assert_eq!(read("\"live\"").expect("valid"), VersionSelector::Live);
        let label = VersionSelector::Version(VersionRef::Label("before-sale".to_owned()));
        assert_eq!(read("\"before-sale\"").expect("valid"), label);
        assert!(read("-1").is_err() && read("\"\"").is_err() && read("1.5").is_err());
    }
}
