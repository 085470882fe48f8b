//! Reads of single rows of a stored version, without loading the whole version.

use shelfmark_domain::VersionNumber;
use shelfmark_state::{Segment, Table};

use super::{
    VersionError, VersionStore,
    link::{Link, links},
    load,
    manifest::sql_number,
};

/// Key of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKey {
    /// Its table.
    pub table: Table,
    /// Its number in the table.
    pub row: u32,
    /// The model's dimension, in values.
    pub dim: usize,
}

impl VersionStore {
    /// Reads an encoded row from a verified segment; `None` when the version does not exist or has no such row. Reads
    /// the segments whose range of rows includes it, from the version down to its base, until one holds it.
    ///
    /// Errors: [`VersionError::Corrupt`] names the damaged segment.
    pub async fn row(&self, version: VersionNumber, key: RowKey) -> Result<Option<Vec<u8>>, VersionError> {
        let mut connection = self.pool().acquire().await?;
        let chain = links(&mut connection, self.model_id(), version).await?;
        drop(connection);
        for link in chain.iter().rev() {
            for segment in self.around(link, key).await? {
                let mut found = None;
                let _ends = segment.read_rows(key.dim, |row, bytes| {
                    if row == key.row {
                        found = Some(bytes.to_vec());
                    }
                    // Rows ascend, so the search ends here.
                    (row < key.row).then_some(())
                });
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// Reads the segments of a version's own rows whose range includes the row: at most one, unless the table is
    /// damaged.
    async fn around(&self, link: &Link, key: RowKey) -> Result<Vec<Segment>, VersionError> {
        let rows = sqlx::query(
            "select table_number, ordinal, first_row, last_row, raw_bytes, checksum, payload from version_segments \
             where model_id = $1 and version = $2 and table_number = $3 and first_row <= $4 and last_row >= $4",
        )
        .bind(link.model_id)
        .bind(sql_number(link.version))
        .bind(key.table.number())
        .bind(i64::from(key.row))
        .fetch_all(self.pool())
        .await?;
        let mut segments = Vec::with_capacity(rows.len());
        for row in rows {
            segments.push(load::decoded(load::encoded(&row, link.model_id, link.version)?).await?);
        }
        Ok(segments)
    }
}
