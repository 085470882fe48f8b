//! Bit iterator: the positions of the set bits of a word.

/// Iterates over the numbers of the set bits of `bits`, ascending.
#[inline]
pub fn set_bits(bits: u64) -> impl Iterator<Item = u32> {
    let mut left = bits;
    std::iter::from_fn(move || {
        let bit = (left != 0).then(|| left.trailing_zeros());
        left &= left.wrapping_sub(1);
        bit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_bit_is_returned_in_order() {
        for bits in [0, 1, 1 << 63, u64::MAX, 0xf0f0] {
            let expected: Vec<u32> = (0..64).filter(|bit| bits >> bit & 1 == 1).collect();
            assert_eq!(set_bits(bits).collect::<Vec<u32>>(), expected);
        }
    }
}
