//! Versions, deployments and what a rollback asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Derived, FieldError, FieldResult, Position, Timestamp, text_within};

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

/// Hash of a whole state (tables with optimiser state, ids, histories, counters, configuration), not of its position.
/// 32 hexadecimal digits outside.
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

/// What a version is, without its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionManifest {
    /// Its number.
    pub version: VersionNumber,
    /// Name that people gave it; unique within the model.
    pub label: Option<String>,
    /// Why it was taken.
    pub reason: Option<String>,
    /// The state's position.
    pub position: Position,
    /// The version before it in the same line, if any.
    pub parent: Option<VersionNumber>,
    /// The state's digest.
    pub digest: Digest,
    /// Whether it holds all rows or those that changed since its parent.
    pub kind: VersionKind,
    /// Rows that it holds itself.
    pub rows: u64,
    /// Bytes of its own rows, compressed.
    pub bytes: u64,
    /// Bytes of its own rows before compression.
    pub raw_bytes: u64,
    /// When it was taken.
    pub created_at: Timestamp,
    /// Name of the key that asked, or `system`.
    pub actor: String,
    /// Counts and quality figures at that position.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metrics: serde_json::Value,
    /// Numeric fingerprint of the process that took it: libtorch build, CPU capability, threads, order of sums (P4).
    pub fingerprint: String,
    /// How its state was made, when it is not the state of the log at its position. Learning never begins from such a
    /// version by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
}

/// What a version holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VersionKind {
    /// All rows.
    Base,
    /// The rows that changed since the version before it.
    Delta,
}

/// A version by number or by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRef {
    /// By number.
    Number(VersionNumber),
    /// By label; labels are not numbers.
    Label(String),
}

impl VersionRef {
    /// Reads `12` or `before-sale`.
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

/// Where readers' answers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The newest published state.
    Live,
    /// A version, until unpinned.
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

/// What a deployment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeploymentMode {
    /// Readers see a version; the learner goes on.
    Pin,
    /// Readers see the live state again.
    Unpin,
    /// The live state became that of a version.
    Restore,
    /// The live state became what the log makes of a version's state without the records that were left out.
    Replay,
    /// Readers were split over several states.
    Split,
    /// Learning stopped; what is served stayed.
    Freeze,
    /// Learning went on; what is served stayed.
    Resume,
}

/// One entry of the history of what was served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Number within the model, from 1.
    pub number: u64,
    /// What was done.
    pub mode: DeploymentMode,
    /// What was served before.
    pub from: Served,
    /// What is served since; of a split the arm with the largest share.
    pub to: Served,
    /// The version that was pinned or restored; of a replay, the one that holds its result.
    pub version: Option<VersionNumber>,
    /// For a restore, a replay, a freeze and a resume: the position of its record in the log; null when learning stood so already.
    pub position: Option<Position>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// More of it: the arms of a split (`split`), the numbers that made the guard act (`guard`).
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub details: Option<serde_json::Value>,
}
