//! Renewal of checksums after an erasure rewrote records (decision 0056).

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row, postgres::PgRow};

use shelfmark_domain::Position;

use super::{
    LogError,
    checksum::{Checksum, Content},
    stored_row,
};

/// Appends of which records were rewritten, by their last positions, with the hashes of those records before and after.
#[derive(Debug, Default)]
pub(super) struct Rewriting {
    appends: BTreeMap<Position, (Content, Content)>,
    buffer: Vec<u8>,
}

impl Rewriting {
    /// Notes a record as it was.
    pub(super) fn before(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let append = self.appends.entry(stored_row::append_last(row)?).or_default();
        stored_row::add_to(&mut append.0, row, &mut self.buffer)
    }

    /// Notes a record as it is now.
    pub(super) fn after(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let append = self.appends.entry(stored_row::append_last(row)?).or_default();
        stored_row::add_to(&mut append.1, row, &mut self.buffer)
    }

    /// Writes the checksums of all appends anew. Those that did not match their records before still do not. Appends
    /// without a checksum stay without.
    pub(super) async fn renew_checksums(self, connection: &mut PgConnection, model_id: i32) -> Result<(), LogError> {
        let lasts: Vec<i64> = self.appends.keys().map(|last| last.as_i64()).collect();
        let rows = sqlx::query(
            "select position, checksum from records where model_id = $1 and position = any($2) \
             and checksum is not null",
        )
        .bind(model_id)
        .bind(lasts)
        .fetch_all(&mut *connection)
        .await?;
        let (mut positions, mut checksums) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let last = stored_row::position(&row)?;
            let stored = Checksum::from_bytes(row.try_get(1)?);
            if let (Ok(stored), Some((before, after))) = (stored, self.appends.get(&last)) {
                positions.push(last.as_i64());
                checksums.push(stored.erased(last, *before, *after).to_bytes());
            }
        }
        sqlx::query(
            "update records r set checksum = c.new_checksum \
             from unnest($2::bigint[], $3::bytea[]) as c (at, new_checksum) \
             where r.model_id = $1 and r.position = c.at",
        )
        .bind(model_id)
        .bind(positions)
        .bind(checksums)
        .execute(connection)
        .await?;
        Ok(())
    }
}
