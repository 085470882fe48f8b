//! Pseudonyms of an erased user: salted SHA-256 of the user's names (P10).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Id;

/// Identifies an erased user to those who know the id, and to nobody else. In the log, in versions and in states,
/// pseudonyms replace the id and the user's other names, so that the rest of each history can stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenUser {
    salt: u64,
    name: Id,
    /// Pseudonyms of users who were merged into this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    users: BTreeSet<Id>,
    /// Pseudonyms of sessions whose visits went into the user's history, or may.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    sessions: BTreeSet<Id>,
}

/// The names of a user: the id, and what the log links with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserNames {
    /// Ids of users: the user's own, and those of users merged into it.
    pub users: BTreeSet<Id>,
    /// Sessions that acted without a user too.
    pub sessions: BTreeSet<Id>,
}

impl UserNames {
    /// Creates the names of a user who has none but the id.
    pub fn new(user: Id) -> Self {
        Self { users: [user].into(), sessions: BTreeSet::new() }
    }
}

impl ForgottenUser {
    /// Creates the pseudonym of a user. Draw `salt` at random, once.
    pub fn new(user: &Id, salt: u64) -> Self {
        let name = pseudonym(user.as_str(), salt);
        Self { salt, name, users: BTreeSet::new(), sessions: BTreeSet::new() }
    }

    /// Covers the user's other names as well.
    #[must_use]
    pub fn with_names(mut self, names: &UserNames) -> Self {
        let salt = self.salt;
        let of = |ids: &BTreeSet<Id>| -> BTreeSet<Id> { ids.iter().map(|id| pseudonym(id.as_str(), salt)).collect() };
        self.users = of(&names.users);
        self.users.remove(&self.name);
        self.sessions = of(&names.sessions);
        self
    }

    /// Returns the pseudonym of the user's id.
    pub const fn name(&self) -> &Id {
        &self.name
    }

    /// Returns the pseudonyms of the other users.
    pub const fn users(&self) -> &BTreeSet<Id> {
        &self.users
    }

    /// Returns the pseudonyms of the sessions.
    pub const fn sessions(&self) -> &BTreeSet<Id> {
        &self.sessions
    }

    /// Returns the pseudonym of a user's id, if it is one of the user's names.
    pub fn user(&self, id: &str) -> Option<Id> {
        let name = pseudonym(id, self.salt);
        (name == self.name || self.users.contains(&name)).then_some(name)
    }

    /// Returns the pseudonym of a session's id, if it is one of the user's.
    pub fn session(&self, id: &str) -> Option<Id> {
        if self.sessions.is_empty() {
            return None;
        }
        let name = pseudonym(id, self.salt);
        self.sessions.contains(&name).then_some(name)
    }
}

/// Beginning of every pseudonym.
const PSEUDONYM: &str = "forgotten-";

/// Whether an id has the form of a pseudonym: whose id it was is forgotten.
pub fn is_pseudonym(id: &str) -> bool {
    let hash = id.strip_prefix(PSEUDONYM);
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')))
}

fn pseudonym(id: &str, salt: u64) -> Id {
    let mut hash = Sha256::new();
    hash.update(salt.to_le_bytes());
    hash.update(id.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest.split_first_chunk::<16>().expect("SHA-256 has 32 bytes");
    Id::new("user", &format!("{PSEUDONYM}{:032x}", u128::from_be_bytes(*first))).expect("letters, digits and a dash")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new("user", text).expect("an id")
    }

    #[test]
    fn only_the_users_names_match_their_pseudonyms() {
        let user = id("ann@example.org");
        let forgotten = ForgottenUser::new(&user, 7);
        assert_eq!(forgotten.user("ann@example.org").as_ref(), Some(forgotten.name()));
        assert_eq!((forgotten.user("ann@example.com"), forgotten.session("visit")), (None, None));
        assert_ne!(forgotten, ForgottenUser::new(&user, 8));
        assert!(is_pseudonym(forgotten.name().as_str()) && !is_pseudonym("forgotten-ann") && !is_pseudonym("ann"));
        let text = serde_json::to_string(&forgotten).expect("JSON");
        assert!(!text.contains("ann") && text.len() < 100, "{text}");

        let names = UserNames { users: [user, id("guest-ann")].into(), sessions: [id("visit")].into() };
        let linked = forgotten.clone().with_names(&names);
        assert!(linked.user("guest-ann").is_some() && linked.user("ann@example.org").as_ref() == Some(linked.name()));
        assert!(linked.session("visit").is_some() && linked.session("guest-ann").is_none());
        assert_eq!((linked.users().len(), linked.sessions().len()), (1, 1));
        let text = serde_json::to_string(&linked).expect("JSON");
        assert!(!text.contains("ann") && !text.contains("visit"), "{text}");
        assert_eq!(serde_json::from_str::<ForgottenUser>(&text).expect("reads"), linked);
    }
}
