//! Merges: what a user did under another name becomes the user's own.

use serde::{Deserialize, Serialize};

use super::{ForgottenUser, Id};

/// Moves the history of another user, or of a session, into a user's. Whoever it came from has none afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The user who gets the history.
    pub into: Id,
    /// Whose history it was.
    pub from: MergeSource,
}

/// Whose history is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeSource {
    /// Another user, such as a guest with an id of its own.
    User(Id),
    /// A session: what it did without a user.
    Session(Id),
}

impl Merge {
    /// Replaces the names of a forgotten user by their pseudonyms. Returns whether any was named.
    pub fn forget(&mut self, user: &ForgottenUser) -> bool {
        let into = user.user(self.into.as_str());
        let from = match &self.from {
            MergeSource::User(id) => user.user(id.as_str()).map(MergeSource::User),
            MergeSource::Session(id) => user.session(id.as_str()).map(MergeSource::Session),
        };
        let named = into.is_some() || from.is_some();
        self.into = into.unwrap_or_else(|| self.into.clone());
        self.from = from.unwrap_or_else(|| self.from.clone());
        named
    }
}
