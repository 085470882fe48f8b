//! Segments as they are stored: compressed, with a checksum over what they are and what they hold.

use xxhash_rust::xxh3::Xxh3;

use shelfmark_domain::VersionNumber;
use shelfmark_state::Segment;

/// Level 1 of zstd: rows of floats hardly compress, and a version is taken while the learner wants the core.
const ZSTD_LEVEL: i32 = 1;

/// Where a segment belongs; part of its checksum, so that one in the wrong place is noticed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub model_id: i32,
    pub version: VersionNumber,
    pub table: i16,
    pub ordinal: i32,
}

/// A segment's columns.
pub(super) struct Packed {
    pub place: Place,
    pub first_row: u32,
    pub last_row: u32,
    pub rows: u32,
    pub raw_bytes: usize,
    pub checksum: [u8; 16],
    pub payload: Vec<u8>,
}

/// xxh3, 128 bits, over the place and the uncompressed bytes.
pub(super) fn checksum(place: Place, payload: &[u8]) -> [u8; 16] {
    let mut hash = Xxh3::new();
    hash.update(&place.model_id.to_le_bytes());
    hash.update(&place.version.0.to_le_bytes());
    hash.update(&place.table.to_le_bytes());
    hash.update(&place.ordinal.to_le_bytes());
    hash.update(payload);
    hash.digest128().to_be_bytes()
}

/// The manifest's checksum: over those of the segments, in order.
#[derive(Default)]
pub(super) struct Sealing(Xxh3);

impl Sealing {
    pub(super) fn add(&mut self, checksum: &[u8]) {
        self.0.update(checksum);
    }

    pub(super) fn seal(&self) -> [u8; 16] {
        self.0.digest128().to_be_bytes()
    }
}

/// Compresses. CPU work of some milliseconds a megabyte: on a blocking thread.
pub(super) fn pack(place: Place, segment: &Segment) -> std::io::Result<Packed> {
    Ok(Packed {
        place,
        first_row: segment.first_row,
        last_row: segment.last_row,
        rows: segment.rows,
        raw_bytes: segment.payload.len(),
        checksum: checksum(place, &segment.payload),
        payload: zstd::bulk::compress(&segment.payload, ZSTD_LEVEL)?,
    })
}

/// Decompresses and verifies; the error says what is wrong.
pub(super) fn unpack(packed: &Packed) -> Result<Segment, String> {
    let payload = zstd::bulk::decompress(&packed.payload, packed.raw_bytes)
        .map_err(|error| format!("it does not decompress: {error}"))?;
    if payload.len() != packed.raw_bytes {
        return Err(format!("it has {} bytes instead of {}", payload.len(), packed.raw_bytes));
    }
    if checksum(packed.place, &payload) != packed.checksum {
        return Err("its checksum does not match".to_owned());
    }
    Ok(Segment {
        table: packed.place.table,
        ordinal: packed.place.ordinal,
        first_row: packed.first_row,
        last_row: packed.last_row,
        rows: packed.rows,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_comes_back_and_one_in_the_wrong_place_does_not() {
        let place = Place { model_id: 1, version: VersionNumber(3), table: 2, ordinal: 0 };
        let payload = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let segment = Segment { table: 2, ordinal: 0, first_row: 0, last_row: 9, rows: 10, payload };
        let mut packed = pack(place, &segment).expect("packed");
        assert!(packed.payload.len() < segment.payload.len());
        assert_eq!(unpack(&packed).expect("unpacked"), segment);
        packed.place.ordinal = 1;
        assert!(unpack(&packed).expect_err("moved").contains("checksum"));
        packed.place.ordinal = 0;
        packed.payload[50] ^= 1;
        unpack(&packed).expect_err("damaged");
    }
}
