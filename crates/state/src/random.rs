//! Counter-based random number generator: a draw is a pure function of key and counter, so replays repeat it.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use shelfmark_domain::{SPLITMIX64_GAMMA, splitmix64_mix};

/// A stream of random numbers, selected by a key.
#[derive(Debug, Clone)]
pub struct CounterRng {
    key: u64,
    counter: u64,
}

impl CounterRng {
    /// Creates the stream of (`seed`, `domain`, `key`). `domain` separates uses; `key` is a position or the hash of an
    /// id.
    pub fn new(seed: u64, domain: u64, key: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&domain.to_le_bytes());
        bytes[8..].copy_from_slice(&key.to_le_bytes());
        Self::with_key(xxh3_64_with_seed(&bytes, seed))
    }

    /// Creates the stream of a key that is well mixed already.
    pub const fn with_key(key: u64) -> Self {
        Self { key, counter: 0 }
    }

    /// Returns 64 uniform bits: SplitMix64 of key and counter (Steele, Lea and Flood 2014).
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.counter += 1;
        splitmix64_mix(self.key.wrapping_add(self.counter.wrapping_mul(SPLITMIX64_GAMMA)))
    }

    /// Returns a uniform number in `0..bound`, `bound > 0`, by multiply and shift (Lemire 2019). Its bias is below
    /// 2^-32.
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.bits()) * bound as u128;
        usize::try_from(wide >> 64).expect("the high half is below `bound`, a usize")
    }

    /// Returns a uniform number in `0..1`.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let bits = (self.bits() >> 11) as f64;
        bits * 2.0_f64.powi(-53)
    }

    /// Returns an approximately normal number, mean 0, standard deviation 1: the sum of twelve uniform 16-bit numbers
    /// (Irwin-Hall). Integer until the last operation, so that every machine draws the same bits. A logarithm would
    /// not.
    #[inline]
    pub fn normal(&mut self) -> f32 {
        let mut sum = 0_i32;
        for _ in 0..3 {
            let bits = self.bits();
            for lane in 0..4 {
                sum += i32::from(u16::try_from((bits >> (16 * lane)) & 0xffff).expect("masked to 16 bits"));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "the sum has 20 bits")]
        let centred = (sum - 6 * 65_535) as f32;
        centred / 65_536.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_mean_0_and_deviation_1() {
        let mut draws = CounterRng::new(1, 2, 3);
        let n = 20_000_u16;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let x = f64::from(draws.normal());
            sum += x;
            squares += x * x;
        }
        // Tolerance: four standard errors, which are 0.007 and 0.01.
        assert!((sum / f64::from(n)).abs() < 0.03);
        assert!((squares / f64::from(n) - 1.0).abs() < 0.04);
    }

    #[test]
    fn a_stream_repeats_and_differs_by_key() {
        let draw = |key| CounterRng::new(7, 1, key).bits();
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
