//! Queries of the table of records.

use std::collections::VecDeque;

use futures::TryStreamExt;
use sqlx::{PgPool, Row, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{Append, Event, Id, Interval, Position, Record, RecordBody, Timestamp};

use super::{
    LogError, RecordsPage,
    body::{self, StoredColumns},
};

/// Maximum number of records of a page.
const PAGE_LIMIT_MAX: usize = 1000;

/// Reads whole appends after a position, oldest first: about `records_max` records, fewer when they exceed `bytes_max`.
/// Of an append that `after` is inside of, the rest is returned.
pub(super) async fn read_after(
    pool: &PgPool,
    model_id: i32,
    after: Position,
    records_max: usize,
    bytes_max: usize,
) -> Result<VecDeque<Append>, LogError> {
    let mut appends = Appends::default();
    let mut from = after.as_i64();
    let records_max = i64::try_from(records_max.max(1)).unwrap_or(i64::MAX);
    // Positions are dense (P3), so a range bounds the number of rows, whatever plan Postgres chooses. With a limit, a
    // plan made before the table was analysed may sort all later rows.
    let mut through = from.saturating_add(records_max);
    loop {
        let mut rows = sqlx::query(
            "select position, append_last, appended_at, type, event_id, user_id, session_id, item_id, kind, value, \
             ts, rest, source from records where model_id = $1 and position > $2 and position <= $3 order by position",
        )
        .bind(model_id)
        .bind(from)
        .bind(through)
        .fetch(pool);
        let mut found = false;
        while let Some(row) = rows.try_next().await? {
            found = true;
            if appends.bytes > bytes_max && appends.open.is_empty() {
                return Ok(appends.done);
            }
            appends.take(&row)?;
        }
        // The range may have cut the last append. Its rest is read next.
        let Some(last) = appends.open.last() else {
            return Ok(appends.done);
        };
        if !found {
            let detail = "P3: the table lacks the rest of its append".to_owned();
            return Err(body::unreadable(last.position, detail));
        }
        (from, through) = (last.position.as_i64(), appends.open_last.as_i64());
    }
}

/// Builder of appends from rows.
#[derive(Default)]
struct Appends {
    done: VecDeque<Append>,
    open: Vec<Record>,
    open_last: Position,
    bytes: usize,
}

impl Appends {
    fn take(&mut self, row: &PgRow) -> Result<(), LogError> {
        let (record, bytes) = record(row)?;
        let append_last = Position::from_i64(row.try_get(1)?);
        if let Some(previous) = self.open.last()
            && (previous.position.next() != record.position || append_last != self.open_last)
        {
            let detail = format!("P3: the record before it in the table is at position {}", previous.position);
            return Err(body::unreadable(record.position, detail));
        }
        self.bytes += bytes;
        self.open_last = append_last;
        let last = record.position == append_last;
        self.open.push(record);
        if last {
            self.done.push_back(Append { records: std::mem::take(&mut self.open).into() });
        }
        Ok(())
    }
}

/// Reads one page of records.
pub(super) async fn page(pool: &PgPool, model_id: i32, page: &RecordsPage) -> Result<Vec<Record>, LogError> {
    let limit = page.limit.clamp(1, PAGE_LIMIT_MAX);
    let rows = sqlx::query(
        "select position, append_last, appended_at, type, event_id, user_id, session_id, item_id, kind, value, ts, \
         rest, source from records where model_id = $1 and position > $2 \
         and ($4::text is null or user_id = $4) and ($5::text is null or item_id = $5) \
         order by position limit $3",
    )
    .bind(model_id)
    .bind(page.after.as_i64())
    .bind(i64::try_from(limit).unwrap_or(1))
    .bind(page.user.as_ref().map(Id::as_str))
    .bind(page.item.as_ref().map(Id::as_str))
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok(record(row)?.0)).collect()
}

/// Returns the records at these positions, in order of position.
pub(super) async fn records_at(pool: &PgPool, model_id: i32, positions: &[Position]) -> Result<Vec<Record>, LogError> {
    let positions: Vec<i64> = positions.iter().map(|position| position.as_i64()).collect();
    let rows = sqlx::query(
        "select position, append_last, appended_at, type, event_id, user_id, session_id, item_id, kind, value, ts, \
         rest, source from records where model_id = $1 and position = any($2) order by position",
    )
    .bind(model_id)
    .bind(positions)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok(record(row)?.0)).collect()
}

/// Finds the event with this id, and its position.
pub(super) async fn find_event(
    pool: &PgPool,
    model_id: i32,
    event_id: &Id,
) -> Result<Option<(Position, Event)>, LogError> {
    let row = sqlx::query(
        "select position, append_last, appended_at, type, event_id, user_id, session_id, item_id, kind, value, ts, \
         rest, source from records where model_id = $1 and event_id = $2",
    )
    .bind(model_id)
    .bind(event_id.as_str())
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (record, _) = record(&row)?;
    match record.body {
        RecordBody::Event(event) => Ok(Some((record.position, event))),
        RecordBody::PutItem(_)
        | RecordBody::PatchItem(_)
        | RecordBody::RemoveItem { .. }
        | RecordBody::Merge(_)
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
    let row = sqlx::query(
        "select position, append_last, appended_at, type, event_id, user_id, session_id, item_id, kind, value, ts, \
         rest, source from records where model_id = $1 and position > $2 and position <= $3 and type = 4 \
         order by position desc limit 1",
    )
    .bind(model_id)
    .bind(after.as_i64())
    .bind(through.as_i64())
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok(record(&row)?.0)).transpose()
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

/// Converts a row to a record, and estimates its size in bytes.
fn record(row: &PgRow) -> Result<(Record, usize), LogError> {
    let position = Position::from_i64(row.try_get(0)?);
    let appended_at: OffsetDateTime = row.try_get(2)?;
    let ts: Option<OffsetDateTime> = row.try_get(10)?;
    let columns = StoredColumns {
        code: row.try_get(3)?,
        event_id: row.try_get(4)?,
        user: row.try_get(5)?,
        session: row.try_get(6)?,
        item: row.try_get(7)?,
        kind: row.try_get(8)?,
        value: row.try_get(9)?,
        ts: ts.map(Timestamp::from),
        rest: row.try_get(11)?,
    };
    let bytes = 256 + columns.rest.as_ref().map_or(0, String::len);
    let body = body::from_columns(columns).map_err(|detail| body::unreadable(position, detail))?;
    let source = body::optional("source", row.try_get(12)?).map_err(|detail| body::unreadable(position, detail))?;
    let record = Record { position, appended_at: Timestamp::from(appended_at), source, body };
    Ok((record, bytes))
}
