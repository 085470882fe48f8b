//! Erasure of a user from a state (P10).

use std::sync::Arc;

use shelfmark_domain::{ForgottenUser, Id};

use super::{Digester, History, IdMap, InferenceState, State, Table, Touched};

impl IdMap {
    /// Returns the rows of a forgotten user's names with their pseudonyms, and whether they have those already. Hashes
    /// every id.
    fn forgotten(&self, name: impl Fn(&str) -> Option<Id>, names: impl Iterator<Item = Id>) -> Vec<(u32, Id, bool)> {
        let renamed = names.filter_map(|name| Some((self.get(name.as_str())?, name, true)));
        let mut rows: Vec<_> = renamed.collect();
        let ids = self.ids().filter_map(|(row, id)| Some((row, name(id.as_str())?, false)));
        rows.extend(ids.collect::<Vec<_>>());
        rows
    }
}

impl InferenceState {
    fn forgotten_users(&self, user: &ForgottenUser) -> Vec<(u32, Id, bool)> {
        // Without other names, a log that was rewritten before it was learned needs no pass over the ids.
        if user.users().is_empty()
            && let Some(row) = self.users.get(user.name().as_str())
        {
            return vec![(row, user.name().clone(), true)];
        }
        let names = [user.name()].into_iter().chain(user.users()).cloned();
        self.users.forgotten(|id| user.user(id), names)
    }

    fn forgotten_sessions(&self, user: &ForgottenUser) -> Vec<(u32, Id, bool)> {
        if user.sessions().is_empty() {
            return Vec::new();
        }
        self.sessions.forgotten(|id| user.session(id), user.sessions().iter().cloned())
    }

    /// Replaces the user's names by their pseudonyms. Returns the rows that had one.
    pub fn forget_ids(&mut self, user: &ForgottenUser) -> Vec<(Table, u32)> {
        let mut rows = Vec::new();
        for (row, name, _) in self.forgotten_users(user).into_iter().filter(|(.., renamed)| !renamed) {
            rows.extend(self.users.put(row as usize, &name).map(|()| (Table::Users, row)));
        }
        for (row, name, _) in self.forgotten_sessions(user).into_iter().filter(|(.., renamed)| !renamed) {
            rows.extend(self.sessions.put(row as usize, &name).map(|()| (Table::Sessions, row)));
        }
        rows
    }
}

impl State {
    /// Erases a user under all names: the rows keep their numbers only. Returns `false` when the user is unknown.
    pub fn forget(&mut self, user: &ForgottenUser) -> bool {
        let users = self.inference.forgotten_users(user);
        let sessions = self.inference.forgotten_sessions(user);
        self.inference.forget_ids(user);
        let nothing = Arc::new(History::default());
        for (row, ..) in &users {
            self.empty_user(*row, &nothing);
            self.touched.mark(Table::Users, *row);
            if let Some(base_weights) = &mut self.base_weights
                && let Some(row) = base_weights.forget_user(*row)
            {
                self.touched.mark(Table::BaseWeights, row);
                self.touched.mark_reshaped();
            }
        }
        for (row, ..) in &sessions {
            *self.inference.session_histories.get_mut(*row as usize) = Arc::clone(&nothing);
            self.touched.mark(Table::Sessions, *row);
            self.touched.mark(Table::SessionHistories, *row);
        }
        if users.is_empty() && sessions.is_empty() {
            return false;
        }
        // The next event begins a new unit.
        self.inference.counters.close_unit();
        self.touched.mark(Table::Counters, 0);
        true
    }

    /// Replaces the user's names alone, before records are applied that have the pseudonyms already.
    pub fn replace_names(&mut self, user: &ForgottenUser) {
        for (table, row) in self.inference.forget_ids(user) {
            self.touched.mark(table, row);
        }
    }

    /// Replaces the user's names alone, in a state at an earlier position, and updates the digest. Histories and vector
    /// stay under the pseudonyms, so that the log still leads from this state to the later ones. Returns `false` when
    /// there are no such names.
    pub fn forget_id(&mut self, user: &ForgottenUser, digester: &mut Digester) -> bool {
        let rows = self.inference.forget_ids(user);
        let mut touched = Touched::default();
        rows.iter().for_each(|(table, row)| touched.mark(*table, *row));
        digester.update(self, &touched);
        !rows.is_empty()
    }
}
