//! Uploads: objects are compressed and sent beside the reading of the database, at most four at once.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use tokio::task::JoinSet;

use crate::{BackupError, Store, manifest::Rows, object::Object};

/// Objects under way at once.
pub(crate) const OBJECTS_UNDER_WAY: usize = 4;

/// Objects of a backup, in the order in which they were added.
pub(crate) struct Uploads {
    store: Store,
    /// Sizes of the objects that are there.
    present: Arc<HashMap<String, u64>>,
    tasks: JoinSet<Result<(usize, Object, bool), BackupError>>,
    stored: BTreeMap<usize, Object>,
    added: usize,
    sent: Sent,
}

/// What was sent to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sent {
    pub objects: u64,
    pub bytes: u64,
}

/// Rows whose objects are under way.
#[derive(Debug, Clone)]
pub(crate) struct PendingRows {
    pub rows: u64,
    pub objects: Range<usize>,
}

impl Uploads {
    pub fn new(store: Store, present: Arc<HashMap<String, u64>>) -> Self {
        Self { store, present, tasks: JoinSet::new(), stored: BTreeMap::new(), added: 0, sent: Sent::default() }
    }

    /// Number of the object that is added next.
    pub const fn next(&self) -> usize {
        self.added
    }

    /// Adds an object. Waits while too many are under way.
    pub async fn add(&mut self, folder: &str, raw: Vec<u8>, compress: bool) -> Result<(), BackupError> {
        while self.tasks.len() >= OBJECTS_UNDER_WAY {
            self.join().await?;
        }
        let (store, present, folder, number) =
            (self.store.clone(), Arc::clone(&self.present), folder.to_owned(), self.added);
        self.added += 1;
        self.tasks.spawn(async move {
            let at = folder.clone();
            let packed = tokio::task::spawn_blocking(move || Object::pack(&folder, raw, compress)).await;
            let packed = packed
                .map_err(|_| "it panicked".to_owned())
                .and_then(|packed| packed.map_err(|error| error.to_string()));
            let failed = |detail| store.failed("compressing an object of", &at, detail);
            let (object, bytes) = packed.map_err(failed)?;
            // The name says what it holds: one of that name and size needs not be sent again.
            let is_there = present.get(&object.name) == Some(&object.bytes);
            let created = !is_there && store.create(&object.name, bytes).await?;
            Ok((number, object, created))
        });
        Ok(())
    }

    /// Waits for all. Returns the objects by their numbers.
    pub async fn finish(mut self) -> Result<(Stored, Sent), BackupError> {
        while !self.tasks.is_empty() {
            self.join().await?;
        }
        Ok((Stored(self.stored), self.sent))
    }

    async fn join(&mut self) -> Result<(), BackupError> {
        let Some(joined) = self.tasks.join_next().await else { return Ok(()) };
        let (number, object, created) = joined
            .unwrap_or_else(|_| Err(self.store.failed("writing", "an object", "the task ended early".to_owned())))?;
        if created {
            self.sent.objects += 1;
            self.sent.bytes += object.bytes;
        }
        self.stored.insert(number, object);
        Ok(())
    }
}

/// Objects that are stored.
pub(crate) struct Stored(BTreeMap<usize, Object>);

impl Stored {
    /// Rows with the objects that they became.
    pub fn rows(&self, pending: &PendingRows) -> Rows {
        let objects = self.0.range(pending.objects.clone()).map(|(_, object)| object.clone()).collect();
        Rows { rows: pending.rows, objects }
    }
}
