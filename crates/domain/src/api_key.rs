//! API keys: what a key may do, and how it is recognised without being kept.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What a key may do. Each scope includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Recommendations, embeddings, versions, health.
    Read,
    /// Events and items too.
    Write,
    /// Versions, rollback, configuration, erasure too.
    Admin,
}

impl Scope {
    /// Name in SQL, flags and errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Reverse of [`Scope::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|scope| scope.name() == name)
    }
}

/// SHA-256 of a key. Keys are 256 random bits, so a slow hash would protect nothing more.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// A key as it is kept: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Name that people gave it; unique; shown as the actor of deployments.
    pub name: String,
    /// Hash of the secret.
    pub hash: KeyHash,
    /// What it may do.
    pub scope: Scope,
    /// The one model it is for; `None` means all.
    pub model: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
