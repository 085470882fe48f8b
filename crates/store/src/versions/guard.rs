//! Guard of a model: its settings, its reference, its last action, and the lock of the process that runs it.

use sqlx::{Row, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{Guard, GuardActed, GuardSettings, Timestamp, VersionNumber};

use super::{
    SessionLock, VersionError, VersionStore,
    manifest::{number, sql_number},
};

/// First half of the advisory lock's key: "SmGd". The second is the model.
const GUARD_LOCK: i32 = 0x536d_4764;

impl VersionStore {
    /// Returns the guard, if the model has one.
    pub async fn guard(&self) -> Result<Option<Guard>, VersionError> {
        let row =
            sqlx::query("select settings, armed, reference, actor, armed_at, acted from guards where model_id = $1")
                .bind(self.model_id())
                .fetch_optional(self.pool())
                .await?;
        row.as_ref().map(guard).transpose()
    }

    /// Sets and arms the guard, replacing an earlier one.
    ///
    /// Errors: [`VersionError::NotFound`] when its reference version does not exist.
    pub async fn set_guard(&self, settings: &GuardSettings, actor: &str) -> Result<Guard, VersionError> {
        let text = serde_json::to_string(settings).expect("settings have a JSON form");
        let row = sqlx::query(
            "insert into guards (model_id, settings, armed, reference, actor, armed_at) values ($1, $2, true, $3, $4, $5) \
             on conflict (model_id) do update set settings = excluded.settings, armed = true, \
             reference = excluded.reference, actor = excluded.actor, armed_at = excluded.armed_at, acted = null \
             returning settings, armed, reference, actor, armed_at, acted",
        )
        .bind(self.model_id())
        .bind(text)
        .bind(settings.reference.map(sql_number))
        .bind(actor)
        .bind(Timestamp::now().to_datetime())
        .fetch_one(self.pool())
        .await
        .map_err(|error| by_reference(error, settings.reference))?;
        guard(&row)
    }

    /// Arms the guard again: its test restarts with the reference of its settings. `None` when there is no guard.
    pub async fn rearm_guard(&self, actor: &str) -> Result<Option<Guard>, VersionError> {
        match self.guard().await? {
            Some(guard) => self.set_guard(&guard.settings, actor).await.map(Some),
            None => Ok(None),
        }
    }

    /// Removes the guard. Returns whether there was one.
    pub async fn clear_guard(&self) -> Result<bool, VersionError> {
        let deleted =
            sqlx::query("delete from guards where model_id = $1").bind(self.model_id()).execute(self.pool()).await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Sets the reference version of the guard armed at `armed_at`. Returns `false` when that guard was replaced,
    /// removed or disarmed.
    pub async fn set_guard_reference(
        &self,
        armed_at: Timestamp,
        reference: VersionNumber,
    ) -> Result<bool, VersionError> {
        let updated = sqlx::query("update guards set reference = $3 where model_id = $1 and armed_at = $2 and armed")
            .bind(self.model_id())
            .bind(armed_at.to_datetime())
            .bind(sql_number(reference))
            .execute(self.pool())
            .await
            .map_err(|error| by_reference(error, Some(reference)))?;
        Ok(updated.rows_affected() > 0)
    }

    /// Records the action of the guard armed at `armed_at`, and disarms it.
    pub async fn guard_acted(&self, armed_at: Timestamp, acted: &GuardActed) -> Result<(), VersionError> {
        let text = serde_json::to_string(acted).expect("what a guard did has a JSON form");
        sqlx::query("update guards set armed = false, acted = $3 where model_id = $1 and armed_at = $2")
            .bind(self.model_id())
            .bind(armed_at.to_datetime())
            .bind(text)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Tries to take the lock for running this model's guard. `None` when another process holds it.
    pub async fn try_lock_guard(&self) -> Result<Option<SessionLock>, VersionError> {
        self.try_lock(GUARD_LOCK).await
    }
}

fn by_reference(error: sqlx::Error, reference: Option<VersionNumber>) -> VersionError {
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    match (constraint, reference) {
        (Some("guards_reference_fkey"), Some(reference)) => VersionError::NotFound(reference.to_string()),
        _ => error.into(),
    }
}

fn guard(row: &PgRow) -> Result<Guard, VersionError> {
    let unreadable = |error: serde_json::Error| VersionError::from(sqlx::Error::Decode(error.into()));
    let settings: &str = row.try_get(0)?;
    let armed_at: OffsetDateTime = row.try_get(4)?;
    let acted: Option<&str> = row.try_get(5)?;
    Ok(Guard {
        settings: serde_json::from_str(settings).map_err(unreadable)?,
        armed: row.try_get(1)?,
        reference: row.try_get::<Option<i32>, _>(2)?.map(number),
        actor: row.try_get(3)?,
        armed_at: Timestamp::from(armed_at),
        acted: acted.map(serde_json::from_str).transpose().map_err(unreadable)?,
    })
}
