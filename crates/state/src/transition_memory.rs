//! Transition memory: decayed item-to-item co-occurrence counts (Sarwar et al. 2001; Linden, Smith and York 2003).

use super::math::exp;

/// Half-life in events.
const HALF_LIFE_EVENTS: f32 = 100_000.0;
/// Most entries of a row; a new one replaces the smallest.
pub const MEMORY_ROW_MAX: usize = 128;
/// Decay of the weight from one history position to the next: `e^(-1/5)`.
pub const MEMORY_DECAY: f32 = 0.818_730_8;
/// Events of the history that are updated and looked up.
pub const MEMORY_HISTORY: usize = 10;
/// Weight of the reverse transition, from the new item to the old.
pub const MEMORY_BACK: f32 = 0.3;
/// Weight between items of one unit, in both directions.
pub const MEMORY_WITHIN: f32 = 0.3;
/// Most candidates of a query.
pub const MEMORY_TOP: usize = 64;
/// Scale of `m` in the score: `log(1 + 50 m)`.
pub const MEMORY_SCALE: f32 = 50.0;
/// A row's growing scale factor is folded into its entries beyond this value, before f32 loses range.
const FACTOR_MAX: f32 = 65_536.0;

/// Transitions from one item. Values are relative to `at`: the value as of event number `now` is `stored * 2^(-(now -
/// at) / half_life)`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TransitionRow {
    items: Vec<u32>,
    weights: Vec<f32>,
    count: f32,
    at: u64,
}

#[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
fn growth(from: u64, to: u64) -> f32 {
    exp(to.saturating_sub(from) as f32 * (std::f32::consts::LN_2 / HALF_LIFE_EVENTS))
}

/// Returns the index of `value`. Compares sixteen at a time, because the compiler vectorizes that and most searches
/// fail.
fn place_of<T: Copy + PartialEq>(values: &[T], value: T) -> Option<usize> {
    let (runs, rest) = values.as_chunks::<16>();
    let run = runs.iter().position(|run| run.iter().fold(false, |any, other| any | (*other == value)));
    let start = run.map_or(values.len() - rest.len(), |run| run * 16);
    values[start..].iter().position(|other| *other == value).map(|place| start + place)
}

/// Returns the minimum of values without NaN, in eight lanes.
fn min(values: &[f32]) -> f32 {
    let (runs, rest) = values.as_chunks::<8>();
    let mut lanes = [f32::INFINITY; 8];
    for run in runs {
        lanes = std::array::from_fn(|lane| if run[lane] < lanes[lane] { run[lane] } else { lanes[lane] });
    }
    lanes.iter().chain(rest).fold(f32::INFINITY, |min, value| min.min(*value))
}

impl TransitionRow {
    /// Returns the decayed number of the item's own events, as of event number `now`.
    #[inline]
    pub fn count(&self, now: u64) -> f32 {
        self.count / growth(self.at, now)
    }

    /// Iterates over the following items with their weights as of event number `now`.
    #[inline]
    pub fn entries(&self, now: u64) -> impl Iterator<Item = (u32, f32)> {
        let factor = 1.0 / growth(self.at, now);
        self.items.iter().zip(&self.weights).map(move |(item, weight)| (*item, weight * factor))
    }

    /// Returns the bytes owned elsewhere.
    pub(super) fn footprint(&self) -> usize {
        self.items.capacity() * size_of::<u32>() + self.weights.capacity() * size_of::<f32>()
    }

    /// Counts an event of the item itself.
    #[inline]
    pub fn add_event(&mut self, now: u64) {
        self.count += self.scale(now);
    }

    /// Adds `weight` to the transition to `item`.
    pub fn add(&mut self, item: u32, weight: f32, now: u64) {
        let weight = weight * self.scale(now);
        if let Some(place) = place_of(&self.items, item) {
            self.weights[place] += weight;
        } else if self.items.len() < MEMORY_ROW_MAX {
            self.items.push(item);
            self.weights.push(weight);
        } else {
            let smallest = place_of(&self.weights, min(&self.weights)).expect("the smallest is one of them");
            self.items[smallest] = item;
            self.weights[smallest] = weight;
        }
    }

    fn scale(&mut self, now: u64) -> f32 {
        let factor = growth(self.at, now);
        if factor <= FACTOR_MAX {
            return factor;
        }
        self.count /= factor;
        for weight in &mut self.weights {
            *weight /= factor;
        }
        self.at = now;
        1.0
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(bytemuck::cast_slice(&self.items));
        out.extend_from_slice(bytemuck::cast_slice(&self.weights));
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        if !rest.len().is_multiple_of(8) {
            return None;
        }
        let (items, weights) = rest.split_at(rest.len() / 2);
        Some(Self {
            items: items.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect(),
            weights: weights.as_chunks().0.iter().map(|c| f32::from_le_bytes(*c)).collect(),
            count: f32::from_le_bytes(*count),
            at: u64::from_le_bytes(*at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_halve_in_100_000_events() {
        let mut row = TransitionRow::default();
        row.add(7, 1.0, 0);
        let weight = |row: &TransitionRow, now| row.entries(now).next().expect("one entry").1;
        assert!((weight(&row, 100_000) - 0.5).abs() < 1e-6);
        // 17 half-lives later the factor exceeds 65,536 and is folded in.
        row.add(8, 1.0, 1_700_000);
        assert_eq!(row.at, 1_700_000);
        assert!((weight(&row, 1_700_000) - 0.5_f32.powi(17)).abs() < 1e-9);
    }

    #[test]
    fn a_full_row_replaces_its_smallest_entry() {
        let mut row = TransitionRow::default();
        for item in 0..128_u8 {
            row.add(u32::from(item), 1.0 + f32::from(item), 0);
        }
        row.add(1000, 5.0, 0);
        assert_eq!(row.items.len(), MEMORY_ROW_MAX);
        assert!(!row.items.contains(&0) && row.items.contains(&1000));
    }
}
