//! Forgetting a user (P10).

use std::sync::Arc;

use shelfmark_domain::ForgottenUser;

use super::{Digester, History, Interner, State, Table, Touched};

impl Interner {
    /// The row of a forgotten user, under the old id or, where that was replaced already, under the new name. Looks at every
    /// id unless the new name is there.
    fn forgotten(&self, user: &ForgottenUser) -> Option<u32> {
        self.get(user.name().as_str()).or_else(|| self.ids().find(|(_, id)| user.is(id.as_str())).map(|(row, _)| row))
    }

    /// Puts the new name in place of the id. The row, when the user was there under the old one.
    pub fn forget(&mut self, user: &ForgottenUser) -> Option<u32> {
        let row = self.forgotten(user)?;
        self.rename(row, user)?;
        Some(row)
    }

    /// Puts the new name in place of the id of a known row; `None`, and nothing, when it is there already.
    fn rename(&mut self, row: u32, user: &ForgottenUser) -> Option<()> {
        let renamed = self.id(row) != user.name();
        renamed.then(|| self.put(row as usize, user.name()))?
    }
}

impl State {
    /// Forgets a user: the row keeps its number and nothing else. `false`: nobody knew the user.
    pub fn forget(&mut self, user: &ForgottenUser) -> bool {
        let Some(row) = self.readable.users.forgotten(user) else { return false };
        // A log that was rewritten before it was learned has the new name already.
        let _known_by_name = self.readable.users.rename(row, user);
        self.empty_user(row, &Arc::new(History::default()));
        self.touched.mark(Table::Users, row);
        self.touched.mark(Table::Counters, 0);
        // Whatever comes next is a basket of its own.
        self.readable.counters.close_unit();
        if let Some(base_weights) = &mut self.base_weights
            && let Some(row) = base_weights.forget_user(row)
        {
            self.touched.mark(Table::BaseWeights, row);
            self.touched.mark_reshaped();
        }
        true
    }

    /// Takes the id alone out of a state that stands at an earlier position, and brings its hashes up to date: history and
    /// vector stay, of nobody known, so that the log still leads from here to where it led before.
    pub fn forget_id(&mut self, user: &ForgottenUser, digester: &mut Digester) -> bool {
        let Some(row) = self.readable.users.forget(user) else { return false };
        let mut touched = Touched::default();
        touched.mark(Table::Users, row);
        digester.update(self, &touched);
        true
    }
}
