//! Pseudonym of an erased user: a salted SHA-256 of the id (P10).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Id;

/// Identifies an erased user to those who know the id, and to nobody else. In the log, in versions and in states,
/// [`ForgottenUser::name`] replaces the id, so that the rest of each history can stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenUser {
    salt: u64,
    name: Id,
}

impl ForgottenUser {
    /// Creates the pseudonym of a user. Draw `salt` at random, once.
    pub fn new(user: &Id, salt: u64) -> Self {
        Self { salt, name: name(user.as_str(), salt) }
    }

    /// Returns the pseudonym.
    pub const fn name(&self) -> &Id {
        &self.name
    }

    /// Whether this is the user's id.
    pub fn is(&self, id: &str) -> bool {
        name(id, self.salt) == self.name
    }
}

fn name(id: &str, salt: u64) -> Id {
    let mut hash = Sha256::new();
    hash.update(salt.to_le_bytes());
    hash.update(id.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest.split_first_chunk::<16>().expect("SHA-256 has 32 bytes");
    Id::new("user", &format!("forgotten-{:032x}", u128::from_be_bytes(*first))).expect("letters, digits and a dash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_matches_its_pseudonym() {
        let user = Id::new("user", "ann@example.org").expect("an id");
        let forgotten = ForgottenUser::new(&user, 7);
        assert!(forgotten.is("ann@example.org") && !forgotten.is("ann@example.com"));
        assert_ne!(forgotten, ForgottenUser::new(&user, 8));
        let text = serde_json::to_string(&forgotten).expect("JSON");
        assert!(!text.contains("ann") && text.len() < 100, "{text}");
    }
}
