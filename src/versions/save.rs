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
        let row = sqlx::query(
            "update versions set bytes = $3, segments = $4, checksum = $5 where model_id = $1 and number = $2 \
             returning number, label, reason, position, parent, digest, bytes, created_at, actor, metrics, fingerprint, derived",
        )
        .bind(self.model_id())
        .bind(sql_number(saved))
        .bind(sent.bytes)
        .bind(sent.segments)
        .bind(sent.seal.as_slice())
        .fetch_one(&mut *transaction)
        .await?;
        let manifest = manifest(&row)?;
        transaction.commit().await?;
        Ok(manifest)
    }
}

async fn insert_manifest(
    connection: &mut PgConnection,
    model_id: i32,
    version: &NewVersion,
) -> Result<VersionNumber, VersionError> {
    let derived = version.derived.as_ref().map(serde_json::to_string).transpose();
    let derived = derived.map_err(|error| sqlx::Error::Encode(error.into()))?;
    // Not the newest number there is, plus one: a version may be deleted while it is the newest.
    let row = sqlx::query(
        "with given as (insert into version_numbers (model_id, last) values ($1, 1) \
         on conflict (model_id) do update set last = version_numbers.last + 1 returning last) \
         insert into versions (model_id, number, label, reason, position, parent, digest, bytes, segments, checksum, \
         actor, metrics, fingerprint, created_at, derived) \
         select $1, last, $2, $3, $4, $5, $6, 0, 0, '', $7, $8, $9, $10, $11 from given returning number",
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
    .bind(derived)
    .fetch_one(connection)
    .await
    .map_err(|error| by_constraint(error, version.label.as_deref()))?;
    Ok(number(row.try_get(0)?))
}

struct Sent {
    bytes: i64,
    segments: i32,
    seal: [u8; 16],
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
