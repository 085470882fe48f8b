//! Rollback requests, and the origin of the versions that rollbacks create.

use serde::{Deserialize, Serialize};

use super::{DeploymentMode, Exclusions, Position, Timestamp, VersionNumber, VersionRef};

/// Target of a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTarget {
    /// A version.
    Version(VersionRef),
    /// The state right after the record at a position; 0 is the state before the first.
    Position(Position),
    /// The state after the last record committed at or before a time.
    Time(Timestamp),
}

/// Mode of a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RollbackMode {
    /// Readers see the target until unpinned; the learner goes on at the head.
    Pin,
    /// The live state becomes the target; records between the target and now are not applied.
    Restore,
    /// The live state becomes the result of learning the log after the target again, without some records.
    Replay,
}

impl RollbackMode {
    /// Returns the name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Restore => "restore",
            Self::Replay => "replay",
        }
    }

    /// Parses a name as returned by [`RollbackMode::name`].
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pin, Self::Restore, Self::Replay].into_iter().find(|mode| mode.name() == name)
    }
}

impl From<RollbackMode> for DeploymentMode {
    fn from(mode: RollbackMode) -> Self {
        match mode {
            RollbackMode::Pin => Self::Pin,
            RollbackMode::Restore => Self::Restore,
            RollbackMode::Replay => Self::Replay,
        }
    }
}

/// A rollback request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    /// Target.
    pub to: RollbackTarget,
    /// Mode.
    pub mode: RollbackMode,
    /// Records that a replay leaves out; empty for the other modes.
    pub except: Exclusions,
    /// Whether to report the effect only.
    pub dry_run: bool,
    /// Reason given by the caller.
    pub reason: Option<String>,
    /// Name of the API key, or of the part of the service that asks.
    pub actor: String,
    /// Further details for the deployment entry.
    pub details: Option<serde_json::Value>,
}

/// Origin of a derived version: one whose state is not that of the log at its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Derived {
    /// Cut inside an append, which the live model learned as a whole.
    Cut(CutOrigin),
    /// The result of a replay: the log after a version, without some records.
    Replay(ReplayOrigin),
}

/// Append that a derived version ends in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CutOrigin {
    /// Last position of the append.
    pub append_last: Position,
}

/// Replay that a derived version is the result of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayOrigin {
    /// The version that the replay began from.
    pub from: VersionNumber,
    /// The records that were left out.
    pub except: Exclusions,
}
