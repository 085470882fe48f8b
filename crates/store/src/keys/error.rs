//! Errors of the key store.

use shelfmark_domain::{ErrorKind, FieldError};

/// Error of the key store.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A field breaks its rule.
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
    /// Without keys there is no authentication, so the last one is not revoked by a request.
    #[error("{0:?} is the last key: without keys, whoever is on the service's machine may do everything")]
    Last(String),
    /// A statement failed, or Postgres could not be reached.
    #[error("the database of the key store failed")]
    Database(#[from] sqlx::Error),
}

impl KeyError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Field(_) => ErrorKind::Invalid,
            Self::NameTaken(_) => ErrorKind::KeyExists,
            Self::NotFound(_) => ErrorKind::KeyNotFound,
            Self::TooMany(_) => ErrorKind::TooManyKeys,
            Self::Last(_) => ErrorKind::LastKey,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
        }
    }
}
