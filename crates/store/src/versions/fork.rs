//! First version of a fork, which shares the rows of another model's version.

use sqlx::PgConnection;

use shelfmark_domain::{VersionManifest, VersionNumber};

use super::{
    VersionError, VersionStore,
    codec::ManifestChecksum,
    lock::lock_versions,
    manifest::{manifest, manifest_columns, sql_number},
    seal::{add_present, seal},
};

/// Author and reason of a fork, for its manifest.
#[derive(Debug, Clone)]
pub struct ForkDetails {
    /// Name of the API key or user that creates the fork.
    pub actor: String,
    /// Free text.
    pub reason: Option<String>,
}

impl VersionStore {
    /// Stores version 1 of this model within the caller's transaction: at position 0, with the digest of the source's
    /// version. No row is copied, since the new version is an empty delta of that one.
    ///
    /// The caller has inserted the fork's row, whose foreign key keeps the source's version from being deleted.
    /// Errors: [`VersionError::NotFound`].
    pub async fn create_fork(
        &self,
        connection: &mut PgConnection,
        source: &VersionStore,
        version: VersionNumber,
        details: ForkDetails,
    ) -> Result<VersionManifest, VersionError> {
        // No erasure changes the source's digest between this read and the commit.
        lock_versions(connection, source.model_id()).await?;
        sqlx::query("insert into version_numbers (model_id, last) values ($1, 1)")
            .bind(self.model_id())
            .execute(&mut *connection)
            .await?;
        let row = sqlx::query(concat!(
            "insert into versions (model_id, number, label, reason, position, parent, digest, bytes, segments, checksum, \
             actor, metrics, fingerprint, created_at, delta_of_model, delta_of, depth, base_raw_bytes, deltas_raw_bytes) \
             select $1, 1, null, $4, 0, null, digest, 0, 0, $5, $6, metrics, fingerprint, now(), model_id, number, \
             depth + 1, base_raw_bytes, deltas_raw_bytes \
             from versions where model_id = $2 and number = $3 and not hidden returning ",
            manifest_columns!(),
        ))
        .bind(self.model_id())
        .bind(source.model_id())
        .bind(sql_number(version))
        .bind(details.reason)
        .bind(ManifestChecksum::default().finish().as_slice())
        .bind(details.actor)
        .fetch_optional(&mut *connection)
        .await?;
        let manifest = manifest(&row.ok_or_else(|| VersionError::NotFound(version.to_string()))?)?;
        seal(connection, self.model_id(), manifest.version).await?;
        add_present(connection, self.model_id(), manifest.version).await?;
        Ok(manifest)
    }
}
