//! Erasure of a forgotten user from the log (P10), in the transaction that also erases the user elsewhere.

use sqlx::{PgConnection, Row, postgres::PgRow};

use shelfmark_domain::{ForgottenUser, Id, Merge, MergeSource, Position, UserNames};

use super::{
    LogError,
    body::{self, code},
    restore::{LockedHead, insert_record},
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
    /// Adds a row of (count, first position).
    fn add(&mut self, row: &PgRow) -> Result<(), LogError> {
        let records: i64 = row.try_get(0)?;
        let first = row.try_get::<Option<i64>, _>(1)?.map(Position::from_i64);
        self.records += u64::try_from(records).unwrap_or(0);
        self.first = self.first.into_iter().chain(first).min();
        Ok(())
    }
}

/// Adds the names that the logs link with a user's: users merged into it, directly or indirectly, and sessions that acted
/// without a user beside naming one of these. Passes over all records of the models.
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

fn merge(row: &PgRow) -> Result<Merge, LogError> {
    let position = Position::from_i64(row.try_get(0)?);
    body::merge(row.try_get(1)?).map_err(|detail| body::unreadable(position, detail))
}

/// Erases a user from the committed records after a position, under all `names`. A pseudonym replaces each name.
/// Properties, event id and the id of the recommended list are removed, and so is a session that is not among the names.
/// Item, kind, value, time and circumstances stay, since the model learned from them.
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
    let mut erased = ErasedRecords { through: Position::from_i64(head), ..ErasedRecords::default() };
    let users = names.users.iter().filter_map(|id| Some((id, forgotten.user(id.as_str())?, Owner::User)));
    let sessions = names.sessions.iter().filter_map(|id| Some((id, forgotten.session(id.as_str())?, Owner::Session)));
    for (id, name, owner) in users.chain(sessions) {
        let erasure = Erasure { model_id, id, name, owner, names, forgotten, after };
        erasure.run(&mut *connection, &mut erased).await?;
    }
    erase_from_named(connection, model_id, forgotten, after).await?;
    Ok(erased)
}

/// Whose events an erasure rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// A user's.
    User,
    /// Those of a session without a user; others only get the session's pseudonym.
    Session,
}

/// Erasure of one name from the events of a log.
struct Erasure<'a> {
    model_id: i32,
    id: &'a Id,
    name: Id,
    owner: Owner,
    names: &'a UserNames,
    forgotten: &'a ForgottenUser,
    after: Position,
}

/// Selects records of an owner that have a rest; $1 to $4: model, id, limit, position after.
macro_rules! with_rest {
    ($owner:literal) => {
        concat!(
            "select position, rest from records where model_id = $1 and type = 1 and ",
            $owner,
            " and position > $4 and rest is not null limit $3"
        )
    };
}

/// Rewrites records of an owner; $1 to $5: model, id, pseudonym, and the sessions with their pseudonyms.
macro_rules! rewrite {
    ($set:literal, $from:literal, $owner:literal) => {
        concat!(
            "with erased as (update records r set ",
            $set,
            ", session_id = (select s.name from unnest($4::text[], $5::text[]) as s (id, name) where s.id = r.session_id), ",
            "retry_hash = null, event_id = 'forgotten-' || gen_random_uuid()::text ",
            $from,
            "where r.model_id = $1 and r.type = 1 and ",
            $owner,
            " returning r.position) select count(*), min(position) from erased"
        )
    };
}

impl Erasure<'_> {
    async fn run(&self, connection: &mut PgConnection, erased: &mut ErasedRecords) -> Result<(), LogError> {
        self.rewrite_rests(&mut *connection, erased).await?;
        let sql = match self.owner {
            Owner::User => rewrite!("user_id = $3", "", "r.user_id = $2 and r.position > $6 and r.rest is null"),
            Owner::Session => rewrite!(
                "user_id = null",
                "",
                "r.user_id is null and r.session_id = $2 and $3::text is not null and r.position > $6 and r.rest is null"
            ),
        };
        let (sessions, pseudonyms) = self.sessions();
        let row = sqlx::query(sql)
            .bind(self.model_id)
            .bind(self.id.as_str())
            .bind(self.name.as_str())
            .bind(sessions)
            .bind(pseudonyms)
            .bind(self.after.as_i64())
            .fetch_one(&mut *connection)
            .await?;
        erased.add(&row)?;
        if self.owner == Owner::Session {
            // Events of others in the session: they still end the visit where they did.
            sqlx::query("update records set session_id = $3 where model_id = $1 and session_id = $2 and position > $4")
                .bind(self.model_id)
                .bind(self.id.as_str())
                .bind(self.name.as_str())
                .bind(self.after.as_i64())
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// Rewrites records with a `rest` here, not in SQL: Postgres' JSON refuses some of the values that it may hold.
    async fn rewrite_rests(&self, connection: &mut PgConnection, erased: &mut ErasedRecords) -> Result<(), LogError> {
        let (select, update) = match self.owner {
            Owner::User => (
                with_rest!("user_id = $2"),
                rewrite!(
                    "user_id = $3, rest = f.rest",
                    "from unnest($6::bigint[], $7::text[]) as f (position, rest) ",
                    "r.position = f.position and r.user_id = $2"
                ),
            ),
            Owner::Session => (
                with_rest!("user_id is null and session_id = $2"),
                rewrite!(
                    "user_id = null, rest = f.rest",
                    "from unnest($6::bigint[], $7::text[]) as f (position, rest) ",
                    "r.position = f.position and r.user_id is null and r.session_id = $2 and $3::text is not null"
                ),
            ),
        };
        loop {
            let rows = sqlx::query(select)
                .bind(self.model_id)
                .bind(self.id.as_str())
                .bind(PAGE)
                .bind(self.after.as_i64())
                .fetch_all(&mut *connection)
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            let (mut positions, mut rests) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
            for row in rows {
                let position: i64 = row.try_get(0)?;
                let rest = body::anonymous_rest(row.try_get(1)?);
                rests.push(rest.map_err(|detail| body::unreadable(Position::from_i64(position), detail))?);
                positions.push(position);
            }
            let (sessions, pseudonyms) = self.sessions();
            let row = sqlx::query(update)
                .bind(self.model_id)
                .bind(self.id.as_str())
                .bind(self.name.as_str())
                .bind(sessions)
                .bind(pseudonyms)
                .bind(positions)
                .bind(rests)
                .fetch_one(&mut *connection)
                .await?;
            erased.add(&row)?;
        }
    }

    /// The sessions that keep a name, and those names.
    fn sessions(&self) -> (Vec<String>, Vec<String>) {
        let named = self.names.sessions.iter().filter_map(|id| {
            let name = self.forgotten.session(id.as_str())?;
            Some((id.as_str().to_owned(), name.as_str().to_owned()))
        });
        named.unzip()
    }
}

/// Erases the user from restores, whose replays name the users that they leave out, and from merges.
async fn erase_from_named(
    connection: &mut PgConnection,
    model_id: i32,
    forgotten: &ForgottenUser,
    after: Position,
) -> Result<(), LogError> {
    let rows = sqlx::query(
        "select position, rest, type from records where model_id = $1 and type in (4, 9) and position > $2",
    )
    .bind(model_id)
    .bind(after.as_i64())
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let position: i64 = row.try_get(0)?;
        let rest: &str = row.try_get(1)?;
        let rewritten = if row.try_get::<i16, _>(2)? == code::MERGE {
            body::merge_without_user(rest, forgotten)
        } else {
            body::restore_without_user(rest, forgotten).map(|rest| rest.map(|rest| (rest, None)))
        };
        let rewritten = rewritten.map_err(|detail| body::unreadable(Position::from_i64(position), detail))?;
        if let Some((rest, user)) = rewritten {
            sqlx::query("update records set rest = $3, user_id = $4 where model_id = $1 and position = $2")
                .bind(model_id)
                .bind(position)
                .bind(rest)
                .bind(user)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Appends the record that makes every learner forget the user, at a head that was locked for it.
pub async fn append_forget(
    connection: &mut PgConnection,
    head: LockedHead,
    forgotten: &ForgottenUser,
) -> Result<Position, LogError> {
    let rest = serde_json::to_string(forgotten).expect("numbers and letters have a JSON form");
    insert_record(connection, head, code::FORGET, Some(&rest)).await
}
