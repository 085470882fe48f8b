//! Erasure of a user from a state (P10).

use std::sync::Arc;

use shelfmark_domain::ForgottenUser;

use super::{Digester, History, IdMap, State, Table, Touched};

impl IdMap {
    /// Returns the row of a forgotten user, by pseudonym or, where that is unknown, by id. The latter hashes every id.
    fn forgotten(&self, user: &ForgottenUser) -> Option<u32> {
        self.get(user.name().as_str()).or_else(|| self.ids().find(|(_, id)| user.is(id.as_str())).map(|(row, _)| row))
    }

    /// Replaces the user's id by the pseudonym. Returns the row, or `None` when there is no such id.
    pub fn forget(&mut self, user: &ForgottenUser) -> Option<u32> {
        let row = self.forgotten(user)?;
        self.rename(row, user)?;
        Some(row)
    }

    /// Replaces a row's id by the pseudonym. Returns `None` and changes nothing when the row has it already.
    fn rename(&mut self, row: u32, user: &ForgottenUser) -> Option<()> {
        let renamed = self.id(row) != user.name();
        renamed.then(|| self.put(row as usize, user.name()))?
    }
}

impl State {
    /// Erases a user: the row keeps its number only. Returns `false` when the user is unknown.
    pub fn forget(&mut self, user: &ForgottenUser) -> bool {
        let Some(row) = self.inference.users.forgotten(user) else { return false };
        // A log that was rewritten before it was learned has the pseudonym already.
        let _known_by_name = self.inference.users.rename(row, user);
        self.empty_user(row, &Arc::new(History::default()));
        self.touched.mark(Table::Users, row);
        self.touched.mark(Table::Counters, 0);
        // The next event begins a new unit.
        self.inference.counters.close_unit();
        if let Some(base_weights) = &mut self.base_weights
            && let Some(row) = base_weights.forget_user(row)
        {
            self.touched.mark(Table::BaseWeights, row);
            self.touched.mark_reshaped();
        }
        true
    }

    /// Replaces the user's id alone, in a state at an earlier position, and updates the digest. History and vector stay
    /// under the pseudonym, so that the log still leads from this state to the later ones. Returns `false` when there
    /// is no such id.
    pub fn forget_id(&mut self, user: &ForgottenUser, digester: &mut Digester) -> bool {
        let Some(row) = self.inference.users.forget(user) else { return false };
        let mut touched = Touched::default();
        touched.mark(Table::Users, row);
        digester.update(self, &touched);
        true
    }
}
