//! The user's own items, newest first, then popularity: hard to beat where people come back for the same things.

use super::{Baseline, Subject, popularity::Popularity};

/// Own items before popularity.
#[derive(Debug, Default)]
pub(super) struct Recent {
    popularity: Popularity,
}

impl Baseline for Recent {
    fn score(&mut self, subject: &Subject<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        self.popularity.add_to(scores, 1.0);
        // Popularity is at most 1; later assignments are newer, so an item has its newest place. Whole numbers up to 2^24
        // keep their order in f32.
        for (place, item) in subject.person.past.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "only the order counts")]
            let place = place as f32;
            scores[*item as usize] = 2.0 + place;
        }
    }

    fn learn(&mut self, _: &Subject<'_>, items: &[u32]) {
        self.popularity.add(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::people::Person;

    #[test]
    fn own_items_come_newest_first_and_others_by_popularity() {
        let mut recent = Recent::default();
        let nobody = Person::default();
        let subject = Subject { number: 0, person: &nobody };
        recent.learn(&subject, &[4, 4, 3]);
        let person = Person { past: vec![0, 1, 0], own: [0, 1].into() };
        let mut scores = [0.0; 5];
        recent.score(&Subject { number: 1, person: &person }, &mut scores);
        let mut order = [0, 1, 2, 3, 4];
        order.sort_by(|a, b| f32::total_cmp(&scores[*b], &scores[*a]));
        assert_eq!(order, [0, 1, 4, 3, 2]);
    }
}
