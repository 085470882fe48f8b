//! Store: what a backup needs of an object store, with errors that name store and object.

use std::{collections::HashMap, io, sync::Arc};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{ObjectMeta, ObjectStoreExt as _, PutMode, path::Path};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    BackupError,
    address::{StoreAddress, StoreSettings},
    folder::Folder,
    listed::Listed,
    objects::Objects,
};

/// A place for backups.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Objects,
    /// For errors.
    name: Arc<str>,
}

impl Store {
    /// Opens the store of an address. Nothing is read or written yet, but that a folder is made.
    pub fn open(address: &StoreAddress, settings: &StoreSettings) -> Result<Self, BackupError> {
        Ok(Self { objects: Objects::open(address, settings)?, name: address.to_string().into() })
    }

    /// The address, without secrets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates an object. Returns false when there is one of that name.
    pub(crate) async fn create(&self, object: &str, bytes: Bytes) -> Result<bool, BackupError> {
        match &self.objects {
            Objects::Cloud(store) => {
                match store.put_opts(&Path::from(object), bytes.into(), PutMode::Create.into()).await {
                    Ok(_) => Ok(true),
                    Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                    Err(error) => Err(self.error("writing", object, &error)),
                }
            }
            Objects::Folder(folder) => {
                self.on_disk(folder, "writing", object, move |folder, object| folder.create(object, &bytes)).await
            }
        }
    }

    /// Writes an object, whether there is one of that name or not.
    pub(crate) async fn overwrite(&self, object: &str, bytes: Bytes) -> Result<(), BackupError> {
        match &self.objects {
            Objects::Cloud(store) => {
                let written = store.put(&Path::from(object), bytes.into()).await;
                written.map(|_| ()).map_err(|error| self.error("writing", object, &error))
            }
            Objects::Folder(folder) => {
                self.on_disk(folder, "writing", object, move |folder, object| folder.overwrite(object, &bytes)).await
            }
        }
    }

    /// Reads an object of at most `bytes_max`. `None` when there is none.
    pub(crate) async fn read(&self, object: &str, bytes_max: usize) -> Result<Option<Bytes>, BackupError> {
        let bytes_max = bytes_max as u64;
        let store = match &self.objects {
            Objects::Cloud(store) => store,
            Objects::Folder(folder) => {
                return self
                    .on_disk(folder, "reading", object, move |folder, object| folder.read(object, bytes_max))
                    .await;
            }
        };
        let found = match store.get(&Path::from(object)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.error("reading", object, &error)),
        };
        if found.meta.size > bytes_max {
            return Err(self.damaged(object, format!("it has {} bytes", found.meta.size)));
        }
        found.bytes().await.map(Some).map_err(|error| self.error("reading", object, &error))
    }

    /// Lists the objects of a folder: their names and sizes.
    pub(crate) async fn sizes(&self, folder: &str) -> Result<HashMap<String, u64>, BackupError> {
        let listed = self.list(folder).await?;
        Ok(listed.into_iter().map(|object| (object.name, object.bytes)).collect())
    }

    /// Lists the names of a folder's objects in order.
    pub(crate) async fn names(&self, folder: &str) -> Result<Vec<String>, BackupError> {
        let mut names: Vec<String> = self.list(folder).await?.into_iter().map(|object| object.name).collect();
        names.sort_unstable();
        Ok(names)
    }

    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<Listed>, BackupError> {
        match &self.objects {
            Objects::Cloud(store) => {
                let listed = store.list(Some(&Path::from(folder))).map_ok(listed).try_collect().await;
                listed.map_err(|error| self.error("listing", folder, &error))
            }
            Objects::Folder(files) => {
                self.on_disk(files, "listing", folder, move |files, folder| files.list(folder)).await
            }
        }
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete(&self, object: &str) -> Result<(), BackupError> {
        match &self.objects {
            Objects::Cloud(store) => match store.delete(&Path::from(object)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.error("deleting", object, &error)),
            },
            Objects::Folder(folder) => {
                self.on_disk(folder, "deleting", object, move |folder, object| folder.delete(object)).await
            }
        }
    }

    /// Requires that the second of two creations of one object fails. Returns the time by the store's clock.
    pub(crate) async fn probe(&self) -> Result<OffsetDateTime, BackupError> {
        let folder = format!("probes/{}", Uuid::new_v4().simple());
        let object = format!("{folder}/probe");
        self.create(&object, Bytes::from_static(b"first")).await?;
        let second = self.create(&object, Bytes::from_static(b"second")).await;
        if matches!(second, Ok(true)) {
            let _what_matters_is_said = self.delete(&object).await;
            return Err(BackupError::NoConditionalCreate(self.name.to_string()));
        }
        let seen = self.list(&folder).await;
        self.delete(&object).await?;
        second?;
        let seen =
            seen?.pop().ok_or_else(|| self.damaged(&object, "it is not listed after its creation".to_owned()))?;
        Ok(seen.modified)
    }

    pub(crate) fn damaged(&self, object: &str, detail: String) -> BackupError {
        BackupError::Damaged { store: self.name.to_string(), object: object.to_owned(), detail }
    }

    /// Works on a folder, on a thread that may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        folder: &Arc<Folder>,
        what: &'static str,
        object: &str,
        work: impl FnOnce(&Folder, &str) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BackupError> {
        let (folder, name) = (Arc::clone(folder), object.to_owned());
        let done = tokio::task::spawn_blocking(move || work(&folder, &name)).await;
        let done = done.unwrap_or_else(|_| Err(io::Error::other("the thread ended early")));
        done.map_err(|error| self.failed(what, object, error.to_string()))
    }

    fn error(&self, what: &'static str, object: &str, error: &object_store::Error) -> BackupError {
        let mut detail = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !detail.contains(&text) {
                detail = format!("{detail}: {text}");
            }
            source = cause.source();
        }
        self.failed(what, object, detail)
    }

    pub(crate) fn failed(&self, what: &'static str, object: &str, detail: String) -> BackupError {
        BackupError::Store { store: self.name.to_string(), what, object: object.to_owned(), detail }
    }
}

fn listed(object: ObjectMeta) -> Listed {
    let nanos = i128::from(object.last_modified.timestamp_micros()) * 1000;
    let modified = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Listed { name: object.location.to_string(), bytes: object.size, modified }
}
