//! Checksums of appends, each chained to the append before it (decision 0056).
//!
//! The content of an append is the sum of its rows' hashes (xxh3, 64 bits), as the digest of a state is. A row is
//! hashed in the form in which COPY sends it, with every column but the checksum. Its position is among them, so that
//! swapped rows show.
//!
//! The chain is a hash of a random salt, of the chain before and of the content. An erasure changes the rows of an
//! append and so its content. It keeps the chain, on which later appends stand, and drops the salt. Without the salt
//! nobody can find out by trial what the erased rows held: for every guess there is a salt that leads to the same
//! chain.

use std::fmt;

use shelfmark_domain::Position;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a salt. It is longer than a chain, so that a chain without it says nothing of the content.
const SALT_BYTES: usize = 16;
/// Bytes of a checksum as an append stores it, and after an erasure.
pub(super) const APPENDED_BYTES: usize = SALT_BYTES + 16;
const ERASED_BYTES: usize = 24;

/// Sum of the hashes of rows. Order does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Content(u64);

impl Content {
    /// Adds a row, in its form for COPY without the checksum.
    pub(super) fn add(&mut self, row: &[u8]) {
        self.0 = self.0.wrapping_add(xxh3_64(row));
    }

    /// Adds the difference that a change of rows made.
    pub(super) fn change(&mut self, before: Self, after: Self) {
        self.0 = self.0.wrapping_sub(before.0).wrapping_add(after.0);
    }
}

/// Chain up to and with an append. Default: of an empty log, and of records from before there were checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Chain(u64);

/// Checksum of an append, in the row of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksum {
    /// As it was appended.
    Appended { salt: [u8; SALT_BYTES], content: Content, chain: Chain },
    /// After a user was erased from some of its records. `check` covers the other two and the position.
    Erased { content: Content, chain: Chain, check: u64 },
}

impl Checksum {
    /// Makes the checksum of a new append.
    pub(super) fn new(before: Chain, content: Content) -> Self {
        let salt = rand::random();
        Self::Appended { salt, content, chain: link(&salt, before, content) }
    }

    /// Reads the column. Error: it has another length than any checksum.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Mismatch> {
        if let Ok(bytes) = <&[u8; APPENDED_BYTES]>::try_from(bytes) {
            let mut salt = [0; SALT_BYTES];
            salt.copy_from_slice(&bytes[..SALT_BYTES]);
            let [content, chain] = [number(bytes, SALT_BYTES), number(bytes, SALT_BYTES + 8)];
            return Ok(Self::Appended { salt, content: Content(content), chain: Chain(chain) });
        }
        if let Ok(bytes) = <&[u8; ERASED_BYTES]>::try_from(bytes) {
            let [content, chain, check] = [number(bytes, 0), number(bytes, 8), number(bytes, 16)];
            return Ok(Self::Erased { content: Content(content), chain: Chain(chain), check });
        }
        Err(Mismatch::Length)
    }

    /// Writes the column.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Appended { salt, content: Content(content), chain: Chain(chain) } => {
                [&salt[..], &content.to_be_bytes(), &chain.to_be_bytes()].concat()
            }
            Self::Erased { content: Content(content), chain: Chain(chain), check } => {
                [content.to_be_bytes(), chain.to_be_bytes(), check.to_be_bytes()].concat()
            }
        }
    }

    /// Returns the chain that the next append stands on.
    pub(super) const fn chain(&self) -> Chain {
        match self {
            Self::Appended { chain, .. } | Self::Erased { chain, .. } => *chain,
        }
    }

    /// Returns the checksum after an erasure that changed the content. What did not match before does not match after.
    pub(super) fn erased(self, last: Position, before: Content, after: Content) -> Self {
        let (mut content, chain, damage) = match self {
            Self::Appended { content, chain, .. } => (content, chain, 0),
            Self::Erased { content, chain, check } => (content, chain, check ^ check_of(content, chain, last)),
        };
        content.change(before, after);
        Self::Erased { content, chain, check: check_of(content, chain, last) ^ damage }
    }

    /// Compares with the rows of the append that ends at `last`, and with the chains that may be before it. An empty
    /// list stands for an append before it that is not known.
    pub(super) fn check(&self, last: Position, rows: Content, before: &[Chain]) -> Result<(), Mismatch> {
        match *self {
            Self::Appended { content, .. } | Self::Erased { content, .. } if content != rows => Err(Mismatch::Rows),
            Self::Appended { salt, content, chain } => {
                let linked = before.is_empty() || before.iter().any(|before| link(&salt, *before, content) == chain);
                if linked { Ok(()) } else { Err(Mismatch::Chain) }
            }
            Self::Erased { content, chain, check } if check != check_of(content, chain, last) => Err(Mismatch::Chain),
            Self::Erased { .. } => Ok(()),
        }
    }

    /// Returns the chains that the next append may stand on: the stored one and, where rows or checksum were changed,
    /// the one that the other of both leads to.
    pub(super) fn chains(&self, before: &[Chain]) -> Vec<Chain> {
        let computed = before.iter().filter_map(|before| match self {
            Self::Appended { salt, content, .. } => Some(link(salt, *before, *content)),
            Self::Erased { .. } => None,
        });
        let mut chains = vec![self.chain()];
        chains.extend(computed.filter(|chain| *chain != self.chain()).take(1));
        chains
    }
}

/// Way in which an append does not match its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// A column of a record is another one than was appended, or the sum of the rows was changed.
    Rows,
    /// The checksum does not continue that of the append before, or was changed itself.
    Chain,
    /// The column is not a checksum.
    Length,
    /// The append has no checksum.
    Missing,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rows => "its records are not those that were appended",
            Self::Chain => "its checksum does not continue that of the append before it",
            Self::Length => "its checksum has another length than any checksum",
            Self::Missing => "it has no checksum: it was removed, or a process of an earlier build appended it",
        })
    }
}

fn link(salt: &[u8; SALT_BYTES], Chain(before): Chain, Content(content): Content) -> Chain {
    let mut bytes = [0; SALT_BYTES + 16];
    bytes[..SALT_BYTES].copy_from_slice(salt);
    bytes[SALT_BYTES..SALT_BYTES + 8].copy_from_slice(&before.to_be_bytes());
    bytes[SALT_BYTES + 8..].copy_from_slice(&content.to_be_bytes());
    Chain(xxh3_64(&bytes))
}

fn check_of(Content(content): Content, Chain(chain): Chain, last: Position) -> u64 {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&content.to_be_bytes());
    bytes[8..16].copy_from_slice(&chain.to_be_bytes());
    bytes[16..].copy_from_slice(&last.as_i64().to_be_bytes());
    xxh3_64(&bytes)
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_be_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(rows: &[&[u8]]) -> Content {
        let mut content = Content::default();
        rows.iter().for_each(|row| content.add(row));
        content
    }

    /// Goal: a checksum tells any change of rows, chain and itself, before and after an erasure. Method: one change at
    /// a time, every bit of the stored form included.
    #[test]
    fn every_changed_bit_of_a_checksum_is_found() {
        let (before, last) = (Chain(7), Position::new(9));
        let rows = content(&[b"one", b"two"]);
        let appended = Checksum::new(before, rows);
        let other = content(&[b"one", b"three"]);
        let erased = appended.erased(last, content(&[b"two"]), content(&[b"three"]));
        assert_eq!(erased.chain(), appended.chain());
        let (later, other_later) = (content(&[b"1", b"two"]), content(&[b"1", b"three"]));
        for (checksum, rows, rows_later) in [(appended, rows, later), (erased, other, other_later)] {
            assert_eq!(checksum.check(last, rows, &[before]), Ok(()));
            assert_eq!(Checksum::from_bytes(&checksum.to_bytes()), Ok(checksum));
            assert_eq!(checksum.check(last, content(&[b"one"]), &[before]), Err(Mismatch::Rows));
            let bytes = checksum.to_bytes();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let changed = Checksum::from_bytes(&changed).expect("its length is right");
                assert!(changed.check(last, rows, &[before]).is_err(), "bit {bit}");
                // An erasure hides no damage.
                let later = changed.erased(last, content(&[b"one"]), content(&[b"1"]));
                let seen = later.check(last, rows_later, &[before]);
                let in_content = matches!(checksum, Checksum::Erased { .. }) || (16..24).contains(&(bit / 8));
                assert!(!in_content || seen.is_err(), "bit {bit}");
            }
            assert_eq!(Checksum::from_bytes(&bytes[1..]), Err(Mismatch::Length));
        }
        assert_eq!(appended.check(last, rows, &[Chain(8)]), Err(Mismatch::Chain));
        assert_eq!(appended.check(last, rows, &[]), Ok(()), "unknown");
        assert_ne!(Checksum::new(before, rows).chain(), appended.chain(), "salted");
    }
}
