//! Handle of the version store, and operations on manifests.

use sqlx::{PgExecutor, PgPool, Row};

use shelfmark_domain::{ModelName, Position, VersionManifest, VersionNumber, VersionRef};

use super::{
    VersionError, chain,
    error::by_constraint,
    lock::lock_versions,
    manifest::{manifest, manifest_columns, sql_number},
    seal::{seal, unseal},
};

/// Maximum number of manifests of a page.
pub(super) const LIST_LIMIT_MAX: usize = 1000;

/// Versions and deployments of one model in Postgres. Cheap to clone.
#[derive(Clone)]
pub struct VersionStore {
    pool: PgPool,
    model_id: i32,
}

impl VersionStore {
    /// Opens the store of an existing model. Error: [`VersionError::UnknownModel`].
    pub async fn open(pool: PgPool, model: &ModelName) -> Result<Self, VersionError> {
        let row = sqlx::query("select id from models where name = $1 and deleted_at is null")
            .bind(model.as_str())
            .fetch_optional(&pool)
            .await?
            .ok_or_else(|| VersionError::UnknownModel(model.clone()))?;
        let model_id = row.try_get(0)?;
        Ok(Self { pool, model_id })
    }

    /// Returns the store of the model with this number in the tables. The model's row may be inserted later.
    pub const fn of(pool: PgPool, model_id: i32) -> Self {
        Self { pool, model_id }
    }

    /// The pool of connections.
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The model's number in the tables.
    pub const fn model_id(&self) -> i32 {
        self.model_id
    }

    /// Lists manifests, newest first, at most 1,000. `before` continues from an earlier page.
    pub async fn list(
        &self,
        before: Option<VersionNumber>,
        limit: usize,
    ) -> Result<Vec<VersionManifest>, VersionError> {
        let limit = limit.clamp(1, LIST_LIMIT_MAX);
        let rows = sqlx::query(
            concat!(
            "select ",
            manifest_columns!(),
            " from versions where model_id = $1 and not hidden and ($2::integer is null or number < $2) order by number desc limit $3"
        ),
        )
        .bind(self.model_id)
        .bind(before.map(|number| i32::try_from(number.0).unwrap_or(i32::MAX)))
        .bind(i64::try_from(limit).unwrap_or(1))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(manifest).collect()
    }

    /// Counts the visible versions.
    pub async fn count(&self) -> Result<u64, VersionError> {
        let count: i64 = sqlx::query_scalar("select count(*) from versions where model_id = $1 and not hidden")
            .bind(self.model_id)
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Returns one manifest. Error: [`VersionError::NotFound`].
    pub async fn get(&self, version: &VersionRef) -> Result<VersionManifest, VersionError> {
        self.get_in(&self.pool, version).await
    }

    /// Returns one manifest, as the executor's transaction sees it.
    pub(super) async fn get_in(
        &self,
        executor: impl PgExecutor<'_>,
        version: &VersionRef,
    ) -> Result<VersionManifest, VersionError> {
        let (number, label) = match version {
            VersionRef::Number(number) => (Some(sql_number(*number)), None),
            VersionRef::Label(label) => (None, Some(label.as_str())),
        };
        let row = sqlx::query(concat!(
            "select ",
            manifest_columns!(),
            " from versions where model_id = $1 and not hidden and (number = $2 or label = $3)"
        ))
        .bind(self.model_id)
        .bind(number)
        .bind(label)
        .fetch_optional(executor)
        .await?;
        let missing = || match version {
            VersionRef::Number(number) => VersionError::NotFound(number.to_string()),
            VersionRef::Label(label) => VersionError::NotFound(label.clone()),
        };
        manifest(&row.ok_or_else(missing)?)
    }

    /// Returns the newest version, at or before a position if one is given. Derived versions are skipped.
    pub async fn newest(&self, at_or_before: Option<Position>) -> Result<Option<VersionManifest>, VersionError> {
        let row = sqlx::query(concat!(
            "select ",
            manifest_columns!(),
            " from versions where model_id = $1 and not hidden and derived is null and position <= $2 \
             order by position desc, number desc limit 1"
        ))
        .bind(self.model_id)
        .bind(at_or_before.map_or(i64::MAX, Position::as_i64))
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(manifest).transpose()
    }

    /// Changes label and reason: `None` keeps the value, `Some(None)` removes it.
    ///
    /// Errors: [`VersionError::NotFound`], [`VersionError::LabelTaken`].
    pub async fn relabel(
        &self,
        version: VersionNumber,
        label: Option<Option<String>>,
        reason: Option<Option<String>>,
    ) -> Result<VersionManifest, VersionError> {
        let wanted = label.clone().flatten();
        let mut transaction = self.pool.begin().await?;
        let row = sqlx::query(concat!(
            "update versions set label = case when $3 then $4 else label end, \
             reason = case when $5 then $6 else reason end, ",
            unseal!("versions"),
            " where model_id = $1 and number = $2 and not hidden \
             returning ",
            manifest_columns!(),
        ))
        .bind(self.model_id)
        .bind(sql_number(version))
        .bind(label.is_some())
        .bind(label.flatten())
        .bind(reason.is_some())
        .bind(reason.flatten())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|error| by_constraint(error, wanted.as_deref()))?;
        let row = row.ok_or_else(|| VersionError::NotFound(version.to_string()))?;
        let manifest = manifest(&row)?;
        seal(&mut transaction, self.model_id, version).await?;
        transaction.commit().await?;
        Ok(manifest)
    }

    /// Deletes a version. While deltas depend on its rows, it is hidden instead.
    ///
    /// Errors: [`VersionError::NotFound`], and [`VersionError::InUse`] for
    /// - the newest version that is not derived, and so the last one;
    /// - a version with a label, which has to be removed first;
    /// - a version that is served, or that a guard compares with;
    /// - a version that a restore in the log names, or from which a replay made another version;
    /// - a version that a fork started from, and version 1 of a fork, its state at position 0.
    pub async fn delete(&self, version: VersionNumber) -> Result<(), VersionError> {
        let number = sql_number(version);
        let mut transaction = self.pool.begin().await?;
        lock_versions(&mut transaction, self.model_id).await?;
        // The appender holds this lock while it appends a restore, so the set of versions that the log names is stable.
        sqlx::query("select id from models where id = $1 for no key update")
            .bind(self.model_id)
            .execute(&mut *transaction)
            .await?;
        let row = sqlx::query(
            "select v.label is not null \
             or v.number = (select max(number) from versions where model_id = $1 and not hidden and derived is null) \
             or exists (select from versions d where d.model_id = $1 and d.derived is not null and not d.hidden \
                        and (d.derived::json -> 'replay' ->> 'from')::bigint = v.number) \
             or exists (select from models where id = $1 and served_version = v.number) \
             or exists (select from serving_arms where model_id = $1 and version = v.number) \
             or exists (select from guards where model_id = $1 and reference = v.number) \
             or exists (select from records where model_id = $1 and type = 4 \
                        and (rest::json ->> 'version')::bigint = v.number) \
             or exists (select from models where forked_from_model = $1 and forked_from_version = v.number) \
             or v.number = 1 and exists (select from models where id = $1 and forked_from_model is not null) \
             from versions v where v.model_id = $1 and v.number = $2 and not v.hidden",
        )
        .bind(self.model_id)
        .bind(number)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or_else(|| VersionError::NotFound(version.to_string()))?;
        if row.try_get(0)? {
            return Err(VersionError::InUse(version));
        }
        chain::remove(&mut transaction, self.model_id, version).await?;
        transaction.commit().await?;
        Ok(())
    }
}
