//! Manifests: the row of each version in the table `versions`.

use sqlx::{Row, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{Digest, Position, Timestamp, VersionKind, VersionManifest, VersionNumber};

use super::VersionError;

/// Columns that [`manifest`] reads, in this order.
macro_rules! manifest_columns {
    () => {
        "number, label, reason, position, parent, digest, bytes, created_at, actor, metrics, fingerprint, derived, \
         raw_bytes, row_count, delta_of is not null"
    };
}
pub(super) use manifest_columns;

/// Reads a row of [`manifest_columns`].
pub(super) fn manifest(row: &PgRow) -> Result<VersionManifest, VersionError> {
    let version = number(row.try_get(0)?);
    let corrupt = |detail: &str| VersionError::Corrupt { version, detail: detail.to_owned() };
    let digest: Vec<u8> = row.try_get(5)?;
    let digest = <[u8; 16]>::try_from(digest.as_slice()).map_err(|_| corrupt("its digest does not have 16 bytes"))?;
    let created_at: OffsetDateTime = row.try_get(7)?;
    let metrics: &str = row.try_get(9)?;
    let derived: Option<&str> = row.try_get(11)?;
    Ok(VersionManifest {
        version,
        label: row.try_get(1)?,
        reason: row.try_get(2)?,
        position: Position::from_i64(row.try_get(3)?),
        parent: row.try_get::<Option<i32>, _>(4)?.map(number),
        digest: Digest(u128::from_be_bytes(digest)),
        bytes: count(row.try_get(6)?),
        created_at: Timestamp::from(created_at),
        actor: row.try_get(8)?,
        metrics: serde_json::from_str(metrics).map_err(|_| corrupt("its metrics are not JSON"))?,
        fingerprint: row.try_get(10)?,
        derived: derived
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| corrupt("its provenance cannot be read by this release"))?,
        raw_bytes: count(row.try_get(12)?),
        rows: count(row.try_get(13)?),
        kind: if row.try_get(14)? { VersionKind::Delta } else { VersionKind::Base },
    })
}

/// Converts a stored count.
pub(super) fn count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// Converts a stored version number.
pub(super) fn number(number: i32) -> VersionNumber {
    VersionNumber(u32::try_from(number).unwrap_or(0))
}

/// Converts a version number for SQL. One that no table can hold becomes -1, which no version has.
pub(super) fn sql_number(number: VersionNumber) -> i32 {
    i32::try_from(number.0).unwrap_or(-1)
}
