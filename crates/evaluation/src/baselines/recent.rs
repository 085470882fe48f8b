//! The actor's own items, by recency and frequency, then popularity: hard to beat where people come back for the same
//! things. The `k`-th event before counts `e^(-k/100)`; the newest alone (no counting) is 8% worse on Online Retail.

use super::{Baseline, KnownActor, popularity::Popularity};

/// Decay by position in the history.
const PLACES: f32 = 100.0;
/// Scale of own items, at which a single old event still outweighs popularity.
const OWN_SCALE: f32 = 1000.0;

/// Own items before popularity.
#[derive(Debug, Default)]
pub(super) struct Recent {
    popularity: Popularity,
}

impl Baseline for Recent {
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        self.popularity.add_to(scores, 1.0);
        let past = &actor.history.past;
        // Popularity is at most 1: every own item comes first. A weight that has left f32's range keeps the 1 alone.
        for item in &actor.history.own {
            scores[*item as usize] += 1.0;
        }
        for (place, item) in past.iter().rev().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a decay's exponent")]
            let place = place as f32;
            scores[*item as usize] += OWN_SCALE * (-place / PLACES).exp();
        }
    }

    fn learn(&mut self, _: &KnownActor<'_>, items: &[u32]) {
        self.popularity.add(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::ActorHistory;

    #[test]
    fn own_items_come_first_by_how_lately_and_often_and_others_by_popularity() {
        let mut recent = Recent::default();
        let nobody = ActorHistory::default();
        let actor = KnownActor { at: 0, number: 0, history: &nobody };
        recent.learn(&actor, &[4, 4, 3]);
        let history = ActorHistory { past: vec![0, 0, 1, 2], own: [0, 1, 2].into() };
        // Twice, two and three events ago, is more than once just now.
        let mut scores = [0.0; 5];
        recent.score(&KnownActor { at: 0, number: 1, history: &history }, &mut scores);
        let mut order = [0, 1, 2, 3, 4];
        order.sort_by(|a, b| f32::total_cmp(&scores[*b], &scores[*a]));
        assert_eq!(order, [0, 2, 1, 4, 3]);
    }
}
