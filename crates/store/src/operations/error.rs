//! Errors of the store of operations.

use shelfmark_domain::ErrorKind;

/// Error of the store of operations.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The operation does not exist, or is too old and was deleted.
    #[error("no operation {0}")]
    NotFound(String),
    /// A statement failed, or Postgres could not be reached.
    #[error("the database of operations failed")]
    Database(#[from] sqlx::Error),
}

impl OperationError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::OperationNotFound,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
        }
    }
}
