//! Versions and deployments: stored states, and what readers are served.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Derived, FieldError, FieldResult, ModelName, Position, Timestamp, text_within};

/// Number of a version within its model, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = u32))]
pub struct VersionNumber(pub u32);

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Hash of a whole state (tables with optimizer state, ids, histories, counters, configuration), but not of its
/// position. 32 hexadecimal digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 32, max_length = 32))]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Description of a version, without its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionManifest {
    /// Number of the version.
    pub version: VersionNumber,
    /// Label, unique within the model.
    pub label: Option<String>,
    /// Reason for which the version was taken.
    pub reason: Option<String>,
    /// Position of the state.
    pub position: Position,
    /// The previous version of the same line, if any.
    pub parent: Option<VersionNumber>,
    /// Digest of the state.
    pub digest: Digest,
    /// Whether it holds all rows or those that changed since its parent.
    pub kind: VersionKind,
    /// Number of rows that it holds itself.
    pub rows: u64,
    /// Bytes of its own rows, compressed.
    pub bytes: u64,
    /// Bytes of its own rows before compression.
    pub raw_bytes: u64,
    /// When the version was taken.
    pub created_at: Timestamp,
    /// Name of the API key that took the version, or `system`.
    pub actor: String,
    /// Counts and quality figures at that position.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metrics: serde_json::Value,
    /// Numeric fingerprint of the process that took the version: libtorch build, CPU capability, threads, order of sums
    /// (P4).
    pub fingerprint: String,
    /// Origin of a derived version, whose state is not that of the log at its position. Learning never starts from one
    /// by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
}

/// Kind of a version: base or delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VersionKind {
    /// All rows.
    Base,
    /// The rows that changed since the previous version.
    Delta,
}

/// Reference to a version by number or by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRef {
    /// Number of the version.
    Number(VersionNumber),
    /// Label of the version; never a number.
    Label(String),
}

impl VersionRef {
    /// Parses a number such as `12` or a label such as `before-sale`.
    pub fn parse(field: &str, text: &str) -> FieldResult<Self> {
        if let Ok(number) = text.parse::<u32>() {
            return Ok(Self::Number(VersionNumber(number)));
        }
        check_label(field, text)?;
        Ok(Self::Label(text.to_owned()))
    }
}

/// Checks a label: 1 to 128 bytes, not a number and not `live`.
pub fn check_label(field: &str, label: &str) -> FieldResult<()> {
    text_within(field, label, 128)?;
    if label.bytes().all(|b| b.is_ascii_digit()) || label == "live" {
        return Err(FieldError::new(field, "reserved", "must not be a number or 'live'"));
    }
    Ok(())
}

/// State that answers readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The newest published state.
    Live,
    /// A pinned version.
    Version(VersionNumber),
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::Version(number) => number.fmt(f),
        }
    }
}

/// Mode of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentMode {
    /// Pinned: readers see a version; the learner goes on.
    Pin,
    /// Unpinned: readers see the live state again.
    Unpin,
    /// Restored: the live state became that of a version.
    Restore,
    /// Replayed: the live state became the result of learning the log after a version again, without some records.
    Replay,
    /// Split: readers are divided over several states.
    Split,
    /// Frozen: learning stopped; what is served stayed.
    Freeze,
    /// Resumed: learning went on; what is served stayed.
    Resume,
}

/// An entry of the deployment history: a change of what is served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Number within the model, from 1.
    pub number: u64,
    /// Kind of change.
    pub mode: DeploymentMode,
    /// State served before: a version's number, or `live`.
    pub from: Served,
    /// What is served since; for a split, the arm with the largest share.
    pub to: Served,
    /// The version that was pinned or restored; for a replay, the version that holds its result.
    pub version: Option<VersionNumber>,
    /// For a restore, replay, freeze or resume: position of its record in the log. Null when learning was already in
    /// that state.
    pub position: Option<Position>,
    /// Name of the API key that asked, or of the part of the service.
    pub actor: String,
    /// Reason given.
    pub reason: Option<String>,
    /// Time of the deployment.
    pub at: Timestamp,
    /// Details: the arms of a split (`split`), or the numbers that made the guard act (`guard`).
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub details: Option<serde_json::Value>,
}

/// Origin of a fork: the version of another model that is its state at position 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkOrigin {
    /// The other model.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model: ModelName,
    /// Version of that model. It cannot be deleted while the fork exists.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub version: VersionNumber,
}
