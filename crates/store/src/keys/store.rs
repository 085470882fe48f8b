//! Key store in Postgres, with a cache in memory.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use shelfmark_domain::{ApiKey, KeyHash, ModelName, Origin, Scope, Timestamp};

use super::{KeyError, NewKey, Secret, secret::presented_hash};

/// Most keys: each presented key is compared with all of them.
const KEYS_MAX: usize = 1000;
/// Interval between refreshes of the cache.
const REFRESH_INTERVAL: Duration = Duration::from_secs(2);

/// API keys in Postgres, cached in memory. Cheap to clone.
#[derive(Clone)]
pub struct KeyStore {
    pool: PgPool,
    snapshot: Arc<ArcSwap<Vec<ApiKey>>>,
    /// Held from reading the table to publishing the result, so that an older result never replaces a newer one.
    refreshing: Arc<Mutex<()>>,
}

impl KeyStore {
    /// Reads the keys and starts the task that refreshes the cache, on `tracker`, until `shutdown`.
    pub async fn open(pool: PgPool, shutdown: CancellationToken, tracker: &TaskTracker) -> Result<Self, KeyError> {
        let store = Self { pool, snapshot: Arc::default(), refreshing: Arc::default() };
        store.refresh().await?;
        let renewing = store.clone();
        tracker.spawn(async move {
            tokio::select! {
                () = renewing.renew() => {}
                () = shutdown.cancelled() => {}
            }
        });
        Ok(store)
    }

    async fn renew(&self) {
        let mut timer = tokio::time::interval(REFRESH_INTERVAL);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            if let Err(error) = self.refresh().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "keys.refresh_failed");
            }
        }
    }

    /// Refreshes the cache now.
    pub async fn refresh(&self) -> Result<(), KeyError> {
        let _turn = self.refreshing.lock().await;
        let rows = sqlx::query(
            "select name, hash, scope, model, created_at, expires_at, origins, requests_per_second \
             from api_keys order by name",
        )
        .fetch_all(&self.pool)
        .await?;
        let keys = rows.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        self.snapshot.store(Arc::new(keys));
        Ok(())
    }

    /// Creates a key. The returned secret cannot be read again.
    ///
    /// Errors: [`KeyError::Field`], [`KeyError::NameTaken`], [`KeyError::TooMany`] beyond 1,000 keys.
    pub async fn create(&self, new: &NewKey) -> Result<(Secret, ApiKey), KeyError> {
        let requests_per_second = new.check()?;
        let origins: Vec<&str> = new.origins.iter().map(Origin::as_str).collect();
        let secret =
            Secret::new().map_err(|error| KeyError::Database(sqlx::Error::Io(std::io::Error::other(error))))?;
        // The bound only keeps authentication fast, so two concurrent creations may exceed it by one.
        let row = sqlx::query(
            "insert into api_keys (name, hash, scope, model, expires_at, origins, requests_per_second) \
             select $1, $2, $3, $4, $6, $7, $8 where (select count(*) from api_keys) < $5 \
             returning name, hash, scope, model, created_at, expires_at, origins, requests_per_second",
        )
        .bind(&new.name)
        .bind(secret.hash().0.as_slice())
        .bind(new.scope.name())
        .bind(new.model.as_ref().map(ModelName::as_str))
        .bind(i64::try_from(KEYS_MAX).unwrap_or(i64::MAX))
        .bind(new.expires_at.map(Timestamp::to_datetime))
        .bind((!origins.is_empty()).then_some(origins))
        .bind(requests_per_second.map(|rate| i32::try_from(rate).unwrap_or(i32::MAX)))
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| match error.as_database_error().and_then(|e| e.constraint()) {
            Some("api_keys_pkey") => KeyError::NameTaken(new.name.clone()),
            _ => KeyError::Database(error),
        })?
        .ok_or(KeyError::TooMany(KEYS_MAX))?;
        let created = key(&row)?;
        self.refresh().await?;
        Ok((secret, created))
    }

    /// Lists all keys, ordered by name.
    pub async fn list(&self) -> Result<Vec<ApiKey>, KeyError> {
        self.refresh().await?;
        Ok(self.snapshot.load().to_vec())
    }

    /// Revokes a key. Error: [`KeyError::NotFound`].
    pub async fn revoke(&self, name: &str) -> Result<(), KeyError> {
        let deleted = sqlx::query("delete from api_keys where name = $1").bind(name).execute(&self.pool).await?;
        self.refresh().await?;
        if deleted.rows_affected() == 0 {
            return Err(KeyError::NotFound(name.to_owned()));
        }
        Ok(())
    }

    /// Revokes a key, unless it is the last one. A newer key of the same name stays.
    ///
    /// Errors: [`KeyError::NotFound`], [`KeyError::Last`].
    pub async fn revoke_unless_last(&self, key: &ApiKey) -> Result<(), KeyError> {
        let mut transaction = self.pool.begin().await?;
        // Two that revoke the last two keys would each see the other's.
        sqlx::query("lock table api_keys in share row exclusive mode").execute(&mut *transaction).await?;
        let others: bool = sqlx::query_scalar("select exists (select from api_keys where name <> $1)")
            .bind(&key.name)
            .fetch_one(&mut *transaction)
            .await?;
        let deleted = sqlx::query("delete from api_keys where name = $1 and hash = $2")
            .bind(&key.name)
            .bind(key.hash.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(KeyError::NotFound(key.name.clone()));
        }
        if !others {
            return Err(KeyError::Last(key.name.clone()));
        }
        transaction.commit().await?;
        self.refresh().await
    }

    /// Whether there are no keys. The service then listens on loopback only.
    pub fn is_empty(&self) -> bool {
        self.snapshot.load().is_empty()
    }

    /// Whether a page of this origin may use some key that has the scope for the model. It asks before it sends the
    /// key.
    pub fn allows_origin(&self, origin: &str, scope: Scope, model: &str) -> bool {
        let now = Timestamp::now();
        let may = |key: &ApiKey| {
            key.scope == scope
                && key.model.as_deref() == Some(model)
                && key.origins.iter().any(|allowed| allowed.as_str() == origin)
                && !key.is_expired(now)
        };
        self.snapshot.load().iter().any(may)
    }

    /// Returns the key whose secret was presented, if any; it may have expired. The time that this takes reveals
    /// neither which key matches nor how many bytes do.
    pub fn authenticate(&self, presented: &str) -> Option<ApiKey> {
        let presented = presented_hash(presented)?;
        let keys = self.snapshot.load();
        let mut found = u32::MAX;
        for (index, key) in (0_u32..).zip(keys.iter()) {
            let same: Choice = key.hash.0.ct_eq(&presented.0);
            found = u32::conditional_select(&found, &index, same);
        }
        usize::try_from(found).ok().and_then(|index| keys.get(index)).cloned()
    }
}

/// Revokes the keys that are limited to this model, within the caller's transaction. They must not give access to a
/// later model of the same name.
pub async fn revoke_model_keys(connection: &mut PgConnection, model: &ModelName) -> Result<(), sqlx::Error> {
    sqlx::query("delete from api_keys where model = $1").bind(model.as_str()).execute(connection).await?;
    Ok(())
}

fn key(row: &PgRow) -> Result<ApiKey, KeyError> {
    let unreadable = |what: &str| KeyError::Database(sqlx::Error::Decode(what.into()));
    let hash: &[u8] = row.try_get(1)?;
    let scope: &str = row.try_get(2)?;
    let created_at: OffsetDateTime = row.try_get(4)?;
    let expires_at: Option<OffsetDateTime> = row.try_get(5)?;
    let origins: Option<Vec<String>> = row.try_get(6)?;
    let origins =
        origins.unwrap_or_default().iter().map(|origin| Origin::new("origin", origin)).collect::<Result<_, _>>();
    let requests_per_second: Option<i32> = row.try_get(7)?;
    Ok(ApiKey {
        name: row.try_get(0)?,
        hash: KeyHash(hash.try_into().map_err(|_| unreadable("the hash of a key does not have 32 bytes"))?),
        scope: Scope::from_name(scope).ok_or_else(|| unreadable("the scope of a key is unknown"))?,
        model: row.try_get(3)?,
        created_at: Timestamp::from(created_at),
        expires_at: expires_at.map(Timestamp::from),
        origins: origins.map_err(|_| unreadable("an origin of a key is none"))?,
        requests_per_second: requests_per_second.and_then(|rate| u32::try_from(rate).ok()),
    })
}
