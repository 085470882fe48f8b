//! Sending a version's segments.

use sqlx::PgConnection;

use shelfmark_domain::VersionNumber;
use shelfmark_state::Segment;

use super::{
    NewSegments, VersionError,
    manifest::sql_number,
    packing::{self, Packed, Place, Sealing},
};

/// What was sent.
#[derive(Default)]
pub(super) struct Sent {
    /// Compressed.
    pub bytes: i64,
    pub raw_bytes: i64,
    pub rows: i64,
    pub segments: i32,
    pub seal: [u8; 16],
}

/// Sends the segments of a version. Each is encoded and compressed on a blocking thread while the one before it travels.
pub(super) async fn send(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
    segments: NewSegments,
) -> Result<Sent, VersionError> {
    let mut sealing = Sealing::default();
    let mut sent = Sent::default();
    let mut packing = Some(pack_next(model_id, version, segments));
    while let Some(packed) = packing.take() {
        let Some((packed, segments)) =
            packed.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?.map_err(sqlx::Error::Io)?
        else {
            break;
        };
        packing = Some(pack_next(model_id, version, segments));
        sealing.add(&packed.checksum);
        sent.bytes += sql_count(packed.payload.len());
        sent.raw_bytes += sql_count(packed.raw_bytes);
        sent.rows += i64::from(packed.rows);
        sent.segments += 1;
        insert(connection, packed).await?;
    }
    sent.seal = sealing.seal();
    Ok(sent)
}

type Packing = tokio::task::JoinHandle<std::io::Result<Option<(Packed, NewSegments)>>>;

/// Starts to encode and compress the next one; at its end the handle gives the rest back.
fn pack_next(model_id: i32, version: VersionNumber, mut segments: NewSegments) -> Packing {
    tokio::task::spawn_blocking(move || {
        let Some(segment) = segments.0.next() else { return Ok(None) };
        let Segment { table, ordinal, .. } = segment;
        Ok(Some((packing::pack(Place { model_id, version, table, ordinal }, &segment)?, segments)))
    })
}

async fn insert(connection: &mut PgConnection, packed: Packed) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into version_segments (model_id, version, table_number, ordinal, first_row, last_row, raw_bytes, checksum, \
         payload) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(packed.place.model_id)
    .bind(sql_number(packed.place.version))
    .bind(packed.place.table)
    .bind(packed.place.ordinal)
    .bind(i64::from(packed.first_row))
    .bind(i64::from(packed.last_row))
    .bind(sql_count(packed.raw_bytes))
    .bind(packed.checksum.as_slice())
    .bind(packed.payload)
    .execute(connection)
    .await?;
    Ok(())
}

fn sql_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
