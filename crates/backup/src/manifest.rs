//! Manifests: one object for each backup, which names all others and is written last.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::{
    BackupError, Store,
    http::ANSWER_BYTES_MAX,
    listed::since,
    object::{Object, sha256},
};

/// Most bytes of a manifest. A log of a billion records needs some 6 MiB.
const MANIFEST_BYTES_MAX: usize = ANSWER_BYTES_MAX;
/// Number of this format.
pub(crate) const FORMAT: u32 = 1;
/// Folder of the manifests.
pub(crate) const FOLDER: &str = "backups";
/// Names of backups, which sort by time.
const NAME: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");

/// What a backup is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Number of the manifest's format.
    pub format: u32,
    /// Name of the backup, the time of its snapshot in UTC.
    pub name: String,
    /// Release that made it.
    pub release: String,
    /// Newest migration of its tables.
    pub schema: i64,
    /// The models at the moment of the snapshot.
    pub models: Vec<BackedModel>,
    /// Every table, with the rows of those that are no pieces.
    pub(crate) tables: Vec<Table>,
    /// Numbers that were given to rows.
    pub(crate) sequences: Vec<Sequence>,
    /// Pieces of the logs, by model and position.
    pub(crate) log: Vec<LogPiece>,
    /// Versions by model and number.
    pub(crate) versions: Vec<VersionPiece>,
}

/// A model in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedModel {
    /// Number in the tables.
    pub id: i32,
    /// Name.
    pub name: String,
    /// Last position of its log.
    pub position: i64,
    /// Checksum of the last append, in hexadecimal digits: the end of the chain. Null without records.
    pub chain: Option<String>,
    /// Newest version of the log's line, if there is one.
    pub version: Option<BackedVersion>,
}

/// Version of a model as its manifest in the database records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedVersion {
    /// Number.
    pub number: i32,
    /// Position.
    pub position: i64,
    /// Digest of its state.
    pub digest: String,
}

/// Rows of one COPY, cut into objects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Rows {
    pub rows: u64,
    pub objects: Vec<Object>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// Null for a table whose rows are pieces, or are not kept.
    pub content: Option<Rows>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sequence {
    pub table: String,
    pub column: String,
    pub last: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogPiece {
    pub model: i32,
    pub first: i64,
    pub last: i64,
    /// Checksum of the append that ends it. Null for appends of builds without checksums.
    pub checksum: Option<String>,
    #[serde(flatten)]
    pub content: Rows,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VersionPiece {
    pub model: i32,
    pub number: i32,
    /// Checksum over the checksums of its segments.
    pub checksum: String,
    #[serde(flatten)]
    pub content: Rows,
}

/// A backup in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupSummary {
    /// Name of the backup.
    pub name: String,
    /// Release that made it.
    pub release: String,
    /// Size of all of its objects. Objects are shared by backups.
    pub bytes: u64,
    /// Number of its objects.
    pub objects: usize,
    /// The models.
    pub models: Vec<BackedModel>,
}

impl Manifest {
    /// Lists all objects, without order.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        let tables = self.tables.iter().filter_map(|table| table.content.as_ref());
        let log = self.log.iter().map(|piece| &piece.content);
        let versions = self.versions.iter().map(|piece| &piece.content);
        tables.chain(log).chain(versions).flat_map(|rows| &rows.objects)
    }

    /// Sums up the manifest.
    #[must_use]
    pub fn summary(&self) -> BackupSummary {
        BackupSummary {
            name: self.name.clone(),
            release: self.release.clone(),
            bytes: self.objects().map(|object| object.bytes).sum(),
            objects: self.objects().count(),
            models: self.models.clone(),
        }
    }

    /// Writes the manifest: two lines, its JSON and the SHA-256 of that.
    pub(crate) async fn create(&self, store: &Store) -> Result<(), BackupError> {
        let object = object_of(&self.name);
        let unusable = |error: serde_json::Error| store.damaged(&object, error.to_string());
        let json = serde_json::to_string(self).map_err(unusable)?;
        let text = Bytes::from(format!("{json}\n{}\n", sha256(json.as_bytes())));
        if store.create(&object, text.clone()).await? {
            return Ok(());
        }
        // The answer to a first attempt may have been lost.
        match store.read(&object, MANIFEST_BYTES_MAX).await? {
            Some(found) if found == text => Ok(()),
            Some(_) | None => Err(store.damaged(&object, "it was there before the backup".to_owned())),
        }
    }
}

/// Name of a backup of this moment, later than those of all before.
pub(crate) fn new_name(now: OffsetDateTime, newest: Option<&str>) -> String {
    let after = newest.and_then(time_of).map_or(now, |newest| now.max(newest + time::Duration::milliseconds(1)));
    after.format(NAME).unwrap_or_else(|_| "19700101T000000.000Z".to_owned())
}

/// Time of a backup's name, that of its snapshot. `None` for what is no name of a backup.
#[must_use]
pub fn time_of(name: &str) -> Option<OffsetDateTime> {
    time::PrimitiveDateTime::parse(name, NAME).ok().map(time::PrimitiveDateTime::assume_utc)
}

/// Object of a backup's manifest.
pub(crate) fn object_of(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// Lists the names of all backups, oldest first.
pub async fn list(store: &Store) -> Result<Vec<String>, BackupError> {
    let names = store.names(FOLDER).await?;
    let names = names.iter().filter_map(|object| object.rsplit('/').next());
    Ok(names.filter(|name| time_of(name).is_some()).map(str::to_owned).collect())
}

/// Returns the time of the newest backup; `None` without any.
pub async fn newest(store: &Store) -> Result<Option<OffsetDateTime>, BackupError> {
    Ok(list(store).await?.pop().and_then(|name| time_of(&name)))
}

/// Returns the time until a backup is due in a schedule of one each `every`: none without an earlier one.
#[must_use]
pub fn due_in(newest: Option<OffsetDateTime>, every: Duration) -> Duration {
    newest.map_or(Duration::ZERO, |newest| every.saturating_sub(since(newest, OffsetDateTime::now_utc())))
}

/// Reads the manifest of a backup, the newest one by default.
pub async fn read(store: &Store, name: Option<&str>) -> Result<Manifest, BackupError> {
    let missing = || BackupError::NoBackup { store: store.name().to_owned(), name: name.map(str::to_owned) };
    let name = match name {
        Some(name) if time_of(name).is_some() => name.to_owned(),
        Some(_) => return Err(missing()),
        None => list(store).await?.pop().ok_or_else(missing)?,
    };
    let object = object_of(&name);
    let text = store.read(&object, MANIFEST_BYTES_MAX).await?.ok_or_else(missing)?;
    let damaged = |detail: &str| store.damaged(&object, detail.to_owned());
    let text = std::str::from_utf8(&text).map_err(|_| damaged("it is not text"))?;
    let (json, rest) = text.split_once('\n').ok_or_else(|| damaged("it has no second line"))?;
    if rest.strip_suffix('\n') != Some(&sha256(json.as_bytes())) {
        return Err(damaged("its SHA-256 is not that of its second line"));
    }
    let head: Head = serde_json::from_str(json).map_err(|error| damaged(&error.to_string()))?;
    if head.format > FORMAT {
        let (found, known) = (i64::from(head.format), i64::from(FORMAT));
        return Err(BackupError::Newer { name, what: "format", found, known });
    }
    if head.name != name {
        return Err(damaged(&format!("it is that of the backup {}", head.name)));
    }
    serde_json::from_str(json).map_err(|error| damaged(&error.to_string()))
}

/// What every format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
    name: String,
}
