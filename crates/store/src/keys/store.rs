//! Key store in Postgres, with a cache in memory.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use shelfmark_domain::{ApiKey, FieldError, KeyHash, ModelName, Scope, Timestamp, text_within};

use super::{KeyError, Secret, secret::presented_hash};

/// Most keys: each presented key is compared with all of them.
const KEYS_MAX: usize = 1000;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 128;
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
        let rows = sqlx::query("select name, hash, scope, model, created_at, expires_at from api_keys order by name")
            .fetch_all(&self.pool)
            .await?;
        let keys = rows.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        self.snapshot.store(Arc::new(keys));
        Ok(())
    }

    /// Creates a key. The returned secret cannot be read again.
    ///
    /// Errors: [`KeyError::Field`], [`KeyError::NameTaken`], [`KeyError::TooMany`] beyond 1,000 keys.
    pub async fn create(
        &self,
        name: &str,
        scope: Scope,
        model: Option<&ModelName>,
        expires_at: Option<Timestamp>,
    ) -> Result<(Secret, ApiKey), KeyError> {
        text_within("name", name, NAME_BYTES_MAX)?;
        if expires_at.is_some_and(|expires_at| expires_at <= Timestamp::now()) {
            return Err(FieldError::new("expires_at", "invalid_value", "must be in the future").into());
        }
        let secret =
            Secret::new().map_err(|error| KeyError::Database(sqlx::Error::Io(std::io::Error::other(error))))?;
        // The bound only keeps authentication fast, so two concurrent creations may exceed it by one.
        let row = sqlx::query(
            "insert into api_keys (name, hash, scope, model, expires_at) select $1, $2, $3, $4, $6 \
             where (select count(*) from api_keys) < $5 returning name, hash, scope, model, created_at, expires_at",
        )
        .bind(name)
        .bind(secret.hash().0.as_slice())
        .bind(scope.name())
        .bind(model.map(ModelName::as_str))
        .bind(i64::try_from(KEYS_MAX).unwrap_or(i64::MAX))
        .bind(expires_at.map(Timestamp::to_datetime))
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| match error.as_database_error().and_then(|e| e.constraint()) {
            Some("api_keys_pkey") => KeyError::NameTaken(name.to_owned()),
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

    /// Whether there are no keys. The service then listens on loopback only.
    pub fn is_empty(&self) -> bool {
        self.snapshot.load().is_empty()
    }

    /// Returns the key whose secret was presented, if any; it may have expired. The time that this takes reveals neither which key matches
    /// nor how many bytes do.
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
    Ok(ApiKey {
        name: row.try_get(0)?,
        hash: KeyHash(hash.try_into().map_err(|_| unreadable("the hash of a key does not have 32 bytes"))?),
        scope: Scope::from_name(scope).ok_or_else(|| unreadable("the scope of a key is unknown"))?,
        model: row.try_get(3)?,
        created_at: Timestamp::from(created_at),
        expires_at: expires_at.map(Timestamp::from),
    })
}
