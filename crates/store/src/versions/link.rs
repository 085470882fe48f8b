//! Links of a chain: the base and the deltas from which a version is read.

use sqlx::{PgConnection, Row};

use shelfmark_domain::VersionNumber;

use super::{
    VersionError,
    manifest::{number, sql_number},
};

/// One version of a chain.
pub(super) struct Link {
    pub model_id: i32,
    pub version: VersionNumber,
    pub segments: i32,
    pub checksum: Vec<u8>,
}

/// Returns the chain of a version, base first. Empty when there is no such version. Each link is older than the one
/// above it, so a damaged manifest cannot make a circle.
pub(super) async fn links(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
) -> Result<Vec<Link>, VersionError> {
    let rows = sqlx::query(
        "with recursive chain as ( \
             select model_id, number, segments, checksum, delta_of_model, delta_of, 0 as place \
             from versions where model_id = $1 and number = $2 \
             union all \
             select v.model_id, v.number, v.segments, v.checksum, v.delta_of_model, v.delta_of, c.place + 1 \
             from versions v join chain c on v.model_id = c.delta_of_model and v.number = c.delta_of \
             and (v.model_id, v.number) < (c.model_id, c.number)) \
         select model_id, number, segments, checksum from chain order by place desc",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Link {
                model_id: row.try_get(0)?,
                version: number(row.try_get(1)?),
                segments: row.try_get(2)?,
                checksum: row.try_get(3)?,
            })
        })
        .collect()
}
