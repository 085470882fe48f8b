//! A fork's first version: another model's, shared.

use sqlx::PgConnection;

use shelfmark_domain::{VersionManifest, VersionNumber};

use super::{
    VersionError, VersionStore,
    codec::ManifestChecksum,
    lock::lock_versions,
    manifest::{manifest, manifest_columns, sql_number},
};

/// Who makes a fork, and why.
#[derive(Debug, Clone)]
pub struct ForkDetails {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

impl VersionStore {
    /// Makes a version of `source` the first version of this model, at position 0 and with the same digest, within the
    /// caller's transaction. The caller holds the source's version there (a fork's row names it), so it cannot go meanwhile.
    ///
    /// No row is copied: the new version is a delta of the source's without changes. Errors: [`VersionError::NotFound`].
    pub async fn create_fork(
        &self,
        connection: &mut PgConnection,
        source: &VersionStore,
        version: VersionNumber,
        details: ForkDetails,
    ) -> Result<VersionManifest, VersionError> {
        // Nobody is forgotten in the source between this look at the digest and the commit.
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
        .fetch_optional(connection)
        .await?;
        manifest(&row.ok_or_else(|| VersionError::NotFound(version.to_string()))?)
    }
}
