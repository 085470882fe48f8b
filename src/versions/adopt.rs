//! A fork's first version: another model's, as it is.

use sqlx::{PgConnection, Row};

use super::{
    NewVersion, VersionError, VersionStore,
    load::packed,
    manifest::sql_number,
    packing::{self, Place, Sealing},
    save::{Sent, finish, insert_manifest},
};
use crate::domain::{Position, VersionManifest, VersionNumber, VersionRef};

/// Who makes a fork, and why.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

impl VersionStore {
    /// Makes a version of `source` the first version of this model, at position 0 and with the same digest, within the
    /// caller's transaction. The caller holds the source's version there (a fork's row names it), so it cannot go meanwhile.
    ///
    /// The rows are copied inside Postgres; what travels is one segment at a time, to verify it and to seal it again for its new
    /// place. Errors: [`VersionError::NotFound`], [`VersionError::Corrupt`] names the source's version.
    pub async fn adopt(
        &self,
        connection: &mut PgConnection,
        source: &VersionStore,
        version: VersionNumber,
        adoption: Adoption,
    ) -> Result<VersionManifest, VersionError> {
        let manifest = source.get_in(&mut *connection, &VersionRef::Number(version)).await?;
        let new = NewVersion {
            position: Position::ZERO,
            parent: None,
            digest: manifest.digest,
            label: None,
            reason: adoption.reason,
            actor: adoption.actor,
            metrics: manifest.metrics,
            fingerprint: manifest.fingerprint,
            segments: Vec::new(),
        };
        let adopted = insert_manifest(&mut *connection, self.model_id(), &new).await?;
        let places = sqlx::query(
            "select table_number, ordinal from version_segments where model_id = $1 and version = $2 \
             order by table_number, ordinal",
        )
        .bind(source.model_id())
        .bind(sql_number(version))
        .fetch_all(&mut *connection)
        .await?;
        let mut sealing = Sealing::default();
        for row in &places {
            let place =
                Place { model_id: self.model_id(), version: adopted, table: row.try_get(0)?, ordinal: row.try_get(1)? };
            sealing.add(&copy(&mut *connection, (source.model_id(), version), place).await?);
        }
        let segments = i32::try_from(places.len()).unwrap_or(i32::MAX);
        let bytes = i64::try_from(manifest.bytes).unwrap_or(i64::MAX);
        finish(connection, self.model_id(), adopted, &Sent { bytes, segments, seal: sealing.seal() }).await
    }
}

/// Copies one segment of a version to its new place; returns its new checksum.
async fn copy(
    connection: &mut PgConnection,
    (source_id, version): (i32, VersionNumber),
    place: Place,
) -> Result<[u8; 16], VersionError> {
    let row = sqlx::query(
        "select table_number, ordinal, raw_bytes, checksum, payload from version_segments \
         where model_id = $1 and version = $2 and table_number = $3 and ordinal = $4",
    )
    .bind(source_id)
    .bind(sql_number(version))
    .bind(place.table)
    .bind(place.ordinal)
    .fetch_one(&mut *connection)
    .await?;
    let packed = packed(&row, source_id, version)?;
    let sealed = tokio::task::spawn_blocking(move || {
        packing::unpack(&packed).map(|segment| packing::checksum(place, &segment.payload))
    })
    .await
    .map_err(|_panic| sqlx::Error::WorkerCrashed)?;
    let checksum = sealed.map_err(|detail| VersionError::Corrupt {
        version,
        detail: format!("segment {} of table {}: {detail}", place.ordinal, place.table),
    })?;
    sqlx::query(
        "insert into version_segments (model_id, version, table_number, ordinal, raw_bytes, checksum, payload) \
         select $1, $2, table_number, ordinal, raw_bytes, $3, payload from version_segments \
         where model_id = $4 and version = $5 and table_number = $6 and ordinal = $7",
    )
    .bind(place.model_id)
    .bind(sql_number(place.version))
    .bind(checksum.as_slice())
    .bind(source_id)
    .bind(sql_number(version))
    .bind(place.table)
    .bind(place.ordinal)
    .execute(connection)
    .await?;
    Ok(checksum)
}
