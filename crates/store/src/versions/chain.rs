//! Chains of versions: their length, their compaction, and the deletion of versions that deltas depend on.

use sqlx::{PgConnection, Row};

use shelfmark_domain::VersionNumber;
use shelfmark_state::ReadBack;

use super::{
    NewSegments, VersionError, VersionStore,
    link::Link,
    lock::lock_versions,
    manifest::{count, number, sql_number},
    read_back,
    seal::{remove_present, seal, unseal},
    segments,
};

/// Length and size of the chain that has to be read for a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Number of deltas on the base, the version itself included; 0 for a base.
    pub depth: u32,
    /// Uncompressed bytes of the base.
    pub base_raw_bytes: u64,
    /// Uncompressed bytes of the deltas.
    pub deltas_raw_bytes: u64,
}

impl VersionStore {
    /// Returns the chain that ends in a version; `None` when there is no such version.
    pub async fn chain(&self, version: VersionNumber) -> Result<Option<Chain>, VersionError> {
        let row = sqlx::query(
            "select depth, base_raw_bytes, deltas_raw_bytes from versions where model_id = $1 and number = $2",
        )
        .bind(self.model_id())
        .bind(sql_number(version))
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            let depth: i32 = row.try_get(0)?;
            Ok(Chain {
                depth: u32::try_from(depth).unwrap_or(0),
                base_raw_bytes: count(row.try_get(1)?),
                deltas_raw_bytes: count(row.try_get(2)?),
            })
        })
        .transpose()
    }

    /// Lists the visible deltas that depend on at least `hidden_min` consecutive hidden versions, oldest first.
    /// Compacting such a delta frees those versions.
    pub async fn compactable(&self, hidden_min: u32) -> Result<Vec<VersionNumber>, VersionError> {
        let rows = sqlx::query(
            "with recursive under as ( \
                 select number as top, delta_of as number, 0 as hidden from versions \
                 where model_id = $1 and not hidden and delta_of_model = $1 \
                 union all \
                 select u.top, v.delta_of, u.hidden + 1 from under u join versions v \
                 on v.model_id = $1 and v.number = u.number and v.hidden) \
             select top from under group by top having max(hidden) >= $2 order by top",
        )
        .bind(self.model_id())
        .bind(i32::try_from(hidden_min).unwrap_or(i32::MAX))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok(number(row.try_get(0)?))).collect()
    }

    /// Rewrites a delta as a base, in one transaction. `whole` holds the segments of its whole state. Hidden versions
    /// that nothing else depends on are deleted.
    ///
    /// # Errors
    /// [`VersionError::NotFound`], and [`VersionError::ReadBack`] when the stored segments do not read back as
    /// `read_back` expects. The version is unchanged then.
    pub async fn compact(
        &self,
        version: VersionNumber,
        whole: NewSegments,
        read_back: Box<ReadBack>,
    ) -> Result<(), VersionError> {
        let mut transaction = self.pool().begin().await?;
        lock_versions(&mut transaction, self.model_id()).await?;
        let before =
            sqlx::query("select depth, deltas_raw_bytes from versions where model_id = $1 and number = $2 for update")
                .bind(self.model_id())
                .bind(sql_number(version))
                .fetch_optional(&mut *transaction)
                .await?
                .ok_or_else(|| VersionError::NotFound(version.to_string()))?;
        sqlx::query("delete from version_segments where model_id = $1 and version = $2")
            .bind(self.model_id())
            .bind(sql_number(version))
            .execute(&mut *transaction)
            .await?;
        let sent = segments::send(&mut transaction, self.model_id(), version, whole).await?;
        let link = Link { model_id: self.model_id(), version, segments: sent.segments, checksum: sent.checksum.into() };
        read_back::check(&mut transaction, &link, read_back).await?;
        sqlx::query(concat!(
            "update versions set delta_of_model = null, delta_of = null, bytes = $3, segments = $4, checksum = $5, \
             raw_bytes = $6, row_count = $7, ",
            unseal!("versions"),
            " where model_id = $1 and number = $2",
        ))
        .bind(self.model_id())
        .bind(sql_number(version))
        .bind(sent.bytes)
        .bind(sent.segments)
        .bind(sent.checksum.as_slice())
        .bind(sent.raw_bytes)
        .bind(sent.rows)
        .execute(&mut *transaction)
        .await?;
        // Every version above it in the chain, those of other models included, now has this base.
        let above: Vec<(i32, i32)> = sqlx::query_as(concat!(
            "with recursive above as ( \
                 select model_id, number from versions where model_id = $1 and number = $2 \
                 union all \
                 select v.model_id, v.number from versions v join above a \
                 on v.delta_of_model = a.model_id and v.delta_of = a.number) \
             update versions v set depth = v.depth - $3, base_raw_bytes = $4, deltas_raw_bytes = v.deltas_raw_bytes - $5, ",
            unseal!("v"),
            " from above a where v.model_id = a.model_id and v.number = a.number returning v.model_id, v.number",
        ))
        .bind(self.model_id())
        .bind(sql_number(version))
        .bind(before.try_get::<i32, _>(0)?)
        .bind(sent.raw_bytes)
        .bind(before.try_get::<i64, _>(1)?)
        .fetch_all(&mut *transaction)
        .await?;
        for (model_id, above) in above {
            seal(&mut transaction, model_id, number(above)).await?;
        }
        delete_unreferenced(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Deletes a version, or hides it while deltas depend on it. Also deletes hidden versions that only it depended on.
pub(super) async fn remove(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
) -> Result<(), VersionError> {
    sqlx::query(concat!(
        "update versions set hidden = true, label = null, ",
        unseal!("versions"),
        " where model_id = $1 and number = $2"
    ))
    .bind(model_id)
    .bind(sql_number(version))
    .execute(&mut *connection)
    .await?;
    seal(connection, model_id, version).await?;
    delete_unreferenced(connection).await
}

/// Deletes the hidden versions, of every model, that no delta depends on.
pub(super) async fn delete_unreferenced(connection: &mut PgConnection) -> Result<(), VersionError> {
    loop {
        let deleted: Vec<(i32, i32)> = sqlx::query_as(
            "delete from versions v where v.hidden and not exists \
             (select from versions d where d.delta_of_model = v.model_id and d.delta_of = v.number) \
             returning v.model_id, v.number",
        )
        .fetch_all(&mut *connection)
        .await?;
        // Each round frees the next version below. Chains are short.
        if deleted.is_empty() {
            return Ok(());
        }
        remove_present(connection, &deleted).await?;
    }
}
