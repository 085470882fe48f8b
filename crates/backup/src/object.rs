//! Objects: bytes under a name that holds their SHA-256.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{BackupError, Store};

/// Most bytes of an object before compression, and so of a stored one but for the frame of zstd.
pub(crate) const OBJECT_BYTES_MAX: usize = 8 << 20;
/// Level 1 of zstd: a service on the same machine needs the processor meanwhile.
const ZSTD_LEVEL: i32 = 1;

/// An object as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Name below the address, which ends with the SHA-256 of the stored bytes.
    pub name: String,
    /// Stored size.
    pub bytes: u64,
    /// Size before compression; the same as `bytes` for what is stored as it is.
    pub raw_bytes: u64,
    /// SHA-256 of the stored bytes.
    pub sha256: String,
}

impl Object {
    /// Makes an object of raw bytes. Takes some milliseconds of CPU a megabyte: call it on a blocking thread.
    pub fn pack(folder: &str, raw: Vec<u8>, compress: bool) -> std::io::Result<(Self, Bytes)> {
        let raw_bytes = raw.len() as u64;
        let stored = if compress { zstd::bulk::compress(&raw, ZSTD_LEVEL)? } else { raw };
        let sha256 = sha256(&stored);
        let ending = if compress { ".zst" } else { "" };
        let name = format!("{folder}/{sha256}{ending}");
        Ok((Self { name, bytes: stored.len() as u64, raw_bytes, sha256 }, Bytes::from(stored)))
    }

    /// Reads the object and returns its raw bytes. Error: it is missing or not what the manifest says.
    pub async fn fetch(self, store: &Store) -> Result<Vec<u8>, BackupError> {
        let bytes_max = OBJECT_BYTES_MAX * 2;
        let stored = store.read(&self.name, bytes_max).await?;
        let stored = stored.ok_or_else(|| store.damaged(&self.name, "it is missing".to_owned()))?;
        let name = self.name.clone();
        let unpacked = tokio::task::spawn_blocking(move || self.unpack(&stored)).await;
        unpacked
            .unwrap_or_else(|_| Err("reading it panicked".to_owned()))
            .map_err(|detail| store.damaged(&name, detail))
    }

    fn unpack(&self, stored: &Bytes) -> Result<Vec<u8>, String> {
        if stored.len() as u64 != self.bytes {
            return Err(format!("it has {} bytes instead of {}", stored.len(), self.bytes));
        }
        if sha256(stored) != self.sha256 {
            return Err("its SHA-256 is not that of the manifest".to_owned());
        }
        if !self.name.ends_with(".zst") {
            return Ok(stored.to_vec());
        }
        let capacity = usize::try_from(self.raw_bytes).unwrap_or(usize::MAX).min(OBJECT_BYTES_MAX);
        let raw =
            zstd::bulk::decompress(stored, capacity).map_err(|error| format!("it does not decompress: {error}"))?;
        if raw.len() as u64 == self.raw_bytes {
            Ok(raw)
        } else {
            Err(format!("it decompresses to {} bytes instead of {}", raw.len(), self.raw_bytes))
        }
    }
}

/// Returns the SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
