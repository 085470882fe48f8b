//! API keys: scopes, and the hash by which a key is recognised without being stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Origin, Timestamp};

/// Scope of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = KeyScope))]
pub enum Scope {
    /// Reads recommendations, embeddings, versions and health.
    Read,
    /// Also reads what names all users: the event log, lists of users, and exports.
    Export,
    /// Reads as [`Scope::Read`] does, and writes events and items.
    Write,
    /// Everything: also manages versions, rollback, configuration and erasure.
    Admin,
    /// Appends events and nothing else: for pages in browsers.
    Ingest,
    /// Asks for recommendations and nothing else: for pages in browsers.
    Recommend,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 6] = [Self::Read, Self::Export, Self::Write, Self::Admin, Self::Ingest, Self::Recommend];

    /// Returns the name in SQL, flags and errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Export => "export",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Ingest => "ingest",
            Self::Recommend => "recommend",
        }
    }

    /// Parses a name as returned by [`Scope::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether a key of this scope may do what needs `other`.
    ///
    /// `export` and `write` do not include each other: a shop that posts events need not read everybody's.
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Export => matches!(other, Self::Recommend | Self::Read | Self::Export),
            Self::Write => matches!(other, Self::Recommend | Self::Read | Self::Ingest | Self::Write),
            Self::Read => matches!(other, Self::Recommend | Self::Read),
            Self::Ingest => matches!(other, Self::Ingest),
            Self::Recommend => matches!(other, Self::Recommend),
        }
    }

    /// Whether requests of this scope change nothing.
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::Read | Self::Export | Self::Recommend)
    }

    /// Whether keys of this scope stand in pages, where everybody can read them. They are bound to a model, to origins
    /// and to a rate.
    pub const fn is_for_pages(self) -> bool {
        matches!(self, Self::Ingest | Self::Recommend)
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
    /// When the key ceases to be accepted; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// The pages that may use it, of a scope for pages; empty for others.
    pub origins: Vec<Origin>,
    /// Requests a second, on average, of a scope for pages; `None` means any number.
    pub requests_per_second: Option<u32>,
}

impl ApiKey {
    /// Whether the key has expired.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_includes_what_its_table_says() {
        use Scope::{Admin, Export, Ingest, Read, Recommend, Write};
        for (scope, included) in [
            (Read, &[Read, Recommend][..]),
            (Export, &[Read, Export, Recommend]),
            (Write, &[Read, Write, Ingest, Recommend]),
            (Admin, &Scope::ALL),
            (Ingest, &[Ingest]),
            (Recommend, &[Recommend]),
        ] {
            for other in Scope::ALL {
                assert_eq!(scope.includes(other), included.contains(&other), "{} {}", scope.name(), other.name());
            }
            assert_eq!(Scope::from_name(scope.name()), Some(scope));
        }
    }
}
