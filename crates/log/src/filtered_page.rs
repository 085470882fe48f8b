//! Pages of one user's or item's records, with a bound on what is read for them.
//!
//! First the next few records are read in order, which suffices for those who occur often. Then the index of
//! `records_users_items` says where in a longer window they may be. A window that is read quickly is followed by a
//! longer one. After [`TIME_MAX`] the page is returned as it is, with the position through which it was searched.

use std::time::{Duration, Instant};

use sqlx::{Executor, PgConnection, PgPool};

use shelfmark_domain::{Id, Position, Record};

use super::{LogError, RecordsPage, copy::record_columns, stored_row};

/// Records that are read in order.
const ORDERED_RECORDS: u64 = 4_096;
/// Records of the first window that is searched by the index, and of the longest one.
const WINDOW_FIRST: u64 = 65_536;
const WINDOW_MAX: u64 = 16 << 20;
/// Time of a window below which the next one is longer.
const WINDOW_TIME: Duration = Duration::from_millis(30);
/// Time after which no other window is begun.
const TIME_MAX: Duration = Duration::from_millis(250);

/// Records of a page, and how far the log was searched for them.
#[derive(Debug)]
pub(super) struct Found {
    pub records: Vec<Record>,
    /// Position through which all records that belong to the page were found.
    pub through: Position,
}

/// Reads a page of records of a user or an item, up to `head`.
pub(super) async fn filtered_page(
    pool: &PgPool,
    model_id: i32,
    page: &RecordsPage,
    head: Position,
) -> Result<Found, LogError> {
    let started = Instant::now();
    let mut found = Found { records: Vec::new(), through: page.after };
    let mut transaction = pool.begin().await?;
    let mut window = ORDERED_RECORDS;
    let mut by_index = false;
    while found.through < head && found.records.len() < page.limit {
        let began = Instant::now();
        let through = found.through.advanced(window).min(head);
        let missing = page.limit - found.records.len();
        let records = read_window(&mut transaction, model_id, page, (found.through, through), missing).await?;
        found.through = if records.len() == missing { last(&records) } else { through };
        found.records.extend(records);
        if started.elapsed() > TIME_MAX {
            break;
        }
        if by_index {
            let factor = if began.elapsed() < WINDOW_TIME { 4 } else { 1 };
            window = (window * factor).min(WINDOW_MAX);
        } else {
            // Statistics do not tell the planner where in the log an id occurs.
            transaction.execute("set local enable_seqscan = off; set local enable_indexscan = off").await?;
            (by_index, window) = (true, WINDOW_FIRST);
        }
    }
    transaction.rollback().await?;
    Ok(found)
}

fn last(records: &[Record]) -> Position {
    records.last().map_or(Position::ZERO, |record| record.position)
}

async fn read_window(
    connection: &mut PgConnection,
    model_id: i32,
    page: &RecordsPage,
    (after, through): (Position, Position),
    limit: usize,
) -> Result<Vec<Record>, LogError> {
    let text = |id: &Option<Id>| id.as_ref().map(|id| id.as_str().to_owned());
    let (sql, values) = match (text(&page.user), text(&page.item)) {
        (Some(user), Some(item)) => (
            concat!(
                "select ",
                record_columns!(),
                " from records where model_id = $1 and position > $2 and position <= $3 and user_id = $5 \
                 and item_id = $6 order by position limit $4"
            ),
            vec![Some(user), Some(item)],
        ),
        (Some(user), None) => (
            concat!(
                "select ",
                record_columns!(),
                " from records where model_id = $1 and position > $2 and position <= $3 and user_id = $5 \
                 order by position limit $4"
            ),
            vec![Some(user)],
        ),
        (None, item) => (
            concat!(
                "select ",
                record_columns!(),
                " from records where model_id = $1 and position > $2 and position <= $3 and item_id = $5 \
                 order by position limit $4"
            ),
            vec![item],
        ),
    };
    let query = sqlx::query(sql)
        .bind(model_id)
        .bind(after.as_i64())
        .bind(through.as_i64())
        .bind(i64::try_from(limit).unwrap_or(1));
    let query = values.into_iter().fold(query, |query, value| query.bind(value));
    // Planned for these positions: a plan for any positions may read the whole table.
    let rows = query.persistent(false).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(stored_row::record(row)?.0)).collect()
}
