//! Deployments: the append-only history of what readers are served.

use sqlx::{PgConnection, Row, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{
    ArmText, Deployment, DeploymentMode, Position, Served, Serving, Split, Timestamp, VersionNumber,
};

use super::{
    NewDeployment, VersionError, VersionStore,
    manifest::{number, sql_number},
    serving::{served, served_number, store_arms, versions_of},
};

/// Channel of notifications of deployments. The payload is the model's number in the tables.
pub(super) const CHANNEL: &str = "shelfmark_serving";
/// Most entries of a page.
const LIST_LIMIT_MAX: usize = 1000;

impl VersionStore {
    /// Records a deployment in one transaction: assigns the next number, updates what is served and notifies the other
    /// processes. `from` in the result is what was served before. A pin, an unpin, a restore and a replay end a split.
    ///
    /// Errors: [`VersionError::NotFound`] when the version to serve does not exist.
    pub async fn deploy(&self, deployment: NewDeployment) -> Result<Deployment, VersionError> {
        let mut transaction = self.pool().begin().await?;
        let recorded = self.deploy_within(&mut transaction, deployment).await?;
        transaction.commit().await?;
        Ok(recorded)
    }

    /// Records a deployment as [`VersionStore::deploy`] does, within the caller's transaction. Other processes are
    /// notified when that commits.
    pub async fn deploy_within(
        &self,
        connection: &mut PgConnection,
        deployment: NewDeployment,
    ) -> Result<Deployment, VersionError> {
        let serving = match deployment.mode {
            DeploymentMode::Freeze | DeploymentMode::Resume => None,
            DeploymentMode::Pin
            | DeploymentMode::Unpin
            | DeploymentMode::Restore
            | DeploymentMode::Replay
            | DeploymentMode::Split => Some(Serving::One(deployment.to)),
        };
        self.record(connection, deployment, serving).await
    }

    /// Records a split of the readers, as [`VersionStore::deploy`] does for other deployments.
    pub async fn deploy_split(
        &self,
        split: Split,
        actor: String,
        reason: Option<String>,
    ) -> Result<Deployment, VersionError> {
        let arms: Vec<ArmText> = split.arms().iter().copied().map(ArmText::from).collect();
        let serving = Serving::from(split);
        let deployment = NewDeployment {
            mode: DeploymentMode::Split,
            to: serving.main(),
            version: None,
            position: None,
            actor,
            reason,
            details: Some(serde_json::json!({ "split": arms })),
        };
        let mut transaction = self.pool().begin().await?;
        let recorded = self.record(&mut transaction, deployment, Some(serving)).await?;
        transaction.commit().await?;
        Ok(recorded)
    }

    async fn record(
        &self,
        connection: &mut PgConnection,
        deployment: NewDeployment,
        serving: Option<Serving>,
    ) -> Result<Deployment, VersionError> {
        let from = lock_served(&mut *connection, self.model_id()).await?;
        for version in serving.iter().flat_map(versions_of) {
            self.require_version(&mut *connection, version).await?;
        }
        let to = serving.as_ref().map_or(from, Serving::main);
        let row = sqlx::query(
            "insert into deployments (model_id, number, mode, from_version, to_version, version, position, actor, reason, \
             at, details) select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10 from deployments \
             where model_id = $1 \
             returning number, mode, from_version, to_version, version, position, actor, reason, at, details",
        )
        .bind(self.model_id())
        .bind(mode_name(deployment.mode))
        .bind(served_number(from))
        .bind(served_number(to))
        .bind(deployment.version.map(sql_number))
        .bind(deployment.position.map(Position::as_i64))
        .bind(deployment.actor)
        .bind(deployment.reason)
        .bind(Timestamp::now().to_datetime())
        .bind(deployment.details.map(|details| details.to_string()))
        .fetch_one(&mut *connection)
        .await?;
        let recorded = entry(&row)?;
        if let Some(serving) = &serving {
            store_arms(&mut *connection, self.model_id(), serving).await?;
            sqlx::query("update models set served_version = $2 where id = $1")
                .bind(self.model_id())
                .bind(served_number(to))
                .execute(&mut *connection)
                .await?;
        }
        sqlx::query("select pg_notify($1, $2::text)")
            .bind(CHANNEL)
            .bind(self.model_id().to_string())
            .execute(connection)
            .await?;
        Ok(recorded)
    }

    async fn require_version(&self, connection: &mut PgConnection, version: VersionNumber) -> Result<(), VersionError> {
        sqlx::query("select from versions where model_id = $1 and number = $2 and not hidden")
            .bind(self.model_id())
            .bind(sql_number(version))
            .fetch_optional(connection)
            .await?
            .map(|_| ())
            .ok_or_else(|| VersionError::NotFound(version.to_string()))
    }

    /// Lists deployments, newest first, at most 1,000. `before` continues from an earlier page.
    pub async fn deployments(&self, before: Option<u64>, limit: usize) -> Result<Vec<Deployment>, VersionError> {
        let limit = limit.clamp(1, LIST_LIMIT_MAX);
        let before = before.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX));
        let rows = sqlx::query(
            "select number, mode, from_version, to_version, version, position, actor, reason, at, details from deployments \
             where model_id = $1 and number < $2 order by number desc limit $3",
        )
        .bind(self.model_id())
        .bind(before)
        .bind(i64::try_from(limit).unwrap_or(1))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(entry).collect()
    }

    /// Returns what is served now. Of a split, that is the arm with the largest share.
    pub async fn served(&self) -> Result<Served, VersionError> {
        let version: Option<i32> = sqlx::query_scalar("select served_version from models where id = $1")
            .bind(self.model_id())
            .fetch_one(self.pool())
            .await?;
        Ok(served(version))
    }
}

/// Locks the model's row, so that deployments, deletions and appends take turns, and returns what is served.
async fn lock_served(connection: &mut PgConnection, model_id: i32) -> Result<Served, VersionError> {
    let version: Option<i32> = sqlx::query_scalar("select served_version from models where id = $1 for no key update")
        .bind(model_id)
        .fetch_one(connection)
        .await?;
    Ok(served(version))
}

fn mode_name(mode: DeploymentMode) -> &'static str {
    match mode {
        DeploymentMode::Pin => "pin",
        DeploymentMode::Unpin => "unpin",
        DeploymentMode::Restore => "restore",
        DeploymentMode::Replay => "replay",
        DeploymentMode::Split => "split",
        DeploymentMode::Freeze => "freeze",
        DeploymentMode::Resume => "resume",
    }
}

fn entry(row: &PgRow) -> Result<Deployment, VersionError> {
    let mode: &str = row.try_get(1)?;
    let mode = match mode {
        "pin" => DeploymentMode::Pin,
        "unpin" => DeploymentMode::Unpin,
        "restore" => DeploymentMode::Restore,
        "replay" => DeploymentMode::Replay,
        "split" => DeploymentMode::Split,
        "freeze" => DeploymentMode::Freeze,
        "resume" => DeploymentMode::Resume,
        other => {
            let unknown = format!("deployment mode {other:?} is unknown to this release");
            return Err(sqlx::Error::Decode(unknown.into()).into());
        }
    };
    let entry: i64 = row.try_get(0)?;
    let at: OffsetDateTime = row.try_get(8)?;
    let details: Option<&str> = row.try_get(9)?;
    let details = details.map(serde_json::from_str).transpose();
    Ok(Deployment {
        number: u64::try_from(entry).unwrap_or(0),
        mode,
        from: served(row.try_get(2)?),
        to: served(row.try_get(3)?),
        version: row.try_get::<Option<i32>, _>(4)?.map(number),
        position: row.try_get::<Option<i64>, _>(5)?.map(Position::from_i64),
        actor: row.try_get(6)?,
        reason: row.try_get(7)?,
        at: Timestamp::from(at),
        details: details.map_err(|error| sqlx::Error::Decode(error.into()))?,
    })
}
