//! One row of a stored version, without loading the rest of it.

use sqlx::Row;

use super::{VersionError, VersionStore, load, manifest::sql_number};
use crate::{
    domain::VersionNumber,
    state::{Segment, Table},
};

/// Which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// Its table.
    pub table: Table,
    /// Its number.
    pub row: u32,
    /// Bytes of each encoded row, in a table whose rows all have as many: then only the row's own segment is read, else the
    /// table's segments until the row is met.
    pub row_bytes: Option<usize>,
}

impl VersionStore {
    /// An encoded row, its segment verified; `None` when the version, or the row in it, is not there. Holds one segment at
    /// a time.
    ///
    /// Errors: [`VersionError::Corrupt`] names the segment that is damaged.
    pub async fn row(&self, version: VersionNumber, place: RowPlace) -> Result<Option<Vec<u8>>, VersionError> {
        let pieces = sqlx::query(
            "select ordinal, raw_bytes from version_segments \
             where model_id = $1 and version = $2 and table_number = $3 order by ordinal",
        )
        .bind(self.model_id())
        .bind(sql_number(version))
        .bind(place.table.number())
        .fetch_all(self.pool())
        .await?;
        let mut left = place.row as usize;
        for piece in pieces {
            let (ordinal, raw_bytes): (i32, i64) = (piece.try_get(0)?, piece.try_get(1)?);
            if let Some(row_bytes) = place.row_bytes {
                // Each row stands behind its length of four bytes.
                let rows = usize::try_from(raw_bytes).unwrap_or(0) / (row_bytes + 4);
                if left >= rows {
                    left -= rows;
                    continue;
                }
            }
            let Some(segment) = self.segment(version, place.table, ordinal).await? else { return Ok(None) };
            let mut rows = segment.rows();
            match rows.by_ref().nth(left) {
                Some(row) => return Ok(Some(row.to_vec())),
                None => left -= segment.rows().count(),
            }
        }
        Ok(None)
    }

    async fn segment(
        &self,
        version: VersionNumber,
        table: Table,
        ordinal: i32,
    ) -> Result<Option<Segment>, VersionError> {
        let row = sqlx::query(
            "select table_number, ordinal, raw_bytes, checksum, payload from version_segments \
             where model_id = $1 and version = $2 and table_number = $3 and ordinal = $4",
        )
        .bind(self.model_id())
        .bind(sql_number(version))
        .bind(table.number())
        .bind(ordinal)
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        load::unpacked(load::packed(&row, self.model_id(), version)?).await.map(Some)
    }
}
