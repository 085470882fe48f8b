//! Erasure of a forgotten user from the log (P10), in the transaction that also erases the user elsewhere.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use sqlx::{PgConnection, Row, postgres::PgRow};

use shelfmark_domain::{ForgottenUser, Id, Merge, MergeSource, Position, UserNames};

use super::{
    LogError, body,
    copy::record_columns,
    rest,
    restore::{LockedHead, insert_record},
    rewriting::Rewriting,
    stored_row, type_code,
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

/// Adds the names that the logs link with a user's: users merged into it, directly or indirectly, and sessions that
/// acted without a user beside naming one of these. Passes over all records of the models.
pub async fn linked_names(
    connection: &mut PgConnection,
    model_ids: &[i32],
    mut names: UserNames,
) -> Result<UserNames, LogError> {
    let rows = sqlx::query("select position, rest from records where model_id = any($1) and type = 9")
        .bind(model_ids)
        .fetch_all(&mut *connection)
        .await?;
    let merges = rows.iter().map(merge).collect::<Result<Vec<_>, _>>()?;
    loop {
        let before = names.users.len();
        for merge in &merges {
            if !names.users.contains(&merge.into) {
                continue;
            }
            match &merge.from {
                MergeSource::User(other) => _ = names.users.insert(other.clone()),
                MergeSource::Session(session) => _ = names.sessions.insert(session.clone()),
            }
        }
        if names.users.len() == before {
            break;
        }
    }
    let users: Vec<&str> = names.users.iter().map(Id::as_str).collect();
    let shared: Vec<String> = sqlx::query_scalar(
        "select distinct g.session_id from records g where g.model_id = any($1) and g.type = 1 and g.user_id is null \
         and g.session_id in (select n.session_id from records n where n.model_id = any($1) and n.type = 1 \
         and n.user_id = any($2) and n.session_id is not null)",
    )
    .bind(model_ids)
    .bind(users)
    .fetch_all(&mut *connection)
    .await?;
    for session in shared {
        let unreadable = |error: shelfmark_domain::FieldError| body::unreadable(Position::ZERO, error.to_string());
        names.sessions.insert(Id::new("session_id", &session).map_err(unreadable)?);
    }
    Ok(names)
}

/// Finds the names that pseudonyms stand for, among those of the logs. Passes over all records of the models.
pub async fn names_of(
    connection: &mut PgConnection,
    model_ids: &[i32],
    forgotten: &ForgottenUser,
) -> Result<UserNames, LogError> {
    let mut names = UserNames::default();
    let invalid = |error: shelfmark_domain::FieldError| body::unreadable(Position::ZERO, error.to_string());
    let mut users = sqlx::query_scalar::<_, String>(
        "select distinct user_id from records where model_id = any($1) and user_id is not null",
    )
    .bind(model_ids)
    .fetch(&mut *connection);
    while let Some(user) = users.try_next().await? {
        if forgotten.user(&user).is_some() {
            names.users.insert(Id::new("user_id", &user).map_err(invalid)?);
        }
    }
    drop(users);
    let mut sessions = sqlx::query_scalar::<_, String>(
        "select distinct session_id from records where model_id = any($1) and session_id is not null",
    )
    .bind(model_ids)
    .fetch(&mut *connection);
    while let Some(session) = sessions.try_next().await? {
        if forgotten.session(&session).is_some() {
            names.sessions.insert(Id::new("session_id", &session).map_err(invalid)?);
        }
    }
    Ok(names)
}

fn merge(row: &PgRow) -> Result<Merge, LogError> {
    let position = Position::from_i64(row.try_get(0)?);
    rest::merge(row.try_get(1)?).map_err(|detail| body::unreadable(position, detail))
}

/// Erases a user from the committed records after a position, under all `names`. A pseudonym replaces each name.
/// Properties, event id and the id of the recommended list are removed, and so is a session that is not among the
/// names. Item, kind, value, time and circumstances stay, since the model learned from them.
///
/// Appends continue meanwhile. Erase again under the lock of the head from the records that they add.
pub async fn erase_user(
    connection: &mut PgConnection,
    model_id: i32,
    names: &UserNames,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<ErasedRecords, LogError> {
    let head: i64 =
        sqlx::query_scalar("select head from models where id = $1").bind(model_id).fetch_one(&mut *connection).await?;
    let sessions = names.sessions.iter().filter_map(|id| Some((id.as_str(), forgotten.session(id.as_str())?)));
    let sessions: BTreeMap<&str, Id> = sessions.collect();
    let mut erasure = Erasure {
        model_id,
        after,
        erased: ErasedRecords { through: Position::from_i64(head), ..ErasedRecords::default() },
        rewriting: Rewriting::default(),
    };
    for id in &names.users {
        if let Some(name) = forgotten.user(id.as_str()) {
            let session = |session: Option<&str>| session.and_then(|id| sessions.get(id)).map(text);
            erasure
                .rewrite(&mut *connection, USER, id, |row| {
                    let rest = anonymous_rest(row)?;
                    Ok(Rewritten { user: Some(text(&name)), session: session(row.try_get(10)?), rest, anonymous: true })
                })
                .await?;
        }
    }
    for id in &names.sessions {
        let Some(name) = sessions.get(id.as_str()) else { continue };
        erasure
            .rewrite(&mut *connection, GUEST, id, |row| {
                Ok(Rewritten { user: None, session: Some(text(name)), rest: anonymous_rest(row)?, anonymous: true })
            })
            .await?;
        // Events of others in the session: they still end the visit where they did.
        erasure
            .rewrite(&mut *connection, SESSION, id, |row| {
                let rest = stored_row::rest(row)?.map(str::to_owned);
                Ok(Rewritten { user: row.try_get(9)?, session: Some(text(name)), rest, anonymous: false })
            })
            .await?;
    }
    erasure.rewrite_named(&mut *connection, forgotten).await?;
    erasure.rewriting.renew_checksums(connection, model_id).await?;
    Ok(erasure.erased)
}

/// Selects records of one name; $1 to $4: model, name, most records, position after.
macro_rules! select {
    ($owner:literal) => {
        concat!(
            "select ",
            record_columns!(),
            " from records where model_id = $1 and type in (1, 11, 12) and position > $4 and ",
            $owner,
            " limit $3"
        )
    };
}

/// Events of a user, their retractions, and what is known beside them.
const USER: &str = select!("user_id = $2");
/// Events of a session without a user.
const GUEST: &str = select!("user_id is null and session_id = $2");
/// All events of a session.
const SESSION: &str = select!("session_id = $2");

/// Columns of a record after the erasure.
struct Rewritten {
    user: Option<String>,
    session: Option<String>,
    rest: Option<String>,
    /// Whether it is an event of the user: its id is replaced, and it counts.
    anonymous: bool,
}

/// Erasure from one log.
struct Erasure {
    model_id: i32,
    after: Position,
    erased: ErasedRecords,
    rewriting: Rewriting,
}

impl Erasure {
    /// Rewrites the records that `select` finds. `rest` is rewritten here, not in SQL: Postgres' JSON refuses some of
    /// the values that it may hold.
    async fn rewrite(
        &mut self,
        connection: &mut PgConnection,
        select: &'static str,
        id: &Id,
        rewritten: impl Fn(&PgRow) -> Result<Rewritten, LogError>,
    ) -> Result<(), LogError> {
        loop {
            let rows = sqlx::query(select)
                .bind(self.model_id)
                .bind(id.as_str())
                .bind(PAGE)
                .bind(self.after.as_i64())
                .fetch_all(&mut *connection)
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut changes = Vec::with_capacity(rows.len());
            for row in rows {
                changes.push((stored_row::position(&row)?, rewritten(&row)?));
                self.rewriting.before(&row)?;
            }
            self.update(&mut *connection, changes).await?;
        }
    }

    async fn update(
        &mut self,
        connection: &mut PgConnection,
        changes: Vec<(Position, Rewritten)>,
    ) -> Result<(), LogError> {
        let count = changes.len();
        let (mut positions, mut users) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut sessions, mut rests) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut anonymous = Vec::with_capacity(count);
        for (position, change) in changes {
            positions.push(position.as_i64());
            users.push(change.user);
            sessions.push(change.session);
            rests.push(change.rest);
            anonymous.push(change.anonymous);
            if change.anonymous {
                self.erased.add(position);
            }
        }
        let rows = sqlx::query(concat!(
            "with found as (select * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bool[]) ",
            "as f (at, new_user, new_session, new_rest, anonymous)) ",
            "update records r set user_id = f.new_user, session_id = f.new_session, rest = f.new_rest, ",
            "retry_hash = case when f.anonymous then null else r.retry_hash end, ",
            "event_id = case when f.anonymous and r.event_id is not null then 'forgotten-' || gen_random_uuid()::text ",
            "else r.event_id end ",
            "from found f where r.model_id = $1 and r.position = f.at returning ",
            record_columns!(),
        ))
        .bind(self.model_id)
        .bind(positions)
        .bind(users)
        .bind(sessions)
        .bind(rests)
        .bind(anonymous)
        .fetch_all(connection)
        .await?;
        for row in rows {
            self.rewriting.after(&row)?;
        }
        Ok(())
    }

    /// Rewrites restores, whose replays name the users that they leave out, and merges.
    async fn rewrite_named(
        &mut self,
        connection: &mut PgConnection,
        forgotten: &ForgottenUser,
    ) -> Result<(), LogError> {
        let rows = sqlx::query(concat!(
            "select ",
            record_columns!(),
            " from records where model_id = $1 and type in (4, 9) and position > $2"
        ))
        .bind(self.model_id)
        .bind(self.after.as_i64())
        .fetch_all(&mut *connection)
        .await?;
        let mut changes = Vec::new();
        for row in rows {
            let position = stored_row::position(&row)?;
            let damaged = |detail| body::unreadable(position, detail);
            let rest = stored_row::rest(&row)?.ok_or_else(|| damaged("rest is null".to_owned()))?;
            let rewritten = if row.try_get::<i16, _>(4)? == type_code::MERGE {
                rest::merge_without_user(rest, forgotten)
            } else {
                rest::restore_without_user(rest, forgotten).map(|rest| rest.map(|rest| (rest, None)))
            };
            if let Some((rest, user)) = rewritten.map_err(damaged)? {
                self.rewriting.before(&row)?;
                changes.push((position, Rewritten { user, session: None, rest: Some(rest), anonymous: false }));
            }
        }
        self.update(connection, changes).await
    }
}

fn text(id: &Id) -> String {
    id.as_str().to_owned()
}

fn anonymous_rest(row: &PgRow) -> Result<Option<String>, LogError> {
    let code: i16 = row.try_get(4)?;
    let rest = stored_row::rest(row)?.map(|rest| rest::anonymous_rest(code, rest)).transpose();
    let position = stored_row::position(row)?;
    Ok(rest.map_err(|detail| body::unreadable(position, detail))?.flatten())
}

/// Appends the record that makes every learner forget the user, at a head that was locked for it.
pub async fn append_forget(
    connection: &mut PgConnection,
    head: LockedHead,
    forgotten: &ForgottenUser,
) -> Result<Position, LogError> {
    let rest = serde_json::to_string(forgotten).expect("numbers and letters have a JSON form");
    insert_record(connection, head, type_code::FORGET, Some(rest)).await
}
