//! Draws that repeat: a counter-based generator (SplitMix64, Steele, Lea & Flood 2014) keyed by seed, purpose and number.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of draws.
pub(super) struct Draws {
    key: u64,
    counter: u64,
}

impl Draws {
    /// The stream for one purpose; streams of different purposes or numbers do not meet.
    pub(super) fn new(seed: u64, purpose: &str, number: u64) -> Self {
        Self { key: mix(xxh3_64_with_seed(purpose.as_bytes(), seed) ^ mix(number)), counter: 0 }
    }

    fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        mix(self.key.wrapping_add(self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A whole number in `0..end`.
    pub(super) fn below(&mut self, end: u32) -> i64 {
        // Multiply and shift (Lemire 2019): the bias is below 2^-32 and the same everywhere.
        i64::try_from((u128::from(self.next()) * u128::from(end)) >> 64).expect("less than 2^32")
    }

    /// A place in a list of `count` things; `count` must not be 0.
    pub(super) fn place(&mut self, count: usize) -> usize {
        usize::try_from((u128::from(self.next()) * count as u128) >> 64).expect("less than count")
    }

    /// One of a list.
    pub(super) fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.place(list.len())]
    }

    /// True `times` in `of`.
    pub(super) fn chance(&mut self, times: u32, of: u32) -> bool {
        self.below(of) < i64::from(times)
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Places with unequal chances. Weights are whole numbers, so that sums are exact.
pub(super) struct Weighted {
    sums: Vec<u64>,
}

impl Weighted {
    /// `count` places, place r with a weight in proportion to 1/(r + offset).
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

    /// Draws a place.
    pub(super) fn pick(&self, draws: &mut Draws) -> usize {
        let total = self.sums.last().copied().unwrap_or(0);
        let target = u64::try_from((u128::from(draws.next()) * u128::from(total)) >> 64).expect("less than the sum");
        self.sums.partition_point(|&sum| sum <= target)
    }
}
