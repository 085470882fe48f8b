//! Random numbers of the generated shop: streams selected by seed, purpose and number, so that draws repeat.

use shelfmark_domain::splitmix64_mix;
use shelfmark_state::CounterRng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of random numbers.
pub(super) struct Draws(CounterRng);

impl Draws {
    /// Creates the stream of a purpose and number; streams are independent.
    pub(super) fn new(seed: u64, purpose: &str, number: u64) -> Self {
        let key = splitmix64_mix(xxh3_64_with_seed(purpose.as_bytes(), seed) ^ splitmix64_mix(number));
        Self(CounterRng::with_key(key))
    }

    /// Returns a whole number in `0..end`.
    pub(super) fn below(&mut self, end: u32) -> i64 {
        i64::try_from(self.place(end as usize)).expect("less than 2^32")
    }

    /// Returns an index into a list of `count` elements; `count` must not be 0.
    pub(super) fn place(&mut self, count: usize) -> usize {
        self.0.below(count)
    }

    /// Returns one element of a list.
    pub(super) fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.place(list.len())]
    }

    /// Returns true `times` in `of`.
    pub(super) fn chance(&mut self, times: u32, of: u32) -> bool {
        self.below(of) < i64::from(times)
    }
}

/// Indexes with unequal probabilities. Weights are whole numbers, so that sums are exact.
pub(super) struct Weighted {
    sums: Vec<u64>,
}

impl Weighted {
    /// Makes `count` indexes; index r has a weight in proportion to 1/(r + offset).
    pub(super) fn falling(count: usize, offset: u64) -> Self {
        const SCALE: u64 = 1 << 40;
        let mut sum = 0;
        Self {
            sums: (0..count as u64)
                .map(|rank| {
                    sum += SCALE / (rank + offset);
                    sum
                })
                .collect(),
        }
    }

    /// Draws an index.
    pub(super) fn pick(&self, draws: &mut Draws) -> usize {
        let total = self.sums.last().copied().unwrap_or(0);
        let target = draws.place(usize::try_from(total).expect("64 bits")) as u64;
        self.sums.partition_point(|&sum| sum <= target)
    }
}
