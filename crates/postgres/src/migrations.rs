//! Migrations of the service's tables, compiled in from the folder `migrations`.

use std::sync::LazyLock;

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Number, description and SQL of each migration. Written by the build script.
const MIGRATIONS: &[(i64, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Migrator to the schema of this binary.
pub(super) static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let migration = |&(number, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(number, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: numbers and checksums are what databases of earlier builds hold, so that those go on. Method: the first
    /// migration's SHA-384, as sqlx computes it from the file.
    #[test]
    fn migrations_are_numbered_from_one_without_gaps_and_keep_their_checksums() {
        let numbers: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
        let expected: Vec<i64> = (1..=i64::try_from(MIGRATIONS.len()).expect("few")).collect();
        assert_eq!(numbers, expected);
        let first = MIGRATOR.iter().next().expect("a migration").checksum.to_vec();
        let hex: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "8c1bd8b9dbc88097ca3a874355d098fb27b721bb2873ffd2afb98f4487946066d61d7e147a62fda3a75f49734217f451"
        );
    }
}
