//! SplitMix64 (Steele, Lea and Flood 2014): the mixing function behind random streams and rendezvous hashing.

/// Increment of the generator's state between two outputs: 2^64 over the golden ratio, odd.
pub const SPLITMIX64_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes 64 bits so that every input bit changes every output bit with a chance of about a half.
#[inline]
pub const fn splitmix64_mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_seed_0_is_the_published_one() {
        // First outputs of java.util.SplittableRandom's reference in C (Vigna 2015) for the state 0.
        let outputs = [1, 2, 3].map(|n: u64| splitmix64_mix(SPLITMIX64_GAMMA.wrapping_mul(n)));
        assert_eq!(outputs, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    }
}
