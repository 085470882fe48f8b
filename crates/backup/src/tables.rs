//! Tables of the database, from its catalogue, and what a backup does with each.

use sqlx::{PgConnection, Row as _};

use crate::{BackupError, error::database};

/// What a backup does with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Rows are copied in pieces by model and position. Backups share the pieces.
    Log,
    /// Rows are copied in pieces by version. Backups share the pieces.
    Versions,
    /// Every backup copies all rows.
    Whole,
    /// Rows are not kept: those of running processes, and the migrations, which a restore runs itself.
    NotKept,
}

/// Says what a backup does with a table of the service. `None` for a table that no migration of this release makes.
#[must_use]
pub fn kind_of(table: &str) -> Option<TableKind> {
    match table {
        "records" => Some(TableKind::Log),
        "version_segments" => Some(TableKind::Versions),
        "api_keys" | "audit_log" | "deployments" | "erasures" | "guards" | "models" | "operations" | "serving_arms"
        | "stream_offsets" | "version_numbers" | "versions" => Some(TableKind::Whole),
        "_sqlx_migrations" | "processes" => Some(TableKind::NotKept),
        _ => None,
    }
}

/// A table with the columns that are stored.
#[derive(Debug, Clone)]
pub(crate) struct CatalogTable {
    pub name: String,
    pub columns: Vec<String>,
}

/// Lists the tables of the schema that the service uses, by name.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<CatalogTable>, BackupError> {
    let rows = sqlx::query(
        "select c.relname::text, array_agg(a.attname::text order by a.attnum) \
         from pg_class c join pg_attribute a on a.attrelid = c.oid \
         where c.relkind in ('r', 'p') and not c.relispartition \
         and c.relnamespace = (select relnamespace from pg_class where oid = to_regclass('models')) \
         and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' \
         group by 1 order by 1",
    )
    .fetch_all(connection)
    .await
    .map_err(database("listing the tables"))?;
    let table = |row: &sqlx::postgres::PgRow| Ok(CatalogTable { name: row.try_get(0)?, columns: row.try_get(1)? });
    rows.iter().map(table).collect::<Result<_, _>>().map_err(database("listing the tables"))
}

/// Writes a name for SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Writes names for SQL, with commas.
pub(crate) fn quoted_list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
