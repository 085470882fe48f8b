//! Rollback requests, and the origin of the versions that rollbacks create.

use serde::{Deserialize, Serialize};

use super::{DeploymentMode, Except, Position, Timestamp, VersionNumber, VersionRef};

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

/// A rollback request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    /// Target.
    pub to: RollbackTarget,
    /// `Pin`, `Restore` or `Replay`.
    pub mode: DeploymentMode,
    /// Records that a replay leaves out; empty for the other modes.
    pub except: Except,
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
    Cut {
        /// Last position of the append.
        append_last: Position,
    },
    /// The result of a replay: the log after a version, without some records.
    Replay {
        /// The version that the replay began from.
        from: VersionNumber,
        /// The records that were left out.
        except: Except,
    },
}
