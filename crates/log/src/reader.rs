//! Queries of the table of records.

use sqlx::{PgPool, Row};
use time::OffsetDateTime;

use shelfmark_domain::{Event, ForgottenUser, Id, Interval, Position, Record, RecordBody, Timestamp};

use super::{LogError, RecordsPage, body, copy::record_columns, stored_row};

/// Reads one page of records of all users and items.
pub(super) async fn page(pool: &PgPool, model_id: i32, page: &RecordsPage) -> Result<Vec<Record>, LogError> {
    let limit = i64::try_from(page.limit).unwrap_or(1);
    // Positions are dense (P3), so a range bounds the number of rows, whatever plan Postgres chooses.
    let rows = sqlx::query(concat!(
        "select ",
        record_columns!(),
        " from records where model_id = $1 and position > $2 and position <= $3 order by position"
    ))
    .bind(model_id)
    .bind(page.after.as_i64())
    .bind(page.after.as_i64().saturating_add(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok(stored_row::record(row)?.0)).collect()
}

/// Returns the records at these positions, in order of position.
pub(super) async fn records_at(pool: &PgPool, model_id: i32, positions: &[Position]) -> Result<Vec<Record>, LogError> {
    let positions: Vec<i64> = positions.iter().map(|position| position.as_i64()).collect();
    let rows = sqlx::query(concat!(
        "select ",
        record_columns!(),
        " from records where model_id = $1 and position = any($2) order by position"
    ))
    .bind(model_id)
    .bind(positions)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok(stored_row::record(row)?.0)).collect()
}

/// Returns the erasures of users after a position, with the positions of their records, oldest first.
pub(super) async fn erasures(
    pool: &PgPool,
    model_id: i32,
    after: Position,
) -> Result<Vec<(Position, ForgottenUser)>, LogError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select position, rest from records where model_id = $1 and type = 7 and position > $2 order by position",
    )
    .bind(model_id)
    .bind(after.as_i64())
    .fetch_all(pool)
    .await?;
    let erasure = |(position, rest): (i64, String)| {
        let position = Position::from_i64(position);
        let user = serde_json::from_str(&rest).map_err(|error| body::unreadable(position, error.to_string()))?;
        Ok((position, user))
    };
    rows.into_iter().map(erasure).collect()
}

/// Finds the event with this id, and its position.
pub(super) async fn find_event(
    pool: &PgPool,
    model_id: i32,
    event_id: &Id,
) -> Result<Option<(Position, Event)>, LogError> {
    let row = sqlx::query(concat!("select ", record_columns!(), " from records where model_id = $1 and event_id = $2"))
        .bind(model_id)
        .bind(event_id.as_str())
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (record, _) = stored_row::record(&row)?;
    match record.body {
        RecordBody::Event(event) => Ok(Some((record.position, event))),
        // Its id is made by the service, and no event's.
        RecordBody::Retract(_) => Ok(None),
        RecordBody::PutItem(_)
        | RecordBody::PatchItem(_)
        | RecordBody::RemoveItem { .. }
        | RecordBody::Merge(_)
        | RecordBody::UpdateProfile(_)
        | RecordBody::ResetModality { .. }
        | RecordBody::Restore { .. }
        | RecordBody::Configure { .. }
        | RecordBody::PutVector(_)
        | RecordBody::Forget(_) => {
            let detail = "it has an event id and is not an event".to_owned();
            Err(body::unreadable(record.position, detail))
        }
    }
}

/// Checks that positions are dense from 1 to the head (P3), and describes the violation if they are not.
pub(super) async fn gap(pool: &PgPool, model_id: i32) -> Result<Option<String>, LogError> {
    let row = sqlx::query(
        "select m.head, count(r.position), coalesce(min(r.position), 1), coalesce(max(r.position), 0) \
         from models m left join records r on r.model_id = m.id where m.id = $1 group by m.head",
    )
    .bind(model_id)
    .fetch_one(pool)
    .await?;
    let [head, count, first, last]: [i64; 4] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
    let dense = first == 1 && last == head && count == head;
    Ok((!dense).then(|| format!("P3: {count} records from position {first} to {last}, and the head is {head}")))
}

/// Finds the newest restore in `(after, through]`.
pub(super) async fn last_restore(
    pool: &PgPool,
    model_id: i32,
    Interval { after, through }: Interval,
) -> Result<Option<Record>, LogError> {
    let row = sqlx::query(concat!(
        "select ",
        record_columns!(),
        " from records where model_id = $1 and position > $2 and position <= $3 and type = 4 \
         order by position desc limit 1"
    ))
    .bind(model_id)
    .bind(after.as_i64())
    .bind(through.as_i64())
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok(stored_row::record(&row)?.0)).transpose()
}

/// Returns the last position of the append that a position belongs to; `None` beyond the head.
pub(super) async fn append_last(
    pool: &PgPool,
    model_id: i32,
    position: Position,
) -> Result<Option<Position>, LogError> {
    let last: Option<i64> = sqlx::query_scalar("select append_last from records where model_id = $1 and position = $2")
        .bind(model_id)
        .bind(position.as_i64())
        .fetch_optional(pool)
        .await?;
    Ok(last.map(Position::from_i64))
}

/// Returns the last position up to `head` that was committed at or before `at`; 0 when there is none. A binary search
/// instead of an index by time: commit times grow with positions, as far as the clocks of all appending processes
/// agree.
pub(super) async fn position_at(
    pool: &PgPool,
    model_id: i32,
    head: Position,
    at: Timestamp,
) -> Result<Position, LogError> {
    let (mut by_then, mut later) = (Position::ZERO, head.next());
    while later.since(by_then) > 1 {
        let middle = by_then.advanced(later.since(by_then) / 2);
        let committed: OffsetDateTime =
            sqlx::query_scalar("select appended_at from records where model_id = $1 and position = $2")
                .bind(model_id)
                .bind(middle.as_i64())
                .fetch_optional(pool)
                .await?
                .ok_or_else(|| body::unreadable(middle, "P3: it is missing from the table".to_owned()))?;
        if Timestamp::from(committed) <= at {
            by_then = middle;
        } else {
            later = middle;
        }
    }
    Ok(by_then)
}

/// Reads the model's head, and the time of its commit; `None` when the log is empty.
pub(super) async fn head(pool: &PgPool, model_id: i32) -> Result<(Position, Option<Timestamp>), sqlx::Error> {
    let row = sqlx::query(
        "select head, (select appended_at from records where model_id = id and position = head) \
         from models where id = $1",
    )
    .bind(model_id)
    .fetch_one(pool)
    .await?;
    let at: Option<OffsetDateTime> = row.try_get(1)?;
    Ok((Position::from_i64(row.try_get(0)?), at.map(Timestamp::from)))
}
