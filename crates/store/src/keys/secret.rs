//! A key itself: 256 random bits, shown once.

use std::fmt;

use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

use shelfmark_domain::KeyHash;

/// What every key begins with, so that scanners of leaked secrets find it.
const PREFIX: &str = "sm_";
/// Longest text that is hashed when somebody presents it.
const PRESENTED_BYTES_MAX: usize = 128;

/// A new key's text: `sm_` and 64 hexadecimal digits. Debug does not show it; [`Secret::reveal`] does, once, to the person
/// who asked for the key.
pub struct Secret(String);

impl Secret {
    /// 256 bits from the operating system's generator. An error when that has none.
    pub(super) fn new() -> Result<Self, rand::rand_core::OsError> {
        let mut bits = [0_u8; 32];
        OsRng.try_fill_bytes(&mut bits)?;
        let mut text = String::from(PREFIX);
        for byte in bits {
            text.push_str(&format!("{byte:02x}"));
        }
        Ok(Self(text))
    }

    /// The key itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> KeyHash {
        sha256(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Hash of what somebody presents; `None` when no key looks like that.
pub(super) fn presented_hash(presented: &str) -> Option<KeyHash> {
    (presented.len() <= PRESENTED_BYTES_MAX).then(|| sha256(presented))
}

fn sha256(text: &str) -> KeyHash {
    KeyHash(Sha256::digest(text.as_bytes()).into())
}
