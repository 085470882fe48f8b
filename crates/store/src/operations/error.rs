//! What can go wrong with operations.

use shelfmark_domain::ErrorKind;

/// What can go wrong with operations.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// No such operation.
    #[error("no operation {0}")]
    NotFound(String),
    /// Postgres failed.
    #[error("the operations' database failed")]
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
