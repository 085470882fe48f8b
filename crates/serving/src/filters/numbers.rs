//! The numbers of one property, as a column.

use std::sync::Arc;

use imbl::OrdMap;
use roaring::RoaringBitmap;

use shelfmark_domain::{Condition, PropertyValue};

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
    pub(super) values: Vec<f64>,
}

/// The numbers that a condition admits.
#[derive(Debug)]
pub(super) struct Span {
    low: f64,
    high: f64,
    /// The only ones, ascending; any when `None`.
    listed: Option<Vec<f64>>,
}

impl Span {
    /// Of the bounds of `condition`, and of the numbers among `listed`.
    pub(super) fn new(condition: &Condition, listed: Option<&[&PropertyValue]>) -> Self {
        let (none, all) = (f64::NEG_INFINITY, f64::INFINITY);
        let low = condition.gt.map_or(none, f64::next_up).max(condition.gte.unwrap_or(none));
        let high = condition.lt.map_or(all, f64::next_down).min(condition.lte.unwrap_or(all));
        let listed = listed.map(|values| {
            let mut numbers: Vec<f64> = values.iter().filter_map(|value| number(value)).map(key).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            numbers
        });
        Self { low, high, listed }
    }

    fn holds(&self, value: f64) -> bool {
        let listed = |numbers: &Vec<f64>| numbers.binary_search_by(|number| number.total_cmp(&value)).is_ok();
        self.low <= value && value <= self.high && self.listed.as_ref().is_none_or(listed)
    }

    fn is_empty(&self) -> bool {
        self.listed.as_ref().is_some_and(Vec::is_empty)
    }
}

fn number(value: &PropertyValue) -> Option<f64> {
    match value {
        PropertyValue::Number(number) => Some(*number),
        PropertyValue::Flag(_) | PropertyValue::Text(_) => None,
    }
}

/// Adding 0 makes -0 and 0 equal in a total order too.
fn key(value: f64) -> f64 {
    value + 0.0
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    pub(super) fn insert(&mut self, row: u32, value: f64) {
        let (number, place) = parts(row);
        let block = Arc::make_mut(self.blocks.entry(number).or_default());
        match block.places.binary_search(&place) {
            Ok(index) => block.values[index] = key(value),
            Err(index) => {
                block.places.insert(index, place);
                block.values.insert(index, key(value));
            }
        }
    }

    pub(super) fn remove(&mut self, row: u32) {
        let (number, place) = parts(row);
        let Some(block) = self.blocks.get_mut(&number) else { return };
        let block = Arc::make_mut(block);
        if let Ok(index) = block.places.binary_search(&place) {
            block.places.remove(index);
            block.values.remove(index);
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
            for (place, value) in block.places.iter().zip(&block.values) {
                words[usize::from(*place) / 64] |= u64::from(span.holds(*value)) << (place % 64);
            }
        }
        RoaringBitmap::from_lsb0_bytes(0, bytemuck::cast_slice(&words))
    }
}

/// Number of a row's block, and its place in it.
fn parts(row: u32) -> (u32, u16) {
    (row / BLOCK_ROWS, u16::try_from(row % BLOCK_ROWS).expect("below 1,024"))
}
