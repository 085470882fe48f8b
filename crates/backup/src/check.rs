//! Check of a backup without a database: every object is read and compared with its manifest.

use futures::StreamExt as _;
use serde::Serialize;

use crate::{BackupError, Manifest, Store, upload::OBJECTS_UNDER_WAY};

/// Damages that are named; more are left out.
const DAMAGES_MAX: usize = 100;

/// A damaged object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The object.
    pub object: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Reads every object of a backup, and names those that are missing or damaged, at most 100. Errors: the store cannot
/// be read.
pub async fn check(
    store: &Store,
    manifest: &Manifest,
    reached: &(dyn Fn(u64) + Send + Sync),
) -> Result<Vec<Damage>, BackupError> {
    let objects: Vec<_> = manifest.objects().cloned().collect();
    let mut fetched = futures::stream::iter(objects)
        .map(|object| async {
            let bytes = object.bytes;
            (bytes, object.fetch(store).await.map(drop))
        })
        .buffered(OBJECTS_UNDER_WAY);
    let (mut damages, mut read) = (Vec::new(), 0);
    while let Some((bytes, result)) = fetched.next().await {
        read += bytes;
        reached(read);
        match result {
            Ok(()) => {}
            Err(BackupError::Damaged { object, detail, .. }) if damages.len() < DAMAGES_MAX => {
                damages.push(Damage { object, detail });
            }
            Err(BackupError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(damages)
}
