//! Storing a version.

use sqlx::{PgConnection, Row};

use super::{
    NewVersion, VersionError, VersionStore,
    error::by_constraint,
    manifest::{manifest, number, sql_number},
    packing::{self, Packed, Place, Sealing},
};
use crate::{
    domain::{Timestamp, VersionManifest, VersionNumber},
    state::Segment,
};

/// First half of the advisory lock's key: "SmVn". The second is the model.
const NUMBERS_LOCK: i32 = 0x536d_566e;

impl VersionStore {
    /// Compresses, checksums and stores; one transaction; takes the next number.
    ///
    /// Other savers of the model wait, appends do not: the lock is not the model's row. Memory: the segments are dropped
    /// as they are sent, and one is compressed (on a blocking thread) while the one before it travels.
    ///
    /// Errors: [`VersionError::LabelTaken`] before anything is sent.
    pub async fn save(&self, version: NewVersion) -> Result<VersionManifest, VersionError> {
        let mut transaction = self.pool().begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1, $2)")
            .bind(NUMBERS_LOCK)
            .bind(self.model_id())
            .execute(&mut *transaction)
            .await?;
        let saved = insert_manifest(&mut transaction, self.model_id(), &version).await?;
        let sent = send(&mut transaction, self.model_id(), saved, version.segments).await?;
        let manifest = finish(&mut transaction, self.model_id(), saved, &sent).await?;
        transaction.commit().await?;
        Ok(manifest)
    }
}

/// Writes the manifest, but for what is known once the segments are sent; returns its number.
pub(super) async fn insert_manifest(
    connection: &mut PgConnection,
    model_id: i32,
    version: &NewVersion,
) -> Result<VersionNumber, VersionError> {
    let row = sqlx::query(
        "insert into versions (model_id, number, label, reason, position, parent, digest, bytes, segments, checksum, \
         actor, metrics, fingerprint, created_at) \
         select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, 0, 0, '', $7, $8, $9, $10 \
         from versions where model_id = $1 returning number",
    )
    .bind(model_id)
    .bind(version.label.as_deref())
    .bind(version.reason.as_deref())
    .bind(version.position.as_i64())
    .bind(version.parent.map(sql_number))
    .bind(version.digest.0.to_be_bytes().as_slice())
    .bind(&version.actor)
    .bind(version.metrics.to_string())
    .bind(&version.fingerprint)
    .bind(Timestamp::now().to_datetime())
    .fetch_one(connection)
    .await
    .map_err(|error| by_constraint(error, version.label.as_deref()))?;
    Ok(number(row.try_get(0)?))
}

/// What was sent.
pub(super) struct Sent {
    /// Compressed bytes of all segments.
    pub bytes: i64,
    /// How many.
    pub segments: i32,
    /// Over their checksums.
    pub seal: [u8; 16],
}

/// Completes the manifest.
pub(super) async fn finish(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
    sent: &Sent,
) -> Result<VersionManifest, VersionError> {
    let row = sqlx::query(
        "update versions set bytes = $3, segments = $4, checksum = $5 where model_id = $1 and number = $2 \
         returning number, label, reason, position, parent, digest, bytes, created_at, actor, metrics, fingerprint",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .bind(sent.bytes)
    .bind(sent.segments)
    .bind(sent.seal.as_slice())
    .fetch_one(connection)
    .await?;
    manifest(&row)
}

async fn send(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
    mut segments: Vec<Segment>,
) -> Result<Sent, VersionError> {
    // The order of the seal is the order of reading.
    segments.sort_unstable_by_key(|segment| (segment.table, segment.ordinal));
    let mut sealing = Sealing::default();
    let mut sent = Sent { bytes: 0, segments: 0, seal: [0; 16] };
    let mut segments = segments.into_iter();
    let mut packing = segments.next().map(|next| spawn(model_id, version, next));
    while let Some(packed) = packing.take() {
        let packed = packed.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?.map_err(sqlx::Error::Io)?;
        packing = segments.next().map(|next| spawn(model_id, version, next));
        sealing.add(&packed.checksum);
        sent.bytes += i64::try_from(packed.payload.len()).unwrap_or(0);
        sent.segments += 1;
        insert_segment(connection, packed).await?;
    }
    sent.seal = sealing.seal();
    Ok(sent)
}

/// Starts to compress; the handle is awaited by [`send`] before the next but one is started.
fn spawn(model_id: i32, version: VersionNumber, segment: Segment) -> tokio::task::JoinHandle<std::io::Result<Packed>> {
    tokio::task::spawn_blocking(move || {
        let place = Place { model_id, version, table: segment.table, ordinal: segment.ordinal };
        packing::pack(place, &segment)
    })
}

async fn insert_segment(connection: &mut PgConnection, packed: Packed) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into version_segments (model_id, version, table_number, ordinal, raw_bytes, checksum, payload) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(packed.place.model_id)
    .bind(sql_number(packed.place.version))
    .bind(packed.place.table)
    .bind(packed.place.ordinal)
    .bind(i64::try_from(packed.raw_bytes).unwrap_or(0))
    .bind(packed.checksum.as_slice())
    .bind(packed.payload)
    .execute(connection)
    .await?;
    Ok(())
}
