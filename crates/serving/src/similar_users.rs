//! Users whose learned rows point the same way.

use shelfmark_domain::{Id, is_pseudonym};
use shelfmark_state::dot;

use super::{
    View,
    top_k::{Hit, hit, key},
};

impl View {
    /// Returns the `limit` users whose learned rows are most like a user's by cosine, best first, forgotten ones left
    /// out; none when the user is unknown or nothing is learned of them. Compares all users: `[users, dim]` products.
    pub fn similar_users(&self, id: &str, limit: usize) -> Vec<(Id, f32)> {
        let (users, rows) = (&self.inference().users, &self.inference().parameters.users);
        let learned = |row: u32| ((row as usize) < rows.len()).then(|| rows.row(row as usize));
        let norm = |vector: &[f32]| dot(vector, vector).sqrt();
        let Some((row, vector)) = users.get(id).and_then(|row| Some((row, learned(row)?))) else { return Vec::new() };
        let length = norm(vector);
        if length <= 0.0 || limit == 0 {
            return Vec::new();
        }
        let cosine = |other: u32| {
            let other = learned(other)?;
            let product = length * norm(other);
            (product > 0.0).then(|| dot(vector, other) / product)
        };
        let others = users.ids().filter(|(other, id)| *other != row && !is_pseudonym(id.as_str()));
        let mut found: Vec<u64> =
            others.filter_map(|(other, _)| cosine(other).map(|cosine| key(other, cosine))).collect();
        if limit < found.len() {
            found.select_nth_unstable(limit);
            found.truncate(limit);
        }
        found.sort_unstable();
        found.into_iter().map(hit).map(|Hit { row, score }| (users.id(row).clone(), score)).collect()
    }
}
