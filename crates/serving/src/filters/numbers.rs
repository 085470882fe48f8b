//! The numbers of one property, as a column.

use std::sync::Arc;

use imbl::OrdMap;
use roaring::RoaringBitmap;

use shelfmark_domain::{Condition, Number, NumberKey, PropertyValue};

/// Rows of one shared block.
const BLOCK_ROWS: u32 = 1024;
/// Words of the bits of one block.
const BLOCK_WORDS: usize = BLOCK_ROWS as usize / 64;

/// Numbers by row. A property that few items have costs what those need: blocks hold their rows beside the values.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    pub(super) blocks: OrdMap<u32, Arc<Block>>,
}

/// The numbers of 1,024 neighbouring rows, as far as they have one, ascending by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) places: Vec<u16>,
    /// The nearest floats.
    pub(super) values: Vec<f64>,
    /// What the numbers have beyond those; empty while all are 0, as they are up to 2^53.
    pub(super) rests: Vec<i16>,
}

/// The numbers that a condition admits.
#[derive(Debug)]
pub(super) struct Span {
    low: NumberKey,
    high: NumberKey,
    /// The only ones, ascending; any when `None`.
    listed: Option<Vec<NumberKey>>,
    /// The same for numbers that are floats.
    floats: FloatSpan,
}

#[derive(Debug)]
struct FloatSpan {
    low: f64,
    high: f64,
    listed: Option<Vec<f64>>,
}

impl Span {
    /// Of the bounds of `condition`, and of the numbers among `listed`.
    pub(super) fn new(condition: &Condition, listed: Option<&[&PropertyValue]>) -> Self {
        let end = |float| NumberKey { nearest: float, rest: 0 };
        let key = |bound: Option<Number>| bound.map(Number::key);
        let lows = [key(condition.gt).map(NumberKey::next), key(condition.gte)];
        let low = lows.into_iter().flatten().max_by(NumberKey::total_cmp).unwrap_or(end(f64::NEG_INFINITY));
        let highs = [key(condition.lt).map(NumberKey::previous), key(condition.lte)];
        let high = highs.into_iter().flatten().min_by(NumberKey::total_cmp).unwrap_or(end(f64::INFINITY));
        let listed = listed.map(|values| {
            let mut numbers: Vec<NumberKey> = values.iter().filter_map(|value| number(value)).collect();
            numbers.sort_unstable_by(NumberKey::total_cmp);
            numbers
        });
        let floats = FloatSpan {
            low: if low.rest > 0 { low.nearest.next_up() } else { low.nearest },
            high: if high.rest < 0 { high.nearest.next_down() } else { high.nearest },
            listed: listed
                .as_ref()
                .map(|keys| keys.iter().filter(|key| key.rest == 0).map(|key| key.nearest).collect()),
        };
        Self { low, high, listed, floats }
    }

    fn holds(&self, value: NumberKey) -> bool {
        let listed = |keys: &Vec<NumberKey>| keys.binary_search_by(|key| key.total_cmp(&value)).is_ok();
        self.low.total_cmp(&value).is_le()
            && value.total_cmp(&self.high).is_le()
            && self.listed.as_ref().is_none_or(listed)
    }

    fn is_empty(&self) -> bool {
        self.listed.as_ref().is_some_and(Vec::is_empty)
    }
}

impl FloatSpan {
    fn holds(&self, value: f64) -> bool {
        let listed = |numbers: &Vec<f64>| numbers.binary_search_by(|number| number.total_cmp(&value)).is_ok();
        self.low <= value && value <= self.high && self.listed.as_ref().is_none_or(listed)
    }
}

fn number(value: &PropertyValue) -> Option<NumberKey> {
    match value {
        PropertyValue::Number(number) => Some(number.key()),
        PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => None,
    }
}

impl Block {
    /// Replaces the number of a row, or adds one.
    fn put(&mut self, place: u16, NumberKey { nearest, rest }: NumberKey) {
        if rest != 0 && self.rests.is_empty() {
            self.rests.resize(self.values.len(), 0);
        }
        let has_rests = rest != 0 || !self.rests.is_empty();
        match self.places.binary_search(&place) {
            Ok(index) => {
                self.values[index] = nearest;
                if has_rests {
                    self.rests[index] = rest;
                }
            }
            Err(index) => {
                self.places.insert(index, place);
                self.values.insert(index, nearest);
                if has_rests {
                    self.rests.insert(index, rest);
                }
            }
        }
    }
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn insert(&mut self, row: u32, value: Number) {
        let (number, place) = parts(row);
        Arc::make_mut(self.blocks.entry(number).or_default()).put(place, value.key());
    }

    pub(super) fn remove(&mut self, row: u32) {
        let (number, place) = parts(row);
        let Some(block) = self.blocks.get_mut(&number) else { return };
        let block = Arc::make_mut(block);
        if let Ok(index) = block.places.binary_search(&place) {
            block.places.remove(index);
            block.values.remove(index);
            if !block.rests.is_empty() {
                block.rests.remove(index);
            }
        }
        if block.places.is_empty() {
            self.blocks.remove(&number);
        }
    }

    /// The rows whose numbers are in the span. Costs all numbers of the property.
    pub(super) fn rows(&self, span: &Span) -> RoaringBitmap {
        if span.is_empty() {
            return RoaringBitmap::new();
        }
        let blocks = self.blocks.get_max().map_or(0, |(number, _)| *number as usize + 1);
        let mut words = vec![0_u64; blocks * BLOCK_WORDS];
        for (number, block) in &self.blocks {
            let words = &mut words[*number as usize * BLOCK_WORDS..][..BLOCK_WORDS];
            let mut put = |place: u16, holds: bool| words[usize::from(place) / 64] |= u64::from(holds) << (place % 64);
            if block.rests.is_empty() {
                for (place, value) in block.places.iter().zip(&block.values) {
                    put(*place, span.floats.holds(*value));
                }
            } else {
                for (place, (value, rest)) in block.places.iter().zip(block.values.iter().zip(&block.rests)) {
                    put(*place, span.holds(NumberKey { nearest: *value, rest: *rest }));
                }
            }
        }
        RoaringBitmap::from_lsb0_bytes(0, bytemuck::cast_slice(&words))
    }
}

/// Number of a row's block, and its place in it.
fn parts(row: u32) -> (u32, u16) {
    (row / BLOCK_ROWS, u16::try_from(row % BLOCK_ROWS).expect("below 1,024"))
}
