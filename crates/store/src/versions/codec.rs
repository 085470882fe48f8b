//! Codec of stored segments: zstd, with a checksum over key and content.

use xxhash_rust::xxh3::Xxh3;

use shelfmark_domain::VersionNumber;
use shelfmark_state::Segment;

/// Level 1 of zstd: rows of floats hardly compress, and the learner needs the core meanwhile.
const ZSTD_LEVEL: i32 = 1;

/// Key of a segment. It is part of the checksum, so that a misplaced segment is detected.
#[derive(Debug, Clone, Copy)]
pub(super) struct SegmentKey {
    pub model_id: i32,
    pub version: VersionNumber,
    pub table: i16,
    pub ordinal: i32,
}

/// Segment as its columns in the table.
pub(super) struct EncodedSegment {
    pub key: SegmentKey,
    pub first_row: u32,
    pub last_row: u32,
    pub rows: u32,
    pub raw_bytes: usize,
    pub checksum: [u8; 16],
    pub payload: Vec<u8>,
}

/// Computes xxh3 with 128 bits over the key and the uncompressed bytes.
pub(super) fn checksum(key: SegmentKey, payload: &[u8]) -> [u8; 16] {
    let mut hash = Xxh3::new();
    hash.update(&key.model_id.to_le_bytes());
    hash.update(&key.version.0.to_le_bytes());
    hash.update(&key.table.to_le_bytes());
    hash.update(&key.ordinal.to_le_bytes());
    hash.update(payload);
    hash.digest128().to_be_bytes()
}

/// Checksum of a manifest: xxh3 over the checksums of its segments, in order.
#[derive(Default)]
pub(super) struct ManifestChecksum(Xxh3);

impl ManifestChecksum {
    pub(super) fn add(&mut self, checksum: &[u8]) {
        self.0.update(checksum);
    }

    pub(super) fn finish(&self) -> [u8; 16] {
        self.0.digest128().to_be_bytes()
    }
}

/// Compresses a segment. Takes some milliseconds of CPU per megabyte, so call it on a blocking thread.
pub(super) fn encode(key: SegmentKey, segment: &Segment) -> std::io::Result<EncodedSegment> {
    Ok(EncodedSegment {
        key,
        first_row: segment.first_row,
        last_row: segment.last_row,
        rows: segment.rows,
        raw_bytes: segment.payload.len(),
        checksum: checksum(key, &segment.payload),
        payload: zstd::bulk::compress(&segment.payload, ZSTD_LEVEL)?,
    })
}

/// Decompresses and verifies a segment. The error describes the damage.
pub(super) fn decode(encoded: &EncodedSegment) -> Result<Segment, String> {
    let payload = zstd::bulk::decompress(&encoded.payload, encoded.raw_bytes)
        .map_err(|error| format!("it does not decompress: {error}"))?;
    if payload.len() != encoded.raw_bytes {
        return Err(format!("it has {} bytes instead of {}", payload.len(), encoded.raw_bytes));
    }
    if checksum(encoded.key, &payload) != encoded.checksum {
        return Err("its checksum does not match".to_owned());
    }
    Ok(Segment {
        table: encoded.key.table,
        ordinal: encoded.key.ordinal,
        first_row: encoded.first_row,
        last_row: encoded.last_row,
        rows: encoded.rows,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_comes_back_and_one_in_the_wrong_place_does_not() {
        let key = SegmentKey { model_id: 1, version: VersionNumber(3), table: 2, ordinal: 0 };
        let payload = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let segment = Segment { table: 2, ordinal: 0, first_row: 0, last_row: 9, rows: 10, payload };
        let mut encoded = encode(key, &segment).expect("encoded");
        assert!(encoded.payload.len() < segment.payload.len());
        assert_eq!(decode(&encoded).expect("decoded"), segment);
        encoded.key.ordinal = 1;
        assert!(decode(&encoded).expect_err("moved").contains("checksum"));
        encoded.key.ordinal = 0;
        encoded.payload[50] ^= 1;
        decode(&encoded).expect_err("damaged");
    }
}
