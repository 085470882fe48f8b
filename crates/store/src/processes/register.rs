//! Register of processes in Postgres.

use serde::{Deserialize, Serialize};
use shelfmark_domain::{ErrorKind, Position, Timestamp};
use sqlx::{PgPool, Row, postgres::PgRow, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

/// A statement on the register failed, or Postgres could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the database of the processes failed")]
pub struct ProcessError(#[from] pub sqlx::Error);

impl ProcessError {
    /// Returns the kind of the error.
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::DatabaseUnavailable
    }
}

/// Where a model stands in a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelStanding {
    /// Name of the model.
    pub model: String,
    /// Where its live view stands.
    pub position: Position,
    /// Records of the log that the live view does not hold.
    pub lag_records: u64,
    /// Age of the oldest of them in milliseconds; 0 without lag.
    pub lag_ms: u64,
}

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessReport {
    /// Its number, new at every start.
    pub id: Uuid,
    /// Address that it listens on.
    pub address: String,
    /// Version of the binary.
    pub version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Its models.
    pub models: Vec<ModelStanding>,
}

/// A process of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenProcess {
    /// What it said last.
    pub report: ProcessReport,
    /// How long ago that was, in milliseconds, by the clock of the database.
    pub seen_ms: u64,
}

/// The register of all processes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProcessRegister {
    pool: PgPool,
}

impl ProcessRegister {
    /// Opens the register.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Writes where a process stands, and deletes the rows of those that said nothing for a minute.
    pub async fn report(&self, report: &ProcessReport) -> Result<(), ProcessError> {
        sqlx::query(
            "insert into processes (id, address, version, started_at, models) values ($1, $2, $3, $4, $5) \
             on conflict (id) do update set seen_at = now(), models = excluded.models",
        )
        .bind(report.id)
        .bind(&report.address)
        .bind(&report.version)
        .bind(report.started_at.to_datetime())
        .bind(Json(&report.models))
        .execute(&self.pool)
        .await?;
        sqlx::query("delete from processes where seen_at < now() - interval '1 minute'").execute(&self.pool).await?;
        Ok(())
    }

    /// Deletes the row of a process that ends.
    pub async fn leave(&self, id: Uuid) -> Result<(), ProcessError> {
        sqlx::query("delete from processes where id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// Lists the processes that said something within the last 20 s, the oldest first.
    pub async fn list(&self) -> Result<Vec<SeenProcess>, ProcessError> {
        let rows = sqlx::query(
            "select id, address, version, started_at, models, \
                 (extract(epoch from now() - seen_at) * 1000)::bigint \
             from processes where seen_at > now() - interval '20 seconds' order by started_at, id limit 1000",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(seen).collect::<Result<_, _>>()?)
    }
}

fn seen(row: &PgRow) -> Result<SeenProcess, sqlx::Error> {
    let started_at: OffsetDateTime = row.try_get(3)?;
    let Json(models) = row.try_get(4)?;
    let seen_ms: i64 = row.try_get(5)?;
    let report = ProcessReport {
        id: row.try_get(0)?,
        address: row.try_get(1)?,
        version: row.try_get(2)?,
        started_at: Timestamp::from(started_at),
        models,
    };
    // A transaction's now() may be before the moment another one wrote.
    Ok(SeenProcess { report, seen_ms: u64::try_from(seen_ms).unwrap_or(0) })
}
