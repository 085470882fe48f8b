//! Lease: at most one backup or removal at a time in one place.
//!
//! Leases are objects `leases/<number>`, and the highest number counts. Who wants the lease creates the next number,
//! which one process alone can do. Its owner writes it again from time to time. Who finds the newest lease silent for
//! longer than it says takes the next number. Times are those of the store's clock, so clocks of machines do not
//! matter.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{BackupError, Store, listed::since};

const FOLDER: &str = "leases";
/// Most bytes of a lease.
const BYTES_MAX: usize = 4096;

/// The lease of this process.
pub(crate) struct Lease {
    store: Store,
    number: u64,
    content: Content,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Content {
    /// Who has it, for people.
    owner: String,
    /// Tells owners apart.
    id: Uuid,
    /// Seconds of silence after which it ends.
    seconds: f64,
    /// Whether its owner is done.
    released: bool,
}

impl Lease {
    /// Probes the store and takes the lease for `length`. Error: another process has it.
    pub async fn take(store: &Store, owner: &str, length: Duration) -> Result<Self, BackupError> {
        let now = store.probe().await?;
        let all = numbers(store).await?;
        let mut number = 1;
        if let Some((newest, written)) = all.iter().max_by_key(|(number, _)| *number) {
            number = newest + 1;
            let held = read(store, *newest).await?;
            let left = held.as_ref().map_or(Duration::ZERO, |held| {
                let seconds = Duration::try_from_secs_f64(held.seconds).unwrap_or(length);
                seconds.saturating_sub(since(*written, now))
            });
            if let Some(held) = held.filter(|held| !held.released && left > Duration::ZERO) {
                return Err(BackupError::LeaseHeld { store: store.name().to_owned(), owner: held.owner, left });
            }
        }
        let content =
            Content { owner: owner.to_owned(), id: Uuid::new_v4(), seconds: length.as_secs_f64(), released: false };
        let lease = Self { store: store.clone(), number, content };
        if !store.create(&object(number), lease.content.bytes()).await? {
            // Another process was faster, unless the answer to our first attempt was lost.
            let found = read(store, number).await?;
            if let Some(found) = found.filter(|found| found.id != lease.content.id) {
                return Err(BackupError::LeaseHeld {
                    store: store.name().to_owned(),
                    owner: found.owner,
                    left: length,
                });
            }
        }
        for (old, _) in all {
            store.delete(&object(old)).await?;
        }
        Ok(lease)
    }

    /// Returns when the lease is lost. Renews it meanwhile.
    pub async fn keep(&self) -> BackupError {
        let length = Duration::try_from_secs_f64(self.content.seconds).unwrap_or_default();
        let mut renewed = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(length / 4).await;
            match tokio::time::timeout(length / 2, self.renew()).await {
                Ok(Ok(())) => renewed = tokio::time::Instant::now(),
                Ok(Err(error @ BackupError::LeaseLost(_))) => return error,
                Ok(Err(error)) => tracing::warn!(%error, "backup.lease_not_renewed: trying again"),
                Err(_) => tracing::warn!("backup.lease_not_renewed: the store does not answer"),
            }
            if renewed.elapsed() >= length {
                return self.lost();
            }
        }
    }

    /// Requires that the lease is still ours. Asked before anything is removed, and before a manifest is written.
    pub async fn require(&self) -> Result<(), BackupError> {
        let newest = numbers(&self.store).await?.into_iter().map(|(number, _)| number).max();
        if newest == Some(self.number) { Ok(()) } else { Err(self.lost()) }
    }

    async fn renew(&self) -> Result<(), BackupError> {
        self.require().await?;
        self.store.overwrite(&object(self.number), self.content.bytes()).await
    }

    /// Gives the lease back. The object stays, so that numbers only rise.
    pub async fn release(mut self) -> Result<(), BackupError> {
        self.require().await?;
        self.content.released = true;
        self.store.overwrite(&object(self.number), self.content.bytes()).await
    }

    fn lost(&self) -> BackupError {
        BackupError::LeaseLost(self.store.name().to_owned())
    }
}

impl Content {
    fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

fn object(number: u64) -> String {
    format!("{FOLDER}/{number:020}")
}

/// Numbers of all leases, each with the time when it was written.
async fn numbers(store: &Store) -> Result<Vec<(u64, time::OffsetDateTime)>, BackupError> {
    let listed = store.list(FOLDER).await?;
    let numbers = listed.iter().filter_map(|found| {
        let number = found.name.rsplit('/').next()?.parse().ok()?;
        Some((number, found.modified))
    });
    Ok(numbers.collect())
}

async fn read(store: &Store, number: u64) -> Result<Option<Content>, BackupError> {
    let Some(bytes) = store.read(&object(number), BYTES_MAX).await? else { return Ok(None) };
    // What cannot be read is treated as silent: only its age would protect it, and nobody could say whose it is.
    Ok(serde_json::from_slice(&bytes).ok())
}
