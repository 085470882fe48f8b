//! Store of the operations of one model, in Postgres.

use std::time::Duration;

use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{Id, Timestamp};

use super::{Operation, OperationError, OperationId, OperationState};

/// A running operation without a heartbeat for this long belongs to a process that died.
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(15);
/// Error text of such an operation.
const INTERRUPTED: &str = "interrupted: the process that ran it is gone";
/// Ended operations that are kept for each model.
const ENDED_KEPT: i64 = 1000;
/// Most operations of a page.
const LIST_LIMIT_MAX: usize = 1000;
/// Second half of the advisory lock's key: "SmOp"; the first is the model.
const START_LOCK: i32 = 0x536d_4f70;

/// The operations of one model. Cheap to clone.
#[derive(Clone)]
pub struct OperationStore {
    pool: PgPool,
    model_id: i32,
    read_only: bool,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationOutcome {
    /// It succeeded with this result.
    Done(serde_json::Value),
    /// It failed for this reason.
    Failed(String),
    /// It was cancelled on request.
    Cancelled,
}

impl OperationOutcome {
    /// Returns the state that the operation ends in.
    pub const fn state(&self) -> OperationState {
        match self {
            Self::Done(_) => OperationState::Done,
            Self::Failed(_) => OperationState::Failed,
            Self::Cancelled => OperationState::Cancelled,
        }
    }
}

impl OperationStore {
    /// Opens the operations of a model by its number in the tables. With `read_only` nothing is written: interrupted
    /// operations are reported as failed, and another process marks them.
    pub fn new(pool: PgPool, model_id: i32, read_only: bool) -> Self {
        Self { pool, model_id, read_only }
    }

    /// Inserts a running operation. When an operation of one of the kinds `alone` runs already, inserts nothing and
    /// returns that one as the inner error.
    pub async fn start(
        &self,
        id: OperationId,
        kind: &str,
        actor: &str,
        alone: &[&str],
    ) -> Result<Result<(), Operation>, OperationError> {
        self.fail_interrupted().await?;
        let mut transaction = self.pool.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1, $2)")
            .bind(self.model_id)
            .bind(START_LOCK)
            .execute(&mut *transaction)
            .await?;
        let running = sqlx::query(
            "select id, kind, state, progress, eta_s, result, error, actor, created_at, updated_at, finished_at \
             from operations where model_id = $1 and state = 'running' and kind = any($2) order by id limit 1",
        )
        .bind(self.model_id)
        .bind(alone)
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(running) = running {
            return Ok(Err(operation(&running)?));
        }
        let now = Timestamp::now().to_datetime();
        sqlx::query(
            "insert into operations (id, model_id, kind, actor, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)",
        )
        .bind(id.to_string())
        .bind(self.model_id)
        .bind(kind)
        .bind(actor)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "delete from operations where model_id = $1 and state <> 'running' and id <= (select id from operations \
             where model_id = $1 and state <> 'running' order by id desc offset $2 limit 1)",
        )
        .bind(self.model_id)
        .bind(ENDED_KEPT)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// Returns the oldest running operation of these kinds.
    pub async fn running(&self, kinds: &[&str]) -> Result<Option<Operation>, OperationError> {
        let row = sqlx::query(
            "select id, kind, state, progress, eta_s, result, error, actor, created_at, updated_at, finished_at \
             from operations where model_id = $1 and state = 'running' and kind = any($2) and updated_at >= $3 \
             order by id limit 1",
        )
        .bind(self.model_id)
        .bind(kinds)
        .bind(Timestamp::now().to_datetime() - HEARTBEAT_TIMEOUT)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(operation).transpose()
    }

    /// Records a heartbeat with the progress, 0 to 1, and the remaining time in seconds. Returns whether the caller
    /// must stop: cancellation was requested, or the operation has ended.
    pub async fn heartbeat(&self, id: OperationId, progress: f64, eta_s: Option<f64>) -> Result<bool, OperationError> {
        let asked: Option<bool> = sqlx::query_scalar(
            "update operations set progress = $3, eta_s = $4, updated_at = $5 \
             where model_id = $1 and id = $2 and state = 'running' returning cancel_asked",
        )
        .bind(self.model_id)
        .bind(id.to_string())
        .bind(progress)
        .bind(eta_s)
        .bind(Timestamp::now().to_datetime())
        .fetch_optional(&self.pool)
        .await?;
        Ok(asked.unwrap_or(true))
    }

    /// Records how an operation ended, unless an end is recorded already.
    pub async fn end(&self, id: OperationId, ending: &OperationOutcome) -> Result<(), OperationError> {
        let (state, result, error) = match ending {
            OperationOutcome::Done(result) => (OperationState::Done, Some(result.to_string()), None),
            OperationOutcome::Failed(error) => (OperationState::Failed, None, Some(error.as_str())),
            OperationOutcome::Cancelled => (OperationState::Cancelled, None, None),
        };
        sqlx::query(
            "update operations set state = $3, result = $4, error = $5, updated_at = $6, finished_at = $6, eta_s = null, \
             progress = case when $3 = 'done' then 1 else progress end \
             where model_id = $1 and id = $2 and state = 'running'",
        )
        .bind(self.model_id)
        .bind(id.to_string())
        .bind(state.name())
        .bind(result)
        .bind(error)
        .bind(Timestamp::now().to_datetime())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Requests cancellation. The process that runs the operation sees the request at its next heartbeat.
    pub async fn request_cancel(&self, id: OperationId) -> Result<(), OperationError> {
        sqlx::query("update operations set cancel_asked = true where model_id = $1 and id = $2 and state = 'running'")
            .bind(self.model_id)
            .bind(id.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns one operation. Error: [`OperationError::NotFound`].
    pub async fn get(&self, id: OperationId) -> Result<Operation, OperationError> {
        self.fail_interrupted().await?;
        let row = sqlx::query(
            "select id, kind, state, progress, eta_s, result, error, actor, created_at, updated_at, finished_at \
             from operations where model_id = $1 and id = $2",
        )
        .bind(self.model_id)
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        operation(&row.ok_or_else(|| OperationError::NotFound(id.to_string()))?)
    }

    /// Lists operations, newest first, at most 1,000. `before` continues from an earlier page.
    pub async fn list(&self, before: Option<OperationId>, limit: usize) -> Result<Vec<Operation>, OperationError> {
        self.fail_interrupted().await?;
        let rows = sqlx::query(
            "select id, kind, state, progress, eta_s, result, error, actor, created_at, updated_at, finished_at \
             from operations where model_id = $1 and ($2::text is null or id < $2) order by id desc limit $3",
        )
        .bind(self.model_id)
        .bind(before.map(|id| id.to_string()))
        .bind(i64::try_from(limit.clamp(1, LIST_LIMIT_MAX)).unwrap_or(1))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(operation).collect()
    }

    /// Returns when the oldest running operation began. It may need versions stored since.
    pub async fn oldest_running(&self) -> Result<Option<Timestamp>, OperationError> {
        self.fail_interrupted().await?;
        let began: Option<OffsetDateTime> =
            sqlx::query_scalar("select min(created_at) from operations where model_id = $1 and state = 'running'")
                .bind(self.model_id)
                .fetch_one(&self.pool)
                .await?;
        Ok(began.map(Timestamp::from))
    }

    /// Marks running operations whose heartbeat timed out as failed.
    pub async fn fail_interrupted(&self) -> Result<(), OperationError> {
        if self.read_only {
            return Ok(());
        }
        let now = Timestamp::now().to_datetime();
        sqlx::query(
            "update operations set state = 'failed', eta_s = null, finished_at = $2, error = $4 \
             where model_id = $1 and state = 'running' and updated_at < $3",
        )
        .bind(self.model_id)
        .bind(now)
        .bind(now - HEARTBEAT_TIMEOUT)
        .bind(INTERRUPTED)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Replaces a user's id by another name in the results and errors of some models' operations, wherever the id stands as
/// a whole JSON string. Returns how many operations held it.
pub async fn erase_user(
    connection: &mut PgConnection,
    model_ids: &[i32],
    user: &Id,
    name: &Id,
) -> Result<u64, OperationError> {
    let json = |id: &Id| serde_json::to_string(id.as_str()).expect("text has a JSON form");
    let erased = sqlx::query(
        "update operations set result = replace(result, $2, $3), error = replace(error, $2, $3) \
         where model_id = any($1) and (position($2 in result) > 0 or position($2 in error) > 0)",
    )
    .bind(model_ids)
    .bind(json(user))
    .bind(json(name))
    .execute(connection)
    .await?;
    Ok(erased.rows_affected())
}

fn operation(row: &PgRow) -> Result<Operation, OperationError> {
    let unreadable =
        |what: &str| sqlx::Error::Decode(format!("{what} of an operation cannot be read by this release").into());
    let (id, state): (&str, &str) = (row.try_get(0)?, row.try_get(2)?);
    let result: Option<&str> = row.try_get(5)?;
    let (created_at, updated_at): (OffsetDateTime, OffsetDateTime) = (row.try_get(8)?, row.try_get(9)?);
    let finished_at: Option<OffsetDateTime> = row.try_get(10)?;
    let mut operation = Operation {
        id: OperationId::parse(id).ok_or_else(|| unreadable("the id"))?,
        kind: row.try_get(1)?,
        state: OperationState::from_name(state).ok_or_else(|| unreadable("the state"))?,
        progress: row.try_get(3)?,
        eta_s: row.try_get(4)?,
        result: result.map(serde_json::from_str).transpose().map_err(|_| unreadable("the result"))?,
        error: row.try_get(6)?,
        actor: row.try_get(7)?,
        created_at: Timestamp::from(created_at),
        updated_at: Timestamp::from(updated_at),
        finished_at: finished_at.map(Timestamp::from),
    };
    let buried_at = updated_at + HEARTBEAT_TIMEOUT;
    if operation.state == OperationState::Running && Timestamp::now().to_datetime() > buried_at {
        operation.state = OperationState::Failed;
        operation.error = Some(INTERRUPTED.to_owned());
        operation.eta_s = None;
        operation.finished_at = Some(Timestamp::from(buried_at));
    }
    Ok(operation)
}
