//! Ranks of single targets, for comparisons with methods that run elsewhere.

use shelfmark_domain::Timestamp;
use shelfmark_state::Unit;

use super::metrics::Rank;

/// Ranks of a target by method: among all candidates, and among those that are new to the actor if the target is.
pub type RanksByMethod = Vec<(Rank, Option<Rank>)>;

/// A target with its ranks.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedTarget {
    /// Number of the batch. Candidates are the items of earlier batches.
    pub batch: u64,
    /// Number of the unit: one actor, one timestamp.
    pub unit: u64,
    /// Number of the actor, in order of first events.
    pub actor: usize,
    /// Time of the unit.
    pub at: Timestamp,
    /// Row of the item.
    pub item: u32,
    /// Whether the event has a positive weight.
    pub liked: bool,
    /// Ranks, those of the model first. Empty where the target is not counted.
    pub ranks: RanksByMethod,
}

/// Targets that were ranked and not yet taken.
#[derive(Debug, Default)]
pub(super) struct KeptTargets {
    pub(super) targets: Vec<RankedTarget>,
    pub(super) batch: u64,
    unit: u64,
}

impl KeptTargets {
    /// Adds the targets of a unit. `ranks` are those of its items `ranked`, in the same order.
    pub(super) fn add(&mut self, actor: usize, unit: &Unit, ranked: &[u32], ranks: Vec<RanksByMethod>) {
        let mut ranks = ranked.iter().zip(ranks).peekable();
        for target in &unit.targets {
            let of_target = ranks.next_if(|(item, _)| **item == target.item);
            self.targets.push(RankedTarget {
                batch: self.batch,
                unit: self.unit,
                actor,
                at: unit.at,
                item: target.item,
                liked: target.weight > 0.0,
                ranks: of_target.map(|(_, ranks)| ranks).unwrap_or_default(),
            });
        }
        self.unit += 1;
    }
}
