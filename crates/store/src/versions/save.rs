//! Storing of versions.

use sqlx::{PgConnection, Row};

use shelfmark_domain::{Timestamp, VersionManifest, VersionNumber};

use super::{
    NewVersion, VersionError, VersionStore,
    error::by_constraint,
    link::Link,
    lock::lock_versions,
    manifest::{manifest, manifest_columns, number, sql_number},
    read_back,
    seal::{add_present, seal},
    segments,
};

impl VersionStore {
    /// Compresses and stores a version in one transaction, under the next number.
    ///
    /// The stored segments are read back and verified before the commit, so every visible version can be loaded.
    ///
    /// Concurrent calls for one model wait for each other. Appends do not wait, since the lock is not the model's row.
    /// Memory: one segment is encoded and compressed, on a blocking thread, while the one before it is sent.
    ///
    /// Errors, before anything is sent: [`VersionError::Outdated`], [`VersionError::LabelTaken`], and
    /// [`VersionError::NotFound`] for a delta of a version that does not exist. Afterwards: [`VersionError::ReadBack`].
    pub async fn save(&self, version: NewVersion) -> Result<VersionManifest, VersionError> {
        let mut transaction = self.pool().begin().await?;
        lock_versions(&mut transaction, self.model_id()).await?;
        // An erasure holds the same lock until it commits, so none can come between this check and the commit.
        let outdated: bool = sqlx::query_scalar(
            "select exists (select from records where model_id = $1 and type = 7 and position > $2)",
        )
        .bind(self.model_id())
        .bind(version.seen_through.as_i64())
        .fetch_one(&mut *transaction)
        .await?;
        if outdated {
            return Err(VersionError::Outdated);
        }
        let saved = insert_manifest(&mut transaction, self.model_id(), &version).await?;
        let sent = segments::send(&mut transaction, self.model_id(), saved, version.segments).await?;
        if let Some(read_back) = version.read_back {
            let link = Link {
                model_id: self.model_id(),
                version: saved,
                segments: sent.segments,
                checksum: sent.checksum.into(),
            };
            read_back::check(&mut transaction, &link, read_back).await?;
        }
        let row = sqlx::query(concat!(
            "update versions set bytes = $3, segments = $4, checksum = $5, raw_bytes = $6, row_count = $7, \
             base_raw_bytes = case when delta_of is null then $6 else base_raw_bytes end, \
             deltas_raw_bytes = case when delta_of is null then 0 else deltas_raw_bytes + $6 end \
             where model_id = $1 and number = $2 \
             returning ",
            manifest_columns!(),
        ))
        .bind(self.model_id())
        .bind(sql_number(saved))
        .bind(sent.bytes)
        .bind(sent.segments)
        .bind(sent.checksum.as_slice())
        .bind(sent.raw_bytes)
        .bind(sent.rows)
        .fetch_one(&mut *transaction)
        .await?;
        let manifest = manifest(&row)?;
        seal(&mut transaction, self.model_id(), saved).await?;
        add_present(&mut transaction, self.model_id(), saved).await?;
        transaction.commit().await?;
        Ok(manifest)
    }
}

async fn insert_manifest(
    connection: &mut PgConnection,
    model_id: i32,
    version: &NewVersion,
) -> Result<VersionNumber, VersionError> {
    if let Some(under) = version.delta_of {
        // Locked, so that it is neither deleted before the delta refers to it, nor compacted while its sizes are
        // copied.
        sqlx::query("select from versions where model_id = $1 and number = $2 for no key update")
            .bind(model_id)
            .bind(sql_number(under))
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| VersionError::NotFound(under.to_string()))?;
    }
    let derived = version.derived.as_ref().map(serde_json::to_string).transpose();
    let derived = derived.map_err(|error| sqlx::Error::Encode(error.into()))?;
    // Not the largest number plus one: the newest version may be deleted, and its number must not be reused.
    let row = sqlx::query(
        "with given as (insert into version_numbers (model_id, last) values ($1, 1) \
         on conflict (model_id) do update set last = version_numbers.last + 1 returning last) \
         insert into versions (model_id, number, label, reason, position, parent, digest, bytes, segments, checksum, \
         actor, metrics, fingerprint, created_at, derived, delta_of_model, delta_of, depth, base_raw_bytes, \
         deltas_raw_bytes) \
         select $1, g.last, $2, $3, $4, $5, $6, 0, 0, '', $7, $8, $9, $10, $11, u.model_id, u.number, \
         coalesce(u.depth + 1, 0), coalesce(u.base_raw_bytes, 0), coalesce(u.deltas_raw_bytes, 0) \
         from given g left join versions u on u.model_id = $1 and u.number = $12 returning number",
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
    .bind(version.delta_of.map(sql_number))
    .fetch_one(connection)
    .await
    .map_err(|error| by_constraint(error, version.label.as_deref()))?;
    Ok(number(row.try_get(0)?))
}
