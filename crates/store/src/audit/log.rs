//! Audit log in Postgres.

use std::collections::BTreeMap;

use serde::Serialize;
use shelfmark_domain::{ErrorKind, ModelName, Timestamp};
use sqlx::{PgPool, Row, postgres::PgRow, types::Json};
use time::OffsetDateTime;

/// Entries that are kept.
const ENTRIES_KEPT: i64 = 100_000;
/// Older entries are deleted once in so many.
const PURGE_EVERY: i64 = 1_000;
/// Most entries of a page.
const PAGE_ENTRIES_MAX: usize = 1_000;

/// A statement of the audit log failed, or Postgres could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the database of the audit log failed")]
pub struct AuditError(#[from] pub sqlx::Error);

impl AuditError {
    /// Returns the kind of the error.
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::DatabaseUnavailable
    }
}

/// What is about to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Name of the key, `anonymous` without keys, or the user of the command line.
    pub actor: String,
    /// Method and route, or the command.
    pub action: String,
    /// The model that it concerns.
    pub model: Option<String>,
    /// Parameters of the path, without ids of users and events.
    pub target: BTreeMap<String, String>,
    /// Id of the request.
    pub request_id: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Number of the entry; it grows with time.
    pub id: u64,
    /// When the action began.
    pub at: Timestamp,
    /// Name of the key, `anonymous` without keys, or the user of the command line.
    pub actor: String,
    /// Method and route, or the command.
    pub action: String,
    /// The model that it concerns; null for the whole service.
    pub model: Option<String>,
    /// Parameters of the path, without ids of users and events.
    pub target: BTreeMap<String, String>,
    /// Id of the request, as in the log of the process; null for commands.
    pub request_id: Option<String>,
    /// HTTP status of the reply, 200 for a command that succeeded; null while it runs, or when the process died.
    pub status: Option<u16>,
}

/// The audit log of all models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog {
    pool: PgPool,
}

impl AuditLog {
    /// Opens the log.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Writes an entry for what is about to begin, and returns its number.
    pub async fn begin(&self, entry: &NewAuditEntry) -> Result<u64, AuditError> {
        let id: i64 = sqlx::query_scalar(
            "insert into audit_log (at, actor, action, model, target, request_id) \
             values ($1, $2, $3, $4, $5, $6) returning id",
        )
        .bind(Timestamp::now().to_datetime())
        .bind(&entry.actor)
        .bind(&entry.action)
        .bind(&entry.model)
        .bind(Json(&entry.target))
        .bind(&entry.request_id)
        .fetch_one(&self.pool)
        .await?;
        if id % PURGE_EVERY == 0 {
            sqlx::query("delete from audit_log where id <= $1").bind(id - ENTRIES_KEPT).execute(&self.pool).await?;
        }
        Ok(id.unsigned_abs())
    }

    /// Completes an entry with the status of the reply.
    pub async fn end(&self, id: u64, status: u16) -> Result<(), AuditError> {
        sqlx::query("update audit_log set status = $2 where id = $1")
            .bind(i64::try_from(id).unwrap_or(i64::MAX))
            .bind(i16::try_from(status).unwrap_or(i16::MAX))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Lists entries, newest first: of one model or of all, and older than `before`.
    pub async fn list(
        &self,
        model: Option<&ModelName>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, AuditError> {
        let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit.min(PAGE_ENTRIES_MAX)).unwrap_or(i64::MAX);
        let sql = match model {
            Some(_) => {
                "select id, at, actor, action, model, target, request_id, status from audit_log \
                 where model = $3 and id < $1 order by id desc limit $2"
            }
            None => {
                "select id, at, actor, action, model, target, request_id, status from audit_log \
                 where id < $1 order by id desc limit $2"
            }
        };
        let query = sqlx::query(sql).bind(before).bind(limit);
        let query = match model {
            Some(model) => query.bind(model.as_str()),
            None => query,
        };
        Ok(query.fetch_all(&self.pool).await?.iter().map(entry).collect::<Result<_, _>>()?)
    }
}

fn entry(row: &PgRow) -> Result<AuditEntry, sqlx::Error> {
    let (id, at): (i64, OffsetDateTime) = (row.try_get(0)?, row.try_get(1)?);
    let Json(target) = row.try_get(5)?;
    let status: Option<i16> = row.try_get(7)?;
    Ok(AuditEntry {
        id: id.unsigned_abs(),
        at: Timestamp::from(at),
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        model: row.try_get(4)?,
        target,
        request_id: row.try_get(6)?,
        status: status.map(i16::unsigned_abs),
    })
}
