//! Operation: id, state, progress and result.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use shelfmark_domain::Timestamp;

/// Id of an operation: a UUID of version 7, so that ids sort by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct OperationId(Uuid);

impl OperationId {
    /// Creates an id that sorts after all earlier ids of this process.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Parses the hyphenated form.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl Default for OperationId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// State of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// The operation is running.
    Running,
    /// The operation succeeded.
    Done,
    /// The operation failed, and `error` says why. What it had begun was undone or is harmless.
    Failed,
    /// The operation was cancelled before it changed anything.
    Cancelled,
}

impl OperationState {
    /// Name in SQL and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Parses a name; the inverse of [`OperationState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed, Self::Cancelled].into_iter().find(|state| state.name() == name)
    }
}

/// Work that takes longer than a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// Kind of work: `pin`, `restore`, `replay`, `dry_run`, ...
    pub kind: String,
    /// Its state.
    pub state: OperationState,
    /// Share of the work that is done, 0 to 1.
    pub progress: f64,
    /// Estimated remaining time in seconds; absent when it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<f64>,
    /// Result, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result: Option<serde_json::Value>,
    /// Reason of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Name of the API key or part of the service that requested it.
    pub actor: String,
    /// Time when it began.
    pub created_at: Timestamp,
    /// Time of the last heartbeat of its process.
    pub updated_at: Timestamp,
    /// Time when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}
