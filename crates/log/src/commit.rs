//! Commit of one append as one transaction.
//!
//! In the common case every id is new, and looking up thousands of random ids costs as much as writing them. So an
//! append is tried without a lookup first (optimistically). The unique index refuses it as a whole when an id is in the
//! log already, and it is repeated with a lookup. During a run of retries every optimistic append would fail, so the
//! appender keeps using lookups for a while after a repeat ([`super::appender`]).
//!
//! A batch that commits offsets of streams outside locks the head first and compares them with the stored ones: only then is
//! it known which of its requests are accepted.
//!
//! The order of statements matters. The lookup must be a statement of its own *after* the one that locks the head. Only
//! then does its snapshot include the append before, perhaps of another process.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use sqlx::{
    AssertSqlSafe, Executor, PgConnection, Row,
    postgres::{PgDatabaseError, PgSeverity},
};

use shelfmark_domain::{Position, Timestamp};

use super::{
    LogError,
    batch::{Batch, Committed, ExistingEvent, PlacedAppend},
    chain::KnownChain,
    checksum::Chain,
    copy,
    log_target::LogTarget,
    stream_offsets::BatchOffsets,
};

/// Channel of the log's notifications. The payload is `model_id:head:appended_at_micros:origin`.
pub(super) const CHANNEL: &str = "shelfmark_log";

/// Bytes of one CopyData message: large enough for few calls, small enough that Postgres works while the next is
/// encoded.
const PIECE_BYTES: usize = 128 << 10;

/// Error of an append.
#[derive(Debug)]
pub(super) enum CommitError {
    /// An id is in the log already or twice in the batch: repeat the append with a lookup.
    Repeats,
    /// The model was deleted. Nothing was committed.
    Deleted,
    /// Nothing was committed.
    NotCommitted(sqlx::Error),
    /// The commit was not answered, so the append may be committed or not.
    Unknown(sqlx::Error),
}

impl CommitError {
    /// Converts to the error that callers get.
    pub(super) fn into_log_error(self) -> LogError {
        match self {
            // The appender repeats a batch after this error. It cannot happen again under the lock of the head.
            Self::Repeats => LogError::Database(Arc::new(sqlx::Error::Protocol(
                "an event id appeared in the log under the head's lock".into(),
            ))),
            Self::Deleted => LogError::Deleted,
            Self::NotCommitted(error) => LogError::Database(Arc::new(error)),
            Self::Unknown(error) => LogError::CommitUnknown(Arc::new(error)),
        }
    }
}

impl From<sqlx::Error> for CommitError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(refusal) = &error
            && refusal.constraint() == Some("records_event_id_unique")
        {
            return Self::Repeats;
        }
        Self::NotCommitted(error)
    }
}

/// Appends the batch without a lookup. Error: [`CommitError::Repeats`] when an id is repeated.
pub(super) async fn append_optimistically(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &mut Batch,
    chain: &mut KnownChain,
) -> Result<Committed, CommitError> {
    let started = Instant::now();
    let records = batch.records() as u64;
    // Begins, locks the head and takes the positions in one round trip.
    let statement = format!(
        "begin isolation level read committed; \
         update models set head = head + {records}, head_at = {} where id = {} and deleted_at is null \
         returning head, {HEAD_MICROS}",
        later(Timestamp::now()),
        target.model_id
    );
    let (head, at) = head_of(connection, statement).await?;
    let appended_at = at.unwrap_or_else(Timestamp::now);
    let before = Position::new(head.get() - records);
    let append = PlacedAppend { last: head, at: appended_at, before: chain.at(connection, target, before).await? };
    batch.accept_all(before);
    let after = copy_rows(connection, batch, append, records).await?;
    let statement = format!("{}; commit", notify(target, head, appended_at));
    finish(connection, statement).await?;
    chain.committed(head, after);
    Ok(Committed { head, appended_at, records, took: started.elapsed() })
}

/// Looks up the ids of the batch and appends the records that are new. Repeats get the position of the earlier event.
pub(super) async fn append_with_lookup(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &mut Batch,
    chain: &mut KnownChain,
) -> Result<Committed, CommitError> {
    append_locked(connection, target, batch, chain, true).await
}

/// Appends a batch that commits offsets, without a lookup of ids. Error: [`CommitError::Repeats`] when an id is
/// repeated.
pub(super) async fn append_with_offsets(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &mut Batch,
    chain: &mut KnownChain,
) -> Result<Committed, CommitError> {
    append_locked(connection, target, batch, chain, false).await
}

/// Locks the head, reads what is compared with, and appends what is accepted then.
async fn append_locked(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &mut Batch,
    chain: &mut KnownChain,
    with_lookup: bool,
) -> Result<Committed, CommitError> {
    let started = Instant::now();
    let statement = format!(
        "begin isolation level read committed; \
         select head, {HEAD_MICROS} from models where id = {} and deleted_at is null for no key update",
        target.model_id
    );
    let (before, at) = head_of(connection, statement).await?;
    refuse_restores_of_missing_versions(connection, target, batch).await?;
    let existing = if with_lookup { look_up(connection, target, batch).await? } else { HashMap::new() };
    let mut offsets = BatchOffsets::read(connection, target.model_id, batch.offsets()).await?;
    let records = batch.accept_new(before, existing, &mut offsets);
    let appended_at = at.map_or_else(Timestamp::now, |at| at.max(Timestamp::now()));
    let head = before.advanced(records);
    offsets.write(connection, target.model_id, head).await?;
    if records > 0 {
        let append = PlacedAppend { last: head, at: appended_at, before: chain.at(connection, target, before).await? };
        let after = copy_rows(connection, batch, append, records).await?;
        let statement = format!(
            "update models set head = {head}, head_at = {} where id = {}; {}; commit",
            later(appended_at),
            target.model_id,
            notify(target, head, appended_at)
        );
        finish(connection, statement).await?;
        chain.committed(head, after);
    } else if offsets.are_moved() {
        finish(connection, "commit".to_owned()).await?;
    } else {
        // Nothing to commit. The repeats were found in committed records.
        connection.execute("rollback").await?;
    }
    Ok(Committed { head, appended_at, records, took: started.elapsed() })
}

/// SQL of the time of the last append, in microseconds since 1970.
const HEAD_MICROS: &str = "(extract(epoch from head_at) * 1000000)::bigint";

/// Returns the SQL of the time of an append: now, or the time of the append before it, where clocks differ.
fn later(now: Timestamp) -> String {
    format!("greatest(head_at, timestamptz 'epoch' + interval '{} microseconds')", now.micros())
}

/// Runs a statement that begins the transaction and returns the head, and its time. Only numbers are formatted into it.
/// No row means that the model was deleted.
async fn head_of(
    connection: &mut PgConnection,
    statement: String,
) -> Result<(Position, Option<Timestamp>), CommitError> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    let row = rows.first().ok_or(CommitError::Deleted)?;
    let micros: Option<i64> = row.try_get(1)?;
    Ok((Position::from_i64(row.try_get(0)?), micros.and_then(Timestamp::from_micros)))
}

fn notify(target: LogTarget, head: Position, appended_at: Timestamp) -> String {
    let LogTarget { model_id, origin } = target;
    let micros = appended_at.micros();
    format!("select pg_notify('{CHANNEL}', '{model_id}:{head}:{micros}:{origin}')")
}

/// Writes the accepted rows. Returns the chain after them.
async fn copy_rows(
    connection: &mut PgConnection,
    batch: &Batch,
    append: PlacedAppend,
    records: u64,
) -> Result<Chain, sqlx::Error> {
    let mut copy = connection.copy_in_raw(copy::STATEMENT).await?;
    let mut pieces = batch.encoded(append, PIECE_BYTES);
    for piece in pieces.by_ref() {
        copy.send(piece).await?;
    }
    let copied = copy.finish().await?;
    if copied == records {
        return Ok(pieces.chain_after());
    }
    Err(sqlx::Error::Protocol(format!("P3: {records} positions taken, {copied} records written")))
}

/// Runs the statement that ends with the commit.
async fn finish(connection: &mut PgConnection, statement: String) -> Result<(), CommitError> {
    let result = connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await;
    match result {
        Ok(_) => Ok(()),
        // An ERROR in answer to the commit means that it did not happen. A FATAL error, like any loss of the
        // connection, may come after it happened.
        Err(sqlx::Error::Database(refusal))
            if refusal
                .try_downcast_ref::<PgDatabaseError>()
                .is_some_and(|refusal| refusal.severity() == PgSeverity::Error) =>
        {
            Err(CommitError::from(sqlx::Error::Database(refusal)))
        }
        Err(error) => Err(CommitError::Unknown(error)),
    }
}

async fn look_up(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &Batch,
) -> Result<HashMap<String, ExistingEvent>, sqlx::Error> {
    let ids = batch.event_ids();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows =
        sqlx::query("select event_id, position, retry_hash from records where model_id = $1 and event_id = any($2)")
            .bind(target.model_id)
            .bind(&ids)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let existing = ExistingEvent { position: Position::from_i64(row.try_get(1)?), retry_hash: row.try_get(2)? };
            Ok((row.try_get(0)?, existing))
        })
        .collect()
}

/// Refuses requests with restores of versions that do not exist, which would stop every learner for good. Versions are
/// deleted under the same lock of the model's row, so a version found here still exists when the append commits.
async fn refuse_restores_of_missing_versions(
    connection: &mut PgConnection,
    target: LogTarget,
    batch: &mut Batch,
) -> Result<(), sqlx::Error> {
    let named = batch.restores();
    if named.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = named.iter().map(|(_, _, version)| i64::from(version.0)).collect();
    let found: HashSet<i64> =
        sqlx::query_scalar("select number::bigint from versions where model_id = $1 and number = any($2)")
            .bind(target.model_id)
            .bind(numbers)
            .fetch_all(connection)
            .await?
            .into_iter()
            .collect();
    for (request, index, version) in named {
        if !found.contains(&i64::from(version.0)) {
            let detail = format!("no version {version}");
            batch.entries[request].refused = Some(LogError::Refused { index, detail });
        }
    }
    Ok(())
}
