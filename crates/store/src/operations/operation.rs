//! An operation as it stands.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use shelfmark_domain::Timestamp;

/// Id of an operation: a UUID of version 7, so that ids are in order of their beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct OperationId(Uuid);

impl OperationId {
    /// A new one, after all that this process made before.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads the hyphenated form.
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

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// At work.
    Running,
    /// It did what was asked.
    Done,
    /// It did not, and says why; what it had begun is undone or harmless.
    Failed,
    /// Somebody ended it before it changed anything.
    Cancelled,
}

impl OperationState {
    /// Name in SQL and outside.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reverse of [`OperationState::name`].
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
    /// What it does: `pin`, `restore`, `replay`, `dry_run`, ...
    pub kind: String,
    /// Where it stands.
    pub state: OperationState,
    /// How much is done, 0 to 1.
    pub progress: f64,
    /// Seconds that it will still take, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_s: Option<f64>,
    /// What came of it, once it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When its process was last heard of.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}
