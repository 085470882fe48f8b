//! Secrets of API keys: 256 random bits, shown once.

use std::fmt;

use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};

use shelfmark_domain::KeyHash;

/// Prefix of every key, so that scanners of leaked secrets find it.
const PREFIX: &str = "sm_";
/// Longest presented key that is hashed, in bytes.
const PRESENTED_BYTES_MAX: usize = 128;

/// Text of a new key: `sm_` and 64 hexadecimal digits. Debug output hides it; [`Secret::reveal`] returns it.
pub struct Secret(String);

impl Secret {
    /// Draws 256 bits from the operating system's random generator. Fails when the generator fails.
    pub(super) fn new() -> Result<Self, rand::rand_core::OsError> {
        let mut bits = [0_u8; 32];
        OsRng.try_fill_bytes(&mut bits)?;
        let mut text = String::from(PREFIX);
        for byte in bits {
            text.push_str(&format!("{byte:02x}"));
        }
        Ok(Self(text))
    }

    /// Returns the key in plain text, to be shown once to whoever asked for it.
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

/// Hashes a presented key; `None` when it is longer than any key.
pub(super) fn presented_hash(presented: &str) -> Option<KeyHash> {
    (presented.len() <= PRESENTED_BYTES_MAX).then(|| sha256(presented))
}

fn sha256(text: &str) -> KeyHash {
    KeyHash(Sha256::digest(text.as_bytes()).into())
}
