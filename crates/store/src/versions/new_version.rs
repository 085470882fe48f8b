//! Inputs of the version store: versions and deployments to be stored.

use std::fmt;

use shelfmark_domain::{DeploymentMode, Derived, Digest, Position, Served, VersionNumber};
use shelfmark_state::{ReadBack, Segment};

/// Version to be stored.
pub struct NewVersion {
    /// The state's position.
    pub position: Position,
    /// Position through which erasures are known to be applied to the state: the head, or an earlier position, when the
    /// state was read. It may still hold users who were forgotten later.
    pub seen_through: Position,
    /// The version that the state grew from.
    pub parent: Option<VersionNumber>,
    /// The version that the segments are a delta of; `None` when they are the whole state.
    pub delta_of: Option<VersionNumber>,
    /// The state's digest.
    pub digest: Digest,
    /// Label, unique within the model.
    pub label: Option<String>,
    /// Reason, as free text.
    pub reason: Option<String>,
    /// Name of the API key or part of the service that takes the version.
    pub actor: String,
    /// Counts and quality, as a JSON object.
    pub metrics: serde_json::Value,
    /// Numeric fingerprint (P4).
    pub fingerprint: String,
    /// Provenance of a state that is not the log's at its position.
    pub derived: Option<Derived>,
    /// Segments of the state, or of its changes.
    pub segments: NewSegments,
    /// Expected content, checked against the stored segments before the commit; `None` skips the check.
    pub read_back: Option<Box<ReadBack>>,
}

/// Segments that are encoded while they are sent.
pub struct NewSegments(pub(super) Box<dyn Iterator<Item = Segment> + Send + Sync>);

impl NewSegments {
    /// Takes segments in the order of (table, ordinal). The iterator runs on a blocking thread, one segment at a time.
    pub fn new(segments: impl IntoIterator<Item = Segment, IntoIter: Send + Sync + 'static>) -> Self {
        Self(Box::new(segments.into_iter()))
    }
}

impl fmt::Debug for NewSegments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewSegments")
    }
}

/// Deployment to be recorded. What was served before comes from the table.
pub struct NewDeployment {
    /// Kind of deployment.
    pub mode: DeploymentMode,
    /// What is served afterwards. Ignored for a freeze and a resume, which do not change what is served. A split is
    /// recorded by [`super::VersionStore::deploy_split`].
    pub to: Served,
    /// The version pinned or restored.
    pub version: Option<VersionNumber>,
    /// Position of the log record of a restore, a freeze or a resume.
    pub position: Option<Position>,
    /// Name of the API key or part of the service that deploys.
    pub actor: String,
    /// Reason, as free text.
    pub reason: Option<String>,
    /// Further details, as a JSON object.
    pub details: Option<serde_json::Value>,
}
