//! What can go wrong with operations.

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
