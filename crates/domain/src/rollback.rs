//! What a rollback asks for, and how the versions that it makes came to be.

use serde::{Deserialize, Serialize};

use super::{DeploymentMode, Except, Position, Timestamp, VersionNumber, VersionRef};

/// Where a rollback goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTarget {
    /// To a version.
    Version(VersionRef),
    /// To the state right after a record; 0 is the state before the first.
    Position(Position),
    /// To the state after the last record that was committed by then.
    Time(Timestamp),
}

/// How a rollback goes to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackMode {
    /// Readers see the state until unpinned; the learner goes on at the head.
    Pin,
    /// The live state becomes that state; what came after it stays unapplied.
    Restore,
    /// The log after the state is applied to it again, without the records that are left out.
    Replay,
}

impl RollbackMode {
    /// Returns the name, as callers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Restore => "restore",
            Self::Replay => "replay",
        }
    }

    /// Returns the mode of a name.
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

/// A rollback as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    /// Where to.
    pub to: RollbackTarget,
    /// How.
    pub mode: RollbackMode,
    /// What a replay leaves out; empty for the other modes.
    pub except: Except,
    /// Only find out what it would do.
    pub dry_run: bool,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// What the deployment entry says beside it.
    pub details: Option<serde_json::Value>,
}

/// How a version's state was made that is not the state of the log at its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Derived {
    /// The first records of an append that goes on: the live model learned the append as a whole.
    Cut {
        /// Last position of the append.
        append_last: Position,
    },
    /// The log from a version on, without some of its records.
    Replay {
        /// The version that it began from.
        from: VersionNumber,
        /// What was left out.
        except: Except,
    },
}
