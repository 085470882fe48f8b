//! RFC 9457 problem documents: the one form of every error.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::ingest::{AppendSummary, Rejection};
use crate::engine::RunningRollback;
use shelfmark_domain::{FieldError, OffsetMismatch, Position};

/// An error on its way out, in a response's extensions, until the frame writes it with the request id.
#[derive(Debug, Default)]
pub struct Failure {
    /// HTTP status code.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// Title of the code.
    pub title: &'static str,
    /// Explanation of this occurrence.
    pub detail: String,
    /// Fields whose values break their rules.
    pub errors: Vec<FieldProblem>,
    /// Position that matters for this error.
    pub position: Option<Position>,
    /// The rollback that runs, when it is in the way.
    pub running: Option<RunningRollback>,
    /// What a stream did before it failed.
    pub stream: Option<AppendSummary>,
    /// What became of a request of which nothing was taken.
    pub nothing_taken: Option<AppendSummary>,
    /// Offsets that are stored, where others were expected.
    pub offsets: Vec<OffsetMismatch>,
    /// For the log only.
    pub cause: Option<String>,
}

/// An error: `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem<'a> {
    /// URI of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/docs#invalid")]
    pub kind: String,
    /// The kind in words.
    pub title: &'a str,
    /// HTTP status code.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable, machine-readable name of the kind.
    #[schema(example = "invalid")]
    pub code: &'a str,
    /// Explanation of this occurrence.
    pub detail: &'a str,
    /// Id of the request, as in the `x-request-id` header and the service's log.
    pub request_id: &'a str,
    /// Fields whose values break their rules.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub errors: &'a [FieldProblem],
    /// Where the view stands, or where the conflicting event does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The rollback that runs, when it is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<&'a RunningRollback>,
    /// Offsets that are stored, where the request began at others.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub offsets: &'a [OffsetMismatch],
    /// What an ndjson stream did before it failed; those records are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<&'a AppendSummary>,
    /// 0 when entries came and none was taken, as in the answer to an append.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// 0, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<u64>,
    /// How many entries were not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_count: Option<u64>,
    /// The first 1,000 of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub rejected: &'a [Rejection],
    /// Of vectors: how many were left out because the model does not know their row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Name as in the request, dotted for nested ones; empty for the whole body.
    #[schema(example = "limit")]
    pub field: String,
    /// Stable, machine-readable reason.
    #[schema(example = "out_of_range")]
    pub code: &'static str,
    /// What is wrong, and which values are valid.
    pub detail: String,
}

impl From<&FieldError> for FieldProblem {
    fn from(error: &FieldError) -> Self {
        Self { field: error.field.clone(), code: error.code, detail: error.detail.clone() }
    }
}

impl Failure {
    /// The document.
    pub fn document(&self, request_id: &str) -> Vec<u8> {
        let nothing_taken = self.nothing_taken.as_ref();
        let problem = Problem {
            kind: format!("/docs#{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id,
            errors: &self.errors,
            position: self.position,
            running: self.running.as_ref(),
            offsets: &self.offsets,
            stream: self.stream.as_ref(),
            accepted: nothing_taken.map(|summary| summary.accepted),
            duplicates: nothing_taken.map(|summary| summary.duplicates),
            rejected_count: nothing_taken.map(|summary| summary.rejected_count),
            rejected: nothing_taken.map_or(&[], |summary| &summary.rejected),
            unknown: nothing_taken.and_then(|summary| summary.unknown),
        };
        serde_json::to_vec(&problem).unwrap_or_default()
    }

    /// Writes the document as the response's body, keeping its status and headers.
    pub fn write(&self, response: Response<Body>, request_id: &str) -> Response<Body> {
        let body = self.document(request_id);
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        Response::from_parts(parts, Body::from(body))
    }
}
