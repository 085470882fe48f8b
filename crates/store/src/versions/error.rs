//! Errors of the version store.

use shelfmark_domain::{ErrorKind, ModelName, VersionNumber};
use shelfmark_state::StateError;

/// Error of the version store.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The version does not exist.
    #[error("no version {0}")]
    NotFound(String),
    /// Another version has this label.
    #[error("label {0:?} is taken")]
    LabelTaken(String),
    /// A stored segment does not match its checksum, or segments are missing.
    #[error("version {version} is corrupt: {detail}")]
    Corrupt {
        /// The version.
        version: VersionNumber,
        /// The damaged segment, and what is wrong with it.
        detail: String,
    },
    /// The version did not read back as it was written, and was not stored.
    #[error("a version did not read back as it was written")]
    ReadBack(#[source] StateError),
    /// The version cannot be deleted: see [`VersionStore::delete`](super::VersionStore::delete).
    #[error("version {0} is in use")]
    InUse(VersionNumber),
    /// A user was forgotten after the state was read. The state may still hold the user, so it was not stored.
    #[error("a user was forgotten while the version was taken")]
    Outdated,
    /// The model does not exist.
    #[error("no model {0}")]
    UnknownModel(ModelName),
    /// A statement failed, or Postgres could not be reached.
    #[error("the database of the version store failed")]
    Database(#[from] sqlx::Error),
}

impl VersionError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::VersionNotFound,
            Self::LabelTaken(_) => ErrorKind::LabelTaken,
            Self::Corrupt { .. } => ErrorKind::VersionCorrupt,
            Self::ReadBack(_) => ErrorKind::VersionReadBackFailed,
            Self::InUse(_) => ErrorKind::VersionInUse,
            Self::Outdated => ErrorKind::UserForgottenMeanwhile,
            Self::UnknownModel(_) => ErrorKind::ModelNotFound,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
        }
    }

    /// Detail for clients, where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::Corrupt { version, .. } => {
                Some(format!("version {version} does not match its checksums and was refused"))
            }
            Self::NotFound(_)
            | Self::LabelTaken(_)
            | Self::ReadBack(_)
            | Self::InUse(_)
            | Self::Outdated
            | Self::UnknownModel(_)
            | Self::Database(_) => None,
        }
    }
}

/// Maps a violated constraint to its error. `label` is the requested one.
pub(super) fn by_constraint(error: sqlx::Error, label: Option<&str>) -> VersionError {
    let constraint = error.as_database_error().and_then(|e| e.constraint());
    match (constraint, label) {
        (Some("versions_label_unique"), Some(label)) => VersionError::LabelTaken(label.to_owned()),
        _ => VersionError::Database(error),
    }
}
