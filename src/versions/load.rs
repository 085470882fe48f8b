//! Reading a version back.

use futures::TryStreamExt;
use sqlx::{Row, postgres::PgRow};

use super::{
    VersionError, VersionStore,
    manifest::{manifest, sql_number},
    packing::{self, Packed, Place, Sealing},
};
use crate::{
    domain::{VersionManifest, VersionNumber},
    state::Segment,
};

/// Largest uncompressed segment that is believed: a damaged length must not take all memory.
const RAW_BYTES_MAX: usize = 1 << 30;

impl VersionStore {
    /// The segments, decompressed, each verified against its checksum, in (table, ordinal) order.
    ///
    /// Errors: [`VersionError::Corrupt`] names the first segment that is damaged, or says that some are missing.
    pub async fn load(&self, version: VersionNumber) -> Result<(VersionManifest, Vec<Segment>), VersionError> {
        let mut transaction = self.pool().begin().await?;
        // One snapshot: a version that is deleted meanwhile is read whole or not found.
        sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *transaction).await?;
        let row = sqlx::query(
            "select number, label, reason, position, parent, digest, bytes, created_at, actor, metrics, fingerprint, \
             segments, checksum from versions where model_id = $1 and number = $2",
        )
        .bind(self.model_id())
        .bind(sql_number(version))
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| VersionError::NotFound(version.to_string()))?;
        let manifest = manifest(&row)?;
        let expected: i32 = row.try_get(11)?;
        let seal: Vec<u8> = row.try_get(12)?;

        let mut sealing = Sealing::default();
        let mut segments = Vec::new();
        let mut rows = sqlx::query(
            "select table_number, ordinal, raw_bytes, checksum, payload from version_segments \
             where model_id = $1 and version = $2 order by table_number, ordinal",
        )
        .bind(self.model_id())
        .bind(sql_number(version))
        .fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await? {
            let packed = packed(&row, self.model_id(), version)?;
            sealing.add(&packed.checksum);
            segments.push(unpacked(packed).await?);
        }
        drop(rows);
        transaction.rollback().await?;
        if i32::try_from(segments.len()) != Ok(expected) || sealing.seal() != seal.as_slice() {
            let detail = format!("{} segments instead of {expected}, or not those that were stored", segments.len());
            return Err(VersionError::Corrupt { version, detail });
        }
        Ok((manifest, segments))
    }
}

/// Decompresses and verifies on a blocking thread.
pub(super) async fn unpacked(packed: Packed) -> Result<Segment, VersionError> {
    let Place { version, table, ordinal, .. } = packed.place;
    let unpacked = tokio::task::spawn_blocking(move || packing::unpack(&packed));
    let unpacked = unpacked.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?;
    unpacked.map_err(|detail| VersionError::Corrupt {
        version,
        detail: format!("segment {ordinal} of table {table}: {detail}"),
    })
}

pub(super) fn packed(row: &PgRow, model_id: i32, version: VersionNumber) -> Result<Packed, VersionError> {
    let place = Place { model_id, version, table: row.try_get(0)?, ordinal: row.try_get(1)? };
    let corrupt = |detail: &str| VersionError::Corrupt {
        version,
        detail: format!("segment {} of table {}: {detail}", place.ordinal, place.table),
    };
    let raw_bytes = usize::try_from(row.try_get::<i64, _>(2)?)
        .ok()
        .filter(|bytes| *bytes <= RAW_BYTES_MAX)
        .ok_or_else(|| corrupt("its length cannot be right"))?;
    let checksum: &[u8] = row.try_get(3)?;
    Ok(Packed {
        place,
        raw_bytes,
        checksum: checksum.try_into().map_err(|_| corrupt("its checksum has not 16 bytes"))?,
        payload: row.try_get(4)?,
    })
}
