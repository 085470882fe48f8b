//! API keys: scopes, and the hash by which a key is recognised without being stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Scope of an API key. Each scope includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reads recommendations, embeddings, versions and health.
    Read,
    /// Also writes events and items.
    Write,
    /// Also manages versions, rollback, configuration and erasure.
    Admin,
}

impl Scope {
    /// Returns the name in SQL, flags and errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Parses a name as returned by [`Scope::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|scope| scope.name() == name)
    }
}

/// SHA-256 of a key. Keys are 256 random bits, so a slow hash would not protect better.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// An API key as stored: without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Unique name; shown as the actor of deployments.
    pub name: String,
    /// Hash of the secret.
    pub hash: KeyHash,
    /// Scope of the key.
    pub scope: Scope,
    /// The only model that the key is for; `None` means all.
    pub model: Option<String>,
    /// When the key was created.
    pub created_at: Timestamp,
}
