//! Erasure of a forgotten user from the log (P10), in the transaction that also erases the user elsewhere.

use sqlx::PgConnection;

use shelfmark_domain::{ForgottenUser, Id, Position};

use super::{
    LogError,
    body::{self, code},
    copy::record_columns,
    restore::{advance_head, insert_record},
    rewriting::Rewriting,
    stored_row,
};

/// Records that are rewritten at a time.
const PAGE: i64 = 10_000;

/// Summary of an erasure from a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErasedRecords {
    /// Number of rewritten events.
    pub records: u64,
    /// Position of the first of them.
    pub first: Option<Position>,
    /// Position through which the log was searched, at least.
    pub through: Position,
}

impl ErasedRecords {
    fn add(&mut self, position: Position) {
        self.records += 1;
        self.first = self.first.into_iter().chain([position]).min();
    }
}

/// Erases the user from the committed records after a position. A pseudonym replaces the user's id. Session,
/// properties, event id and the id of the recommended list are removed. Item, kind, value, time and circumstances stay,
/// since the model learned from them.
///
/// Appends continue meanwhile. [`append_forget`] erases the user from the records that they add.
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
    let mut rewriting = Rewriting::default();
    loop {
        let rows = sqlx::query(concat!(
            "select ",
            record_columns!(),
            " from records where model_id = $1 and user_id = $2 and position > $4 limit $3"
        ))
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
            rewriting.before(&row)?;
            let position = stored_row::position(&row)?;
            // `rest` is rewritten here, not in SQL: Postgres' JSON refuses some of the values that it may hold.
            let rest = stored_row::rest(&row)?.map(body::anonymous_rest).transpose();
            rests.push(rest.map_err(|detail| body::unreadable(position, detail))?.flatten());
            positions.push(position.as_i64());
        }
        let rows = sqlx::query(concat!(
            "with found as (select * from unnest($4::bigint[], $5::text[]) as f (at, new_rest)) ",
            "update records r set user_id = $3, session_id = null, retry_hash = null, ",
            "event_id = 'forgotten-' || gen_random_uuid()::text, rest = f.new_rest from found f ",
            "where r.model_id = $1 and r.position = f.at and r.user_id = $2 returning ",
            record_columns!(),
        ))
        .bind(model_id)
        .bind(user.as_str())
        .bind(forgotten.name().as_str())
        .bind(positions)
        .bind(rests)
        .fetch_all(&mut *connection)
        .await?;
        for row in rows {
            rewriting.after(&row)?;
            erased.add(stored_row::position(&row)?);
        }
    }
    erase_from_restores(connection, model_id, forgotten, after, &mut rewriting).await?;
    rewriting.renew_checksums(connection, model_id).await?;
    Ok(erased)
}

/// Erases the user from restore records: a replay names the users that it leaves out.
async fn erase_from_restores(
    connection: &mut PgConnection,
    model_id: i32,
    forgotten: &ForgottenUser,
    after: Position,
    rewriting: &mut Rewriting,
) -> Result<(), LogError> {
    let rows = sqlx::query(concat!(
        "select ",
        record_columns!(),
        " from records where model_id = $1 and type = 4 and position > $2"
    ))
    .bind(model_id)
    .bind(after.as_i64())
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let position = stored_row::position(&row)?;
        let damaged = |detail| body::unreadable(position, detail);
        let rest = stored_row::rest(&row)?.ok_or_else(|| damaged("rest is null".to_owned()))?;
        if let Some(rest) = body::restore_without_user(rest, forgotten).map_err(damaged)? {
            rewriting.before(&row)?;
            let row = sqlx::query(concat!(
                "update records set rest = $3 where model_id = $1 and position = $2 returning ",
                record_columns!()
            ))
            .bind(model_id)
            .bind(position.as_i64())
            .bind(rest)
            .fetch_one(&mut *connection)
            .await?;
            rewriting.after(&row)?;
        }
    }
    Ok(())
}

/// Appends the record that makes every learner forget the user. Until the transaction ends, nothing else is appended.
/// Also erases the user from records that were appended `after` the position through which [`erase_user`] searched.
pub async fn append_forget(
    connection: &mut PgConnection,
    model_id: i32,
    user: &Id,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<(Position, ErasedRecords), LogError> {
    let head = advance_head(connection, model_id).await?.ok_or(LogError::Deleted)?;
    let late = erase_user(&mut *connection, model_id, user, forgotten, after).await?;
    let rest = serde_json::to_string(forgotten).expect("numbers and letters have a JSON form");
    let position = insert_record(connection, model_id, head, code::FORGET, Some(rest)).await?;
    Ok((position, late))
}
