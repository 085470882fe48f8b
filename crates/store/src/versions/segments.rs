//! Sender of a version's segments.

use sqlx::PgConnection;

use shelfmark_domain::VersionNumber;
use shelfmark_state::Segment;

use super::{
    NewSegments, VersionError,
    codec::{self, EncodedSegment, ManifestChecksum, SegmentKey},
    manifest::sql_number,
};

/// Totals of the sent segments.
#[derive(Default)]
pub(super) struct Sent {
    /// Compressed bytes.
    pub bytes: i64,
    pub raw_bytes: i64,
    pub rows: i64,
    pub segments: i32,
    pub checksum: [u8; 16],
}

/// Sends the segments of a version. Each is encoded and compressed on a blocking thread while the one before it is
/// sent.
pub(super) async fn send(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
    segments: NewSegments,
) -> Result<Sent, VersionError> {
    let mut manifest_checksum = ManifestChecksum::default();
    let mut sent = Sent::default();
    let mut encoding = Some(encode_next(model_id, version, segments));
    while let Some(encoded) = encoding.take() {
        let Some((encoded, segments)) =
            encoded.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?.map_err(sqlx::Error::Io)?
        else {
            break;
        };
        encoding = Some(encode_next(model_id, version, segments));
        manifest_checksum.add(&encoded.checksum);
        sent.bytes += sql_count(encoded.payload.len());
        sent.raw_bytes += sql_count(encoded.raw_bytes);
        sent.rows += i64::from(encoded.rows);
        sent.segments += 1;
        insert(connection, encoded).await?;
    }
    sent.checksum = manifest_checksum.finish();
    Ok(sent)
}

type Encoding = tokio::task::JoinHandle<std::io::Result<Option<(EncodedSegment, NewSegments)>>>;

/// Starts to encode and compress the next segment. The task returns it with the remaining segments.
fn encode_next(model_id: i32, version: VersionNumber, mut segments: NewSegments) -> Encoding {
    tokio::task::spawn_blocking(move || {
        let Some(segment) = segments.0.next() else { return Ok(None) };
        let Segment { table, ordinal, .. } = segment;
        Ok(Some((codec::encode(SegmentKey { model_id, version, table, ordinal }, &segment)?, segments)))
    })
}

async fn insert(connection: &mut PgConnection, encoded: EncodedSegment) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into version_segments (model_id, version, table_number, ordinal, first_row, last_row, raw_bytes, checksum, \
         payload) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(encoded.key.model_id)
    .bind(sql_number(encoded.key.version))
    .bind(encoded.key.table)
    .bind(encoded.key.ordinal)
    .bind(i64::from(encoded.first_row))
    .bind(i64::from(encoded.last_row))
    .bind(sql_count(encoded.raw_bytes))
    .bind(encoded.checksum.as_slice())
    .bind(encoded.payload)
    .execute(connection)
    .await?;
    Ok(())
}

fn sql_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
