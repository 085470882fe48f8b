//! What can go wrong with keys.

use shelfmark_domain::FieldError;

/// What can go wrong with keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name breaks its rule.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Another key has this name.
    #[error("there is a key named {0:?} already")]
    NameTaken(String),
    /// No such key.
    #[error("no key named {0:?}")]
    NotFound(String),
    /// As many keys as there may be.
    #[error("there are {0} keys, which is the most there may be")]
    TooMany(usize),
    /// Postgres failed.
    #[error("the key store's database failed")]
    Database(#[from] sqlx::Error),
}
