//! Append of a restore, in one transaction with its deployment.

use sqlx::PgConnection;
use time::OffsetDateTime;

use shelfmark_domain::{Exclusions, Position, RecordBody, Timestamp, VersionNumber};

use super::{
    LogError,
    body::{self, Columns},
    chain::chain_at,
    checksum::{Checksum, Content},
    commit::CHANNEL,
    copy::{self, EncodedRows},
};

/// Appends the record that makes a version the live state, and returns its position. Until the caller's transaction
/// ends, nothing else is appended and no version is deleted.
///
/// Errors: [`LogError::Refused`] when the version does not exist, [`LogError::Deleted`] when the model was deleted.
pub async fn append_restore(
    connection: &mut PgConnection,
    model_id: i32,
    version: VersionNumber,
    replay: Option<Box<Exclusions>>,
) -> Result<Position, LogError> {
    let refused = |detail| LogError::Refused { index: 0, detail };
    let body = RecordBody::Restore { version, replay };
    let columns = body::to_columns(&body).map_err(refused)?;
    let head = lock_head(connection, model_id).await?;
    // Deletions of versions need the lock that the update above holds.
    sqlx::query("select from versions where model_id = $1 and number = $2::bigint")
        .bind(model_id)
        .bind(i64::from(version.0))
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| refused(format!("no version {version}")))?;
    insert_record(connection, head, columns.code, columns.rest).await
}

/// A head that was moved by one record, and is locked until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct LockedHead {
    model_id: i32,
    position: Position,
    at: Timestamp,
}

/// Moves the head by one record and locks it: until the transaction ends, nothing else is appended. The time of the
/// append is never before that of the last one.
///
/// Errors: [`LogError::Deleted`] when the model was deleted.
pub async fn lock_head(connection: &mut PgConnection, model_id: i32) -> Result<LockedHead, LogError> {
    let row: Option<(i64, OffsetDateTime)> = sqlx::query_as(
        "update models set head = head + 1, head_at = greatest(head_at, $2) where id = $1 and deleted_at is null \
         returning head, head_at",
    )
    .bind(model_id)
    .bind(Timestamp::now().to_datetime())
    .fetch_optional(connection)
    .await?;
    let (head, at) = row.ok_or(LogError::Deleted)?;
    Ok(LockedHead { model_id, position: Position::from_i64(head), at: Timestamp::from(at) })
}

/// Inserts a record of the service at the head that [`lock_head`] moved, and notifies every process.
pub(super) async fn insert_record(
    connection: &mut PgConnection,
    LockedHead { model_id, position: head, at }: LockedHead,
    code: i16,
    rest: Option<String>,
) -> Result<Position, LogError> {
    insert_append(&mut *connection, model_id, (head, at), code, rest).await?;
    // Origin 0 belongs to no appender, so this process does not ignore the notification either.
    sqlx::query("select pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(format!("{model_id}:{head}:{}:0", at.micros()))
        .execute(connection)
        .await?;
    Ok(head)
}

/// Inserts one record as an append of its own, with its checksum. The caller moves the head and locks it.
pub(super) async fn insert_append(
    connection: &mut PgConnection,
    model_id: i32,
    (position, at): (Position, Timestamp),
    code: i16,
    rest: Option<String>,
) -> Result<(), sqlx::Error> {
    let columns = Columns { code, rest, ..Columns::default() };
    let before = chain_at(&mut *connection, model_id, Position::new(position.get().saturating_sub(1))).await?;
    let mut rows = EncodedRows::with_capacity(1);
    rows.encode(model_id, None, &columns, None);
    let mut row = rows.row(0).to_vec();
    copy::place(&mut row, position, position, at);
    let mut content = Content::default();
    content.add(copy::covered(&row));
    sqlx::query(
        "insert into records (position, append_last, appended_at, model_id, type, rest, checksum) \
         values ($1, $1, $2, $3, $4, $5, $6)",
    )
    .bind(position.as_i64())
    .bind(at.to_datetime())
    .bind(model_id)
    .bind(columns.code)
    .bind(columns.rest)
    .bind(Checksum::new(before, content).to_bytes())
    .execute(connection)
    .await?;
    Ok(())
}
