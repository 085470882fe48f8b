//! What is about to be stored.

use crate::{
    domain::{DeploymentMode, Digest, Position, Served, VersionNumber},
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
    /// The state.
    pub segments: Vec<Segment>,
}

/// A deployment about to be recorded.
pub struct NewDeployment {
    /// What was done.
    pub mode: DeploymentMode,
    /// Before, as the caller saw it. What is recorded is what stood in the table, in case another process was faster.
    pub from: Served,
    /// After. A split is announced by [`super::VersionStore::deploy_split`], and a freeze and a resume leave what is served
    /// as it is, whatever stands here.
    pub to: Served,
    /// The version pinned or restored.
    pub version: Option<VersionNumber>,
    /// Position of the record: of a restore, a freeze, a resume.
    pub position: Option<Position>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// More of it.
    pub details: Option<serde_json::Value>,
}
