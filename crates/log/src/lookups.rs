//! Look-ups of many users or events at once.

use std::collections::BTreeMap;

use sqlx::PgPool;

use shelfmark_domain::{Id, Position, ProfileUpdate, RecordBody, Retraction};

use super::{LogError, copy::record_columns, stored_row};

/// Newest updates of a profile that are read of each user.
const UPDATES_MAX: i64 = 16;

/// Returns the newest updates of the profiles of users, newest first of each: all through the newest that replaces its
/// profile, 16 at most.
pub(super) async fn newest_profile_updates(
    pool: &PgPool,
    model_id: i32,
    users: &[Id],
) -> Result<BTreeMap<Id, Vec<ProfileUpdate>>, LogError> {
    let users: Vec<&str> = users.iter().map(Id::as_str).collect();
    let rows = sqlx::query(concat!(
        "select ",
        record_columns!(),
        " from unnest($2::text[]) asked(id) cross join lateral (select * from records where model_id = $1 and type = 12 \
         and user_id = asked.id collate \"C\" order by position desc limit $3) newest"
    ))
    .bind(model_id)
    .bind(users)
    .bind(UPDATES_MAX)
    .fetch_all(pool)
    .await?;
    let mut found: BTreeMap<Id, Vec<ProfileUpdate>> = BTreeMap::new();
    for row in &rows {
        let (record, _) = stored_row::record(row)?;
        if let RecordBody::UpdateProfile(update) = record.body {
            let updates = found.entry(update.user.clone()).or_default();
            if !updates.last().is_some_and(|newer| newer.replace) {
                updates.push(*update);
            }
        }
    }
    Ok(found)
}

/// Returns the retractions of the events at some positions: the event's position and the retraction's. `attempt` counts
/// the retractions of an event before it.
pub(super) async fn retractions(
    pool: &PgPool,
    model_id: i32,
    events: &[Position],
    attempt: u32,
) -> Result<Vec<(Position, Position)>, LogError> {
    let by_id: BTreeMap<String, Position> =
        events.iter().map(|position| (Retraction::record_id_of(*position, attempt), *position)).collect();
    if by_id.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = by_id.keys().map(String::as_str).collect();
    let found: Vec<(String, i64)> =
        sqlx::query_as("select event_id, position from records where model_id = $1 and event_id = any($2)")
            .bind(model_id)
            .bind(ids)
            .fetch_all(pool)
            .await?;
    let pair = |(id, position): &(String, i64)| Some((by_id.get(id).copied()?, Position::from_i64(*position)));
    Ok(found.iter().filter_map(pair).collect())
}
