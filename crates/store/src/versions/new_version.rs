//! What is about to be stored.

use std::fmt;

use shelfmark_domain::{DeploymentMode, Derived, Digest, Position, Served, VersionNumber};
use shelfmark_state::{ReadBack, Segment};

/// A state about to be stored.
pub struct NewVersion {
    /// The state's position.
    pub position: Position,
    /// Head of the log, or an earlier position, when the state was read or copied: whoever was forgotten later may still be
    /// in it.
    pub seen_through: Position,
    /// The version it grew from.
    pub parent: Option<VersionNumber>,
    /// The version that the segments are changes of; `None`: they are the whole state.
    pub delta_of: Option<VersionNumber>,
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
    /// The state, or its changes, piece by piece in order.
    pub segments: NewSegments,
    /// What the pieces must be when they are read back, before the version is there for anybody; `None`: that is not known.
    pub read_back: Option<Box<ReadBack>>,
}

/// Pieces that are encoded as they are sent.
pub struct NewSegments(pub(super) Box<dyn Iterator<Item = Segment> + Send + Sync>);

impl NewSegments {
    /// Pieces in the order of (table, ordinal). Runs on a blocking thread, one piece at a time.
    pub fn new(segments: impl IntoIterator<Item = Segment, IntoIter: Send + Sync + 'static>) -> Self {
        Self(Box::new(segments.into_iter()))
    }
}

impl fmt::Debug for NewSegments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewSegments")
    }
}

/// A deployment about to be recorded. What was served before it, the table says.
pub struct NewDeployment {
    /// What was done.
    pub mode: DeploymentMode,
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
