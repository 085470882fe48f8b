//! Loading of versions: reads, verifies and decompresses their segments.

use futures::{StreamExt, TryStreamExt};
use sqlx::{PgConnection, Row, postgres::PgRow};
use tokio::sync::mpsc;

use shelfmark_domain::{VersionManifest, VersionNumber};
use shelfmark_state::Segment;

use super::{
    VersionError, VersionStore,
    codec::{self, EncodedSegment, ManifestChecksum, SegmentKey},
    link::{Link, links},
    manifest::{manifest, manifest_columns, sql_number},
};

/// Largest uncompressed segment that is accepted: a damaged length must not exhaust memory.
const RAW_BYTES_MAX: usize = 1 << 30;
/// Segments that are decompressed concurrently, while the next ones arrive.
const DECODING_MAX: usize = 3;

impl VersionStore {
    /// Sends the decompressed segments, each verified against its checksum: those of the base, then those of each
    /// delta, in the order of (table, ordinal) within a version. Ends early, without an error, when the receiver is
    /// dropped.
    ///
    /// Memory: a few segments. The segments are valid only once the call has returned `Ok`, since the last one may be
    /// damaged.
    ///
    /// Errors: [`VersionError::NotFound`]; [`VersionError::Corrupt`] names the first damaged segment, or says that
    /// segments are missing.
    pub async fn load(
        &self,
        version: VersionNumber,
        segments: mpsc::Sender<Segment>,
    ) -> Result<VersionManifest, VersionError> {
        let mut transaction = self.pool().begin().await?;
        // One snapshot: a version that is deleted or compacted meanwhile is read whole or not found.
        sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *transaction).await?;
        let row = sqlx::query(concat!(
            "select ",
            manifest_columns!(),
            " from versions where model_id = $1 and number = $2 and not hidden"
        ))
        .bind(self.model_id())
        .bind(sql_number(version))
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| VersionError::NotFound(version.to_string()))?;
        let manifest = manifest(&row)?;
        for link in links(&mut transaction, self.model_id(), version).await? {
            let sent = send(&mut transaction, &link, &segments).await;
            let own = link.version == version && link.model_id == self.model_id();
            match sent {
                Err(VersionError::Corrupt { detail, .. }) if !own => {
                    let detail = format!("version {}, on which it depends: {detail}", link.version);
                    return Err(VersionError::Corrupt { version, detail });
                }
                sent => sent?,
            }
        }
        transaction.rollback().await?;
        Ok(manifest)
    }
}

/// Sends one version's own segments.
pub(super) async fn send(
    connection: &mut PgConnection,
    link: &Link,
    segments: &mpsc::Sender<Segment>,
) -> Result<(), VersionError> {
    let Link { model_id, version, segments: expected, checksum } = link;
    let rows = sqlx::query(
        "select table_number, ordinal, first_row, last_row, raw_bytes, checksum, payload from version_segments \
         where model_id = $1 and version = $2 order by table_number, ordinal",
    )
    .bind(model_id)
    .bind(sql_number(*version))
    .fetch(connection);
    let segments_of = rows.map(|row| async {
        let encoded = encoded(&row?, *model_id, *version)?;
        Ok::<_, VersionError>((encoded.checksum, decoded(encoded).await?))
    });
    let mut arriving = std::pin::pin!(segments_of.buffered(DECODING_MAX));
    let (mut manifest_checksum, mut found) = (ManifestChecksum::default(), 0);
    while let Some((checksum, segment)) = arriving.try_next().await? {
        manifest_checksum.add(&checksum);
        found += 1;
        if segments.send(segment).await.is_err() {
            return Ok(());
        }
    }
    if found != *expected || manifest_checksum.finish() != checksum.as_slice() {
        let detail = format!("{found} of {expected} segments, or segments that do not match the manifest's checksum");
        return Err(VersionError::Corrupt { version: *version, detail });
    }
    Ok(())
}

/// Decompresses and verifies a segment, on a blocking thread.
pub(super) async fn decoded(encoded: EncodedSegment) -> Result<Segment, VersionError> {
    let SegmentKey { version, table, ordinal, .. } = encoded.key;
    let decoded = tokio::task::spawn_blocking(move || codec::decode(&encoded));
    let decoded = decoded.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?;
    decoded.map_err(|detail| corrupt(version, ordinal, table, &detail))
}

fn corrupt(version: VersionNumber, ordinal: i32, table: i16, detail: &str) -> VersionError {
    VersionError::Corrupt { version, detail: format!("segment {ordinal} of table {table}: {detail}") }
}

/// Reads a row of `version_segments` as an encoded segment.
pub(super) fn encoded(row: &PgRow, model_id: i32, version: VersionNumber) -> Result<EncodedSegment, VersionError> {
    let key = SegmentKey { model_id, version, table: row.try_get(0)?, ordinal: row.try_get(1)? };
    let corrupt = |detail: &str| corrupt(version, key.ordinal, key.table, detail);
    let row_number = |column: usize| -> Result<u32, VersionError> {
        u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| corrupt("its row numbers are out of range"))
    };
    let raw_bytes = usize::try_from(row.try_get::<i64, _>(4)?)
        .ok()
        .filter(|bytes| *bytes <= RAW_BYTES_MAX)
        .ok_or_else(|| corrupt("its length is out of range"))?;
    let checksum: &[u8] = row.try_get(5)?;
    Ok(EncodedSegment {
        key,
        first_row: row_number(2)?,
        last_row: row_number(3)?,
        rows: 0,
        raw_bytes,
        checksum: checksum.try_into().map_err(|_| corrupt("its checksum does not have 16 bytes"))?,
        payload: row.try_get(6)?,
    })
}
