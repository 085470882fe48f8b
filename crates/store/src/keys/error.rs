//! Errors of the key store.

use shelfmark_domain::FieldError;

/// Error of the key store.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name is empty or too long.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Another key has this name.
    #[error("there is a key named {0:?} already")]
    NameTaken(String),
    /// No key has this name.
    #[error("no key named {0:?}")]
    NotFound(String),
    /// The maximum number of keys is reached.
    #[error("there are {0} keys, which is the maximum")]
    TooMany(usize),
    /// A statement failed, or Postgres could not be reached.
    #[error("the database of the key store failed")]
    Database(#[from] sqlx::Error),
}
