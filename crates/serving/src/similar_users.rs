//! Users whose learned rows point the same way.

use std::cmp::Reverse;

use shelfmark_domain::{Id, is_pseudonym};
use shelfmark_state::dot;

use super::View;

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
        let mut found: Vec<(Reverse<u32>, u32, f32)> = others
            .filter_map(|(other, _)| cosine(other).map(|cosine| (Reverse(ordered(cosine)), other, cosine)))
            .collect();
        let best = |one: &(Reverse<u32>, u32, f32)| (one.0, one.1);
        if limit < found.len() {
            found.select_nth_unstable_by_key(limit, best);
            found.truncate(limit);
        }
        found.sort_unstable_by_key(best);
        found.into_iter().map(|(_, other, cosine)| (users.id(other).clone(), cosine)).collect()
    }
}

/// A number that is greater for a greater cosine.
fn ordered(cosine: f32) -> u32 {
    let bits = cosine.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_cosines_have_greater_numbers() {
        let cosines = [-1.0, -0.5, -0.0, 0.25, 0.5, 1.0];
        assert!(cosines.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
