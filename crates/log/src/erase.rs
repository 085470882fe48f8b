//! Taking a forgotten user out of the log (P10), in one transaction with whatever else holds the user.

use sqlx::{PgConnection, Row, postgres::PgRow};

use shelfmark_domain::{ForgottenUser, Id, Position};

use super::{
    LogError,
    body::{self, code},
    restore::insert_record,
};

/// Records rewritten at a time.
const PAGE: i64 = 10_000;

/// What was taken out of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErasedRecords {
    /// Events of the user.
    pub records: u64,
    /// Where the first of them stands.
    pub first: Option<Position>,
    /// The log was read from the beginning, or where an earlier look ended, to here at least.
    pub through: Position,
}

impl ErasedRecords {
    /// Adds a row of (count, first position).
    fn add(&mut self, row: &PgRow) -> Result<(), LogError> {
        let records: i64 = row.try_get(0)?;
        let first = row.try_get::<Option<i64>, _>(1)?.map(Position::from_i64);
        self.records += u64::try_from(records).unwrap_or(0);
        self.first = self.first.into_iter().chain(first).min();
        Ok(())
    }
}

/// Takes the user out of the records that are committed: the id gives way to the new name; session, properties, the event's
/// id and what it was recommended by are gone. What was learned from stays: item, kind, value, time and circumstances, of
/// somebody unknown.
///
/// Reads the log after a position. Appends go on meanwhile: [`append_forget`] takes out what they bring.
pub async fn erase_user(
    connection: &mut PgConnection,
    model_id: i32,
    user: &Id,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<ErasedRecords, LogError> {
    let head: i64 =
        sqlx::query_scalar("select head from models where id = $1").bind(model_id).fetch_one(&mut *connection).await?;
    let mut erased = ErasedRecords { through: Position::from_i64(head), ..ErasedRecords::default() };
    // Only we can tell circumstances from the rest: Postgres' own JSON refuses what `rest` may hold.
    loop {
        let rows = sqlx::query(
            "select position, rest from records where model_id = $1 and user_id = $2 \
             and position > $4 and rest is not null limit $3",
        )
        .bind(model_id)
        .bind(user.as_str())
        .bind(PAGE)
        .bind(after.as_i64())
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            break;
        }
        let (mut positions, mut rests) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let position: i64 = row.try_get(0)?;
            let rest = body::anonymous_rest(row.try_get(1)?);
            rests.push(rest.map_err(|detail| body::unreadable(Position::from_i64(position), detail))?);
            positions.push(position);
        }
        let row = sqlx::query(concat!(
            "with found as (select * from unnest($4::bigint[], $5::text[]) as f (position, rest)), erased as (",
            "update records r set user_id = $3, session_id = null, retry_hash = null, ",
            "event_id = 'forgotten-' || gen_random_uuid()::text, rest = f.rest from found f ",
            "where r.model_id = $1 and r.position = f.position and r.user_id = $2 returning r.position) ",
            "select count(*), min(position) from erased"
        ))
        .bind(model_id)
        .bind(user.as_str())
        .bind(forgotten.name().as_str())
        .bind(positions)
        .bind(rests)
        .fetch_one(&mut *connection)
        .await?;
        erased.add(&row)?;
    }
    let row = sqlx::query(
        "with erased as (update records set user_id = $3, session_id = null, retry_hash = null, \
         event_id = 'forgotten-' || gen_random_uuid()::text \
         where model_id = $1 and user_id = $2 and position > $4 and rest is null returning position) \
         select count(*), min(position) from erased",
    )
    .bind(model_id)
    .bind(user.as_str())
    .bind(forgotten.name().as_str())
    .bind(after.as_i64())
    .fetch_one(&mut *connection)
    .await?;
    erased.add(&row)?;
    erase_from_restores(connection, model_id, forgotten, after).await?;
    Ok(erased)
}

/// Replays name whom they leave out.
async fn erase_from_restores(
    connection: &mut PgConnection,
    model_id: i32,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<(), LogError> {
    let rows = sqlx::query("select position, rest from records where model_id = $1 and type = 4 and position > $2")
        .bind(model_id)
        .bind(after.as_i64())
        .fetch_all(&mut *connection)
        .await?;
    for row in rows {
        let position: i64 = row.try_get(0)?;
        let rest = body::restore_without_user(row.try_get(1)?, forgotten);
        let rest = rest.map_err(|detail| body::unreadable(Position::from_i64(position), detail))?;
        if let Some(rest) = rest {
            sqlx::query("update records set rest = $3 where model_id = $1 and position = $2")
                .bind(model_id)
                .bind(position)
                .bind(rest)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Appends the record that makes every learner forget the user. From here to the end of the transaction nothing else is
/// appended; events that came since [`erase_user`] looked, `after` the position it tells, are taken out as well.
pub async fn append_forget(
    connection: &mut PgConnection,
    model_id: i32,
    user: &Id,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<(Position, ErasedRecords), LogError> {
    let head: i64 = sqlx::query_scalar("update models set head = head + 1 where id = $1 returning head")
        .bind(model_id)
        .fetch_one(&mut *connection)
        .await?;
    let late = erase_user(&mut *connection, model_id, user, forgotten, after).await?;
    let rest = serde_json::to_string(forgotten).expect("numbers and letters have a JSON form");
    let position = insert_record(connection, model_id, Position::from_i64(head), code::FORGET, Some(&rest)).await?;
    Ok((position, late))
}
