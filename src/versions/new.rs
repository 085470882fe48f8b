//! What is about to be stored.

use crate::{
    domain::{DeploymentMode, Derived, Digest, Position, Served, VersionNumber},
    state::Segment,
};

/// A state about to be stored.
pub struct NewVersion {
    /// The state's position.
    pub position: Position,
    /// The version it grew from.
    pub parent: Option<VersionNumber>,
    /// The state's digest.
    pub digest: Digest,
    /// Name.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
    /// Counts and quality.
    pub metrics: serde_json::Value,
    /// Numeric fingerprint.
    pub fingerprint: String,
    /// How the state was made, when it is not the log's.
    pub derived: Option<Derived>,
    /// The state.
    pub segments: Vec<Segment>,
}

/// A deployment about to be recorded. What was served before it, the table says.
pub struct NewDeployment {
    /// What was done.
    pub mode: DeploymentMode,
    /// After.
    pub to: Served,
    /// The version pinned or restored.
    pub version: Option<VersionNumber>,
    /// Position of the restore record.
    pub position: Option<Position>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}
