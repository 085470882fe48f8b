//! Seals of manifests, and the numbers of the versions that there are. With both, a changed or missing manifest is
//! found.
//!
//! The service seals a manifest in the transaction that writes it. A trigger would seal any change, so it would find
//! none.

use std::collections::BTreeSet;

use sqlx::{PgConnection, Row};

use shelfmark_domain::VersionNumber;

use super::{
    VersionError, VersionStore,
    manifest::{number, sql_number},
};

/// Numbers of versions, and of those whose manifests are not as the service left them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManifestCheck {
    /// Versions that are not hidden, oldest first.
    pub visible: Vec<VersionNumber>,
    /// A field is another one than was written.
    pub changed: Vec<VersionNumber>,
    /// The manifest is gone.
    pub missing: Vec<VersionNumber>,
    /// The service did not make it, or has deleted it.
    pub unknown: Vec<VersionNumber>,
}

/// SQL that takes the seal off a manifest that is about to change, by the name of its row. A seal that does not match
/// stays, so that the change hides no damage.
macro_rules! unseal {
    ($row:literal) => {
        concat!("seal = case when seal is not distinct from manifest_seal(", $row, ") then null else seal end")
    };
}
pub(super) use unseal;

/// Seals a manifest that is new, or that [`unseal`] took the seal off.
pub(super) async fn seal(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
) -> Result<(), VersionError> {
    sqlx::query("update versions v set seal = manifest_seal(v) where model_id = $1 and number = $2 and seal is null")
        .bind(model_id)
        .bind(sql_number(version))
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that there is a version.
pub(super) async fn add_present(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
) -> Result<(), VersionError> {
    sqlx::query(
        "update version_numbers set present = present + int4multirange(int4range($2, $2, '[]')) where model_id = $1",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that versions were deleted, each given by model and number.
pub(super) async fn remove_present(connection: &mut PgConnection, deleted: &[(i32, i32)]) -> Result<(), VersionError> {
    for (model_id, version) in deleted {
        sqlx::query(
            "update version_numbers set present = present - int4multirange(int4range($2, $2, '[]')) where model_id = $1",
        )
        .bind(model_id)
        .bind(version)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

impl VersionStore {
    /// Compares all manifests, hidden ones included, with their seals and with the numbers that were given.
    pub async fn check_manifests(&self) -> Result<ManifestCheck, VersionError> {
        let mut transaction = self.pool().begin().await?;
        sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *transaction).await?;
        let rows = sqlx::query(
            "select number, seal is not distinct from manifest_seal(v), hidden from versions v where model_id = $1 order by number",
        )
        .bind(self.model_id())
        .fetch_all(&mut *transaction)
        .await?;
        let present = sqlx::query(
            "select lower(r), upper(r) from version_numbers n, unnest(n.present) r where n.model_id = $1 order by 1",
        )
        .bind(self.model_id())
        .fetch_all(&mut *transaction)
        .await?;
        transaction.rollback().await?;
        let mut check = ManifestCheck::default();
        let mut found = BTreeSet::new();
        for row in rows {
            let version = number(row.try_get(0)?);
            found.insert(version);
            if !row.try_get::<bool, _>(2)? {
                check.visible.push(version);
            }
            if !row.try_get::<bool, _>(1)? {
                check.changed.push(version);
            }
        }
        let mut given = BTreeSet::new();
        for row in present {
            let [first, end]: [i32; 2] = [row.try_get(0)?, row.try_get(1)?];
            given.extend((first..end).map(number));
        }
        check.missing = given.difference(&found).copied().collect();
        check.unknown = found.difference(&given).copied().collect();
        Ok(check)
    }
}
