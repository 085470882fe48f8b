//! Backup: everything that is not in the store yet, and then the manifest.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::PgPool;

use crate::{
    BackupError, Manifest, Store, erasures,
    lease::Lease,
    manifest::{self, FORMAT, Rows, Table},
    pieces::{self, Earlier},
    retention::{self, Removed},
    snapshot::Snapshot,
    tables::{self, CatalogTable, TableKind, kind_of, quoted, quoted_list},
    upload::{Sent, Uploads},
};

/// Settings of a backup.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// Number of backups to keep; older ones are removed at the end. `None` keeps all.
    pub keep: Option<usize>,
    /// Time after which the lease of a process that died ends.
    pub lease: Duration,
    /// Who makes the backup, for whoever is refused meanwhile.
    pub owner: String,
    /// Makes none while the newest is younger than this. Looked at under the lease, so that of several processes with
    /// one interval one makes it.
    pub after: Option<Duration>,
}

/// What a backup did.
#[derive(Debug, Clone)]
pub struct BackupOutcome {
    /// What the backup is made of.
    pub manifest: Manifest,
    /// Objects that were not in the store before.
    pub sent_objects: u64,
    /// Bytes of those.
    pub sent_bytes: u64,
    /// Time that it took.
    pub took: Duration,
    /// What was removed.
    pub removed: Removed,
}

/// Makes a backup of the database while it is in use. `reached` hears how far it is. When `stop` ends first, the lease
/// is given back, so that the next backup need not wait.
///
/// Errors: [`BackupError::LeaseHeld`] while another backup runs, [`BackupError::NotDue`], [`BackupError::Stopped`],
/// [`BackupError::NoConditionalCreate`] for a store that is not fit, and whatever goes wrong with store and database.
/// Then there is no backup, and the next one uses what was sent.
pub async fn back_up(
    pool: &PgPool,
    store: &Store,
    settings: &BackupSettings,
    reached: &(dyn Fn(&str) + Send + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<BackupOutcome, BackupError> {
    let began = Instant::now();
    let lease = Lease::take(store, &settings.owner, settings.lease).await?;
    let worked = {
        let work = Box::pin(async {
            if let Some(after) = settings.after {
                require_due(store, after).await?;
            }
            let (manifest, sent) = Box::pin(write(pool, store, &lease, reached)).await?;
            let removed = match settings.keep {
                Some(keep) => retention::remove(store, &lease, keep).await?,
                None => Removed::default(),
            };
            Ok((manifest, sent, removed))
        });
        tokio::select! {
            worked = work => worked,
            lost = lease.keep() => Err(lost),
            () = stop => Err(BackupError::Stopped(store.name().to_owned())),
        }
    };
    let released = lease.release().await;
    if let Err(error) = released
        && !matches!(worked, Err(BackupError::LeaseLost(_)))
    {
        tracing::warn!(%error, "backup.lease_not_released: the next backup waits for its end");
    }
    let (manifest, Sent { objects: sent_objects, bytes: sent_bytes }, removed) = worked?;
    Ok(BackupOutcome { manifest, sent_objects, sent_bytes, took: began.elapsed(), removed })
}

async fn require_due(store: &Store, after: Duration) -> Result<(), BackupError> {
    let left = manifest::due_in(manifest::newest(store).await?, after);
    if left.is_zero() { Ok(()) } else { Err(BackupError::NotDue { left }) }
}

/// A table with the rows that are under way, if it has any of its own.
type TableUnderWay = (CatalogTable, Option<crate::upload::PendingRows>);

async fn write(
    pool: &PgPool,
    store: &Store,
    lease: &Lease,
    reached: &(dyn Fn(&str) + Send + Sync),
) -> Result<(Manifest, Sent), BackupError> {
    let mut present = std::collections::HashMap::new();
    for folder in retention::FOLDERS {
        present.extend(store.sizes(folder).await?);
    }
    let newest = manifest::list(store).await?.pop();
    let earlier = match &newest {
        Some(name) => match manifest::read(store, Some(name)).await {
            Ok(manifest) => Earlier::of(manifest, &present),
            Err(error @ (BackupError::Damaged { .. } | BackupError::Newer { .. })) => {
                tracing::warn!(%error, "backup.earlier_unreadable: everything is read again");
                Earlier::default()
            }
            Err(error) => return Err(error),
        },
        None => Earlier::default(),
    };
    let mut uploads = Uploads::new(store.clone(), Arc::new(present));
    let mut snapshot = Snapshot::take(pool).await?;
    let models = snapshot.models().await?;
    let sequences = snapshot.sequences().await?;
    let (mut tables, mut log, mut versions) = (Vec::<TableUnderWay>::new(), Vec::new(), Vec::new());
    for table in tables::all(&mut snapshot.connection).await? {
        let content = match kind_of(&table.name) {
            Some(TableKind::Log) => {
                for model in &models {
                    log.extend(pieces::log(&mut snapshot, model, &table, &earlier, &mut uploads, reached).await?);
                }
                None
            }
            Some(TableKind::Versions) => {
                versions = pieces::versions(&mut snapshot, &table, &earlier, &mut uploads, reached).await?;
                None
            }
            Some(TableKind::Whole) => {
                let query = format!("select {} from {}", quoted_list(&table.columns), quoted(&table.name));
                Some(snapshot.copy(&query, &format!("tables/{}", table.name), true, &mut uploads).await?)
            }
            Some(TableKind::NotKept) => continue,
            None => {
                tracing::warn!(table = table.name, "backup.foreign_table: it is not one of shelfmark, and is left out");
                continue;
            }
        };
        tables.push((table, content));
    }
    erasures::add(&mut snapshot, &models, store).await?;
    let (at, schema) = (snapshot.at, snapshot.schema);
    snapshot.end().await?;
    let (stored, sent) = uploads.finish().await?;
    let table = |(table, content): TableUnderWay| Table {
        name: table.name,
        columns: table.columns,
        content: content.map(|pending| stored.rows(&pending)),
    };
    let manifest = Manifest {
        format: FORMAT,
        name: manifest::new_name(at, newest.as_deref()),
        release: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        models,
        tables: tables.into_iter().map(table).collect(),
        sequences,
        log: pieces::stored(log, &stored, |piece, content: Rows| piece.content = content),
        versions: pieces::stored(versions, &stored, |piece, content: Rows| piece.content = content),
    };
    lease.require().await?;
    manifest.create(store).await?;
    Ok((manifest, sent))
}
