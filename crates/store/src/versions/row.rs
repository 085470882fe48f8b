//! One row of a stored version, without loading the rest of it.

use shelfmark_domain::VersionNumber;
use shelfmark_state::{Segment, Table};

use super::{
    VersionError, VersionStore,
    link::{Link, links},
    load,
    manifest::sql_number,
};

/// Which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKey {
    /// Its table.
    pub table: Table,
    /// Its number.
    pub row: u32,
    /// The model's dimension.
    pub dim: usize,
}

impl VersionStore {
    /// An encoded row, its segment verified; `None` when the version, or the row in it, is not there. Reads the segments whose
    /// rows surround it, from the version down to its base, until it is met; holds one segment at a time.
    ///
    /// Errors: [`VersionError::Corrupt`] names the segment that is damaged.
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
                    // Rows ascend: there is nothing to look for behind it.
                    (row < key.row).then_some(())
                });
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// The segments of a version's own rows that may hold the row: one, but for damage.
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
