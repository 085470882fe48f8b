//! What can go wrong with stored versions.

use shelfmark_domain::{ErrorKind, ModelName, VersionNumber};
use shelfmark_state::StateError;

/// What can go wrong with stored versions.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// No such version.
    #[error("no version {0}")]
    NotFound(String),
    /// The label belongs to another version.
    #[error("label {0:?} is taken")]
    LabelTaken(String),
    /// A stored segment does not match its checksum, or segments are missing.
    #[error("version {version} is corrupt: {detail}")]
    Corrupt {
        /// The version.
        version: VersionNumber,
        /// Which segment, and how.
        detail: String,
    },
    /// What was stored did not come back as it was: nothing was kept.
    #[error("a version did not come back as it was stored")]
    ReadBack(#[source] StateError),
    /// It is being served, is the newest, is named by a restore in the log, or a fork stands on it: it cannot be deleted.
    #[error("version {0} is in use")]
    InUse(VersionNumber),
    /// A user was forgotten while the state was on its way: it may still hold the user, and was not stored.
    #[error("a user was forgotten while the version was taken")]
    Outdated,
    /// There is no such model.
    #[error("no model {0}")]
    UnknownModel(ModelName),
    /// Postgres failed.
    #[error("the version store's database failed")]
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

    /// What a client is told where the error's own text says too much or too little.
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

/// Maps a violated constraint to what it means; `label` is the one that was asked for.
pub(super) fn by_constraint(error: sqlx::Error, label: Option<&str>) -> VersionError {
    let constraint = error.as_database_error().and_then(|e| e.constraint());
    match (constraint, label) {
        (Some("versions_label_unique"), Some(label)) => VersionError::LabelTaken(label.to_owned()),
        _ => VersionError::Database(error),
    }
}
