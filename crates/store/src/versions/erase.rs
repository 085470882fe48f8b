//! Erasure of a forgotten user's id from stored versions (P10).

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::{PgConnection, Row};

use shelfmark_domain::{Derived, Digest, ForgottenUser, Position, ReplayOrigin, Timestamp, VersionNumber};
use shelfmark_state::{Segment, Table, row_hash};

use super::{
    VersionError, VersionStore,
    codec::{self, EncodedSegment, ManifestChecksum},
    link::links,
    load::encoded,
    lock::lock_versions,
    manifest::{number, sql_number},
    seal::{seal, unseal},
    store::LIST_LIMIT_MAX,
};

/// Version from which a user's id was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedVersion {
    /// Number of the model in the tables.
    pub model_id: i32,
    /// The version.
    pub version: VersionNumber,
    /// Digest of its state with the id.
    pub before: Digest,
    /// Digest of its state with the pseudonym in the id's place.
    pub after: Digest,
}

/// A row of the table of users' ids, or of sessions'.
type IdRow = (Table, u32);
/// Rows that hold a name of the user, with the change of the digest that the erasure causes. `None` marks a row that
/// held the user in an earlier version and has another id here: rows of dropped idle users are reused.
type UserRows = HashMap<IdRow, Option<u128>>;
/// Tables of ids that may hold a name of the user.
const ID_TABLES: [Table; 2] = [Table::Users, Table::Sessions];

/// Where a segment stands.
#[derive(Debug, Clone, Copy)]
struct SegmentPlace {
    model_id: i32,
    version: VersionNumber,
    table: Table,
    ordinal: i32,
}
/// Those rows by version.
type RowsByVersion = BTreeMap<(i32, VersionNumber), UserRows>;

/// Lists the models that share stored rows with this one, directly or indirectly: forks and their origins. Ascending,
/// the model itself included.
pub async fn related_models(connection: &mut PgConnection, model_id: i32) -> Result<Vec<i32>, VersionError> {
    let mut related = sqlx::query_scalar(
        "with recursive pairs as ( \
             select distinct model_id as a, delta_of_model as b from versions where delta_of_model <> model_id), \
         family(id) as ( \
             select $1::integer \
             union \
             select case when p.a = f.id then p.b else p.a end from family f join pairs p on f.id in (p.a, p.b)) \
         select id from family order by id",
    )
    .bind(model_id)
    .fetch_all(connection)
    .await?;
    related.dedup();
    Ok(related)
}

/// Replaces the user's names by their pseudonyms in every version of all related models, hidden ones included. Until
/// the transaction ends, no version of these models is stored. Memory: one segment of ids.
///
/// Only the segments of users' and sessions' ids are rewritten. A digest is a sum over rows, so the digest of every
/// version that holds the row changes by the difference of that row's hashes.
pub async fn erase_user(
    connection: &mut PgConnection,
    related: &[i32],
    user: &ForgottenUser,
) -> Result<Vec<ErasedVersion>, VersionError> {
    for model_id in related {
        lock_versions(connection, *model_id).await?;
    }
    let (mut by_version, mut rows) = (RowsByVersion::new(), HashSet::new());
    // A version comes after those that it depends on: the origin of a fork has a lower model number, the parent of a
    // delta a lower version number.
    for place in id_segments(connection, related).await? {
        let SegmentPlace { model_id, version, .. } = place;
        let user_rows = erase_in_segment(connection, place, user, &rows).await?;
        rows.extend(user_rows.iter().filter(|(_, change)| change.is_some()).map(|(row, _)| *row));
        by_version.entry((model_id, version)).or_default().extend(user_rows);
    }
    for ((model_id, version), user_rows) in &by_version {
        if user_rows.values().any(Option::is_some) {
            update_checksum(connection, *model_id, *version).await?;
        }
    }
    erase_from_provenance(connection, related, user).await?;
    update_digests(connection, related, &by_version).await
}

/// Erases the user from the provenance of versions that a replay made: it names the users that were left out.
async fn erase_from_provenance(
    connection: &mut PgConnection,
    related: &[i32],
    user: &ForgottenUser,
) -> Result<(), VersionError> {
    let rows =
        sqlx::query("select model_id, number, derived from versions where model_id = any($1) and derived is not null")
            .bind(related)
            .fetch_all(&mut *connection)
            .await?;
    for row in rows {
        let (model_id, version): (i32, _) = (row.try_get(0)?, number(row.try_get(1)?));
        let damaged =
            |_| VersionError::Corrupt { version, detail: "its provenance cannot be read by this release".to_owned() };
        let mut derived: Derived = serde_json::from_str(row.try_get(2)?).map_err(damaged)?;
        if let Derived::Replay(ReplayOrigin { except, .. }) = &mut derived
            && except.forget(user)
        {
            sqlx::query(concat!(
                "update versions set derived = $3, ",
                unseal!("versions"),
                " where model_id = $1 and number = $2"
            ))
            .bind(model_id)
            .bind(sql_number(version))
            .bind(serde_json::to_string(&derived).map_err(damaged)?)
            .execute(&mut *connection)
            .await?;
            seal(connection, model_id, version).await?;
        }
    }
    Ok(())
}

async fn id_segments(connection: &mut PgConnection, related: &[i32]) -> Result<Vec<SegmentPlace>, VersionError> {
    let rows = sqlx::query(
        "select model_id, version, table_number, ordinal from version_segments \
         where model_id = any($1) and table_number = any($2) order by model_id, version, table_number, ordinal",
    )
    .bind(related)
    .bind(ID_TABLES.map(Table::number).as_slice())
    .fetch_all(connection)
    .await?;
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let stored: i16 = row.try_get(2)?;
        if let Some(table) = ID_TABLES.into_iter().find(|table| table.number() == stored) {
            let (model_id, version, ordinal) = (row.try_get(0)?, number(row.try_get(1)?), row.try_get(3)?);
            places.push(SegmentPlace { model_id, version, table, ordinal });
        }
    }
    Ok(places)
}

/// Replaces the id in one segment. Returns the rows that held it, and those of `rows` (which held it in earlier
/// versions) that hold another id here.
async fn erase_in_segment(
    connection: &mut PgConnection,
    SegmentPlace { model_id, version, table, ordinal }: SegmentPlace,
    user: &ForgottenUser,
    rows: &HashSet<IdRow>,
) -> Result<UserRows, VersionError> {
    let row = sqlx::query(
        "select table_number, ordinal, first_row, last_row, raw_bytes, checksum, payload from version_segments \
         where model_id = $1 and version = $2 and table_number = $3 and ordinal = $4",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .bind(table.number())
    .bind(ordinal)
    .fetch_one(&mut *connection)
    .await?;
    let stored = encoded(&row, model_id, version)?;
    let (name, rows) = (user.clone(), rows.clone());
    let work = tokio::task::spawn_blocking(move || rename(&stored, table, &name, &rows));
    let renamed = work.await.map_err(|_panic| sqlx::Error::WorkerCrashed)?;
    let (user_rows, encoded) = renamed.map_err(|detail| VersionError::Corrupt { version, detail })?;
    let Some(encoded) = encoded else { return Ok(user_rows) };
    sqlx::query(
        "update version_segments set raw_bytes = $5, checksum = $6, payload = $7 \
         where model_id = $1 and version = $2 and table_number = $3 and ordinal = $4",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .bind(table.number())
    .bind(ordinal)
    .bind(i64::try_from(encoded.raw_bytes).unwrap_or(i64::MAX))
    .bind(encoded.checksum.as_slice())
    .bind(encoded.payload)
    .execute(connection)
    .await?;
    Ok(user_rows)
}

/// Returns the rows as [`erase_in_segment`] does, and the rewritten segment when it held the id.
fn rename(
    stored: &EncodedSegment,
    table: Table,
    user: &ForgottenUser,
    rows: &HashSet<IdRow>,
) -> Result<(UserRows, Option<EncodedSegment>), String> {
    let segment = codec::decode(stored)?;
    let (mut user_rows, mut there) = (UserRows::new(), false);
    let renamed = segment.with_rows(|row, bytes| {
        let id = std::str::from_utf8(bytes).ok();
        let name = id.and_then(|id| if table == Table::Users { user.user(id) } else { user.session(id) });
        let Some(name) = name else {
            if rows.contains(&(table, row)) {
                user_rows.insert((table, row), None);
            }
            return None;
        };
        there = true;
        let name = name.as_str().as_bytes();
        let hash = |bytes| row_hash(table, row as usize, bytes);
        user_rows.insert((table, row), Some(hash(name).wrapping_sub(hash(bytes))));
        Some(name.to_vec())
    });
    let renamed: Segment = renamed.ok_or("its rows cannot be read")?;
    if !there {
        return Ok((user_rows, None));
    }
    let encoded = codec::encode(stored.key, &renamed).map_err(|error| error.to_string())?;
    Ok((user_rows, Some(encoded)))
}

/// Updates the manifest's checksum and sizes after a segment was rewritten.
async fn update_checksum(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
) -> Result<(), VersionError> {
    let checksums: Vec<Vec<u8>> = sqlx::query_scalar(
        "select checksum from version_segments where model_id = $1 and version = $2 order by table_number, ordinal",
    )
    .bind(model_id)
    .bind(sql_number(version))
    .fetch_all(&mut *connection)
    .await?;
    let mut manifest_checksum = ManifestChecksum::default();
    checksums.iter().for_each(|checksum| manifest_checksum.add(checksum));
    sqlx::query(concat!(
        "update versions v set checksum = $3, bytes = s.bytes, raw_bytes = s.raw_bytes, ",
        unseal!("v"),
        " from \
         (select sum(octet_length(payload)) as bytes, sum(raw_bytes)::bigint as raw_bytes from version_segments \
          where model_id = $1 and version = $2) s where v.model_id = $1 and v.number = $2",
    ))
    .bind(model_id)
    .bind(sql_number(version))
    .bind(manifest_checksum.finish().as_slice())
    .execute(&mut *connection)
    .await?;
    seal(connection, model_id, version).await
}

/// Updates the digests of all versions that hold the user, directly or through their chain.
async fn update_digests(
    connection: &mut PgConnection,
    related: &[i32],
    by_version: &RowsByVersion,
) -> Result<Vec<ErasedVersion>, VersionError> {
    let rows = sqlx::query(
        "select model_id, number, digest from versions where model_id = any($1) order by model_id, number for no key update",
    )
    .bind(related)
    .fetch_all(&mut *connection)
    .await?;
    let mut erased = Vec::new();
    for row in rows {
        let (model_id, version) = (row.try_get(0)?, number(row.try_get(1)?));
        let chain = links(connection, model_id, version).await?;
        let mut user_rows = UserRows::new();
        for link in &chain {
            // Later rows replace earlier ones, here as in the state.
            user_rows.extend(by_version.get(&(link.model_id, link.version)).into_iter().flatten());
        }
        let changes: Vec<u128> = user_rows.into_values().flatten().collect();
        if changes.is_empty() {
            continue;
        }
        let digest: Vec<u8> = row.try_get(2)?;
        let damaged = || VersionError::Corrupt { version, detail: "its digest does not have 16 bytes".to_owned() };
        let before = u128::from_be_bytes(digest.as_slice().try_into().map_err(|_| damaged())?);
        let after = changes.iter().fold(before, |digest, change| digest.wrapping_add(*change));
        sqlx::query(concat!(
            "update versions set digest = $3, ",
            unseal!("versions"),
            " where model_id = $1 and number = $2"
        ))
        .bind(model_id)
        .bind(sql_number(version))
        .bind(after.to_be_bytes().as_slice())
        .execute(&mut *connection)
        .await?;
        seal(connection, model_id, version).await?;
        erased.push(ErasedVersion { model_id, version, before: Digest(before), after: Digest(after) });
    }
    Ok(erased)
}

/// Stores the receipt of an erasure, by the position of its record.
pub async fn insert_receipt(
    connection: &mut PgConnection,
    model_id: i32,
    position: Position,
    at: Timestamp,
    receipt: &str,
) -> Result<(), VersionError> {
    sqlx::query("insert into erasures (model_id, position, receipt, at) values ($1, $2, $3, $4)")
        .bind(model_id)
        .bind(position.as_i64())
        .bind(receipt)
        .bind(at.to_datetime())
        .execute(connection)
        .await?;
    Ok(())
}

impl VersionStore {
    /// Lists receipts of erasures with their positions, newest first, at most 1,000. `before` continues from an earlier
    /// page.
    pub async fn receipts(
        &self,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<(Position, serde_json::Value)>, VersionError> {
        let rows = sqlx::query(
            "select position, receipt from erasures where model_id = $1 and position < $2 order by position desc limit $3",
        )
        .bind(self.model_id())
        .bind(before.map_or(i64::MAX, Position::as_i64))
        .bind(i64::try_from(limit.clamp(1, LIST_LIMIT_MAX)).unwrap_or(1))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let receipt =
                    serde_json::from_str(row.try_get(1)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
                Ok((Position::from_i64(row.try_get(0)?), receipt))
            })
            .collect()
    }
}
