//! Erasures beside the backups: who was forgotten after an older backup was made is forgotten again when that is
//! restored.
//!
//! Each erasure is an object of its own: the record of the log by which every learner forgets the user. It holds salted
//! hashes of the user's names, and so names nobody. They stay when backups are removed.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row as _};

use crate::{BackupError, Manifest, Store, error::database, manifest::BackedModel, object::sha256, snapshot::Snapshot};

const FOLDER: &str = "erasures";
/// Most bytes of an erasure.
const BYTES_MAX: usize = 16 << 20;

/// Erasure of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Number of the model in the tables.
    pub model: i32,
    /// Position of the record.
    pub position: i64,
    /// The record's content, JSON of the user's pseudonyms.
    pub forgotten: String,
}

impl Erasure {
    fn object(&self) -> String {
        format!("{FOLDER}/{}-{}-{}", self.model, self.position, sha256(self.forgotten.as_bytes()))
    }
}

/// Adds the erasures of a snapshot to the store.
pub(crate) async fn add(snapshot: &mut Snapshot, models: &[BackedModel], store: &Store) -> Result<(), BackupError> {
    let present: HashSet<String> = store.names(FOLDER).await?.into_iter().collect();
    for model in models {
        for erasure in of_model(&mut snapshot.connection, model.id).await? {
            let object = erasure.object();
            if !present.contains(&object) {
                let json = serde_json::to_vec(&erasure).map_err(|error| store.damaged(&object, error.to_string()))?;
                store.create(&object, Bytes::from(json)).await?;
            }
        }
    }
    Ok(())
}

/// Lists the erasures of the store that the restored logs do not have, each user once, in their order.
pub(crate) async fn missing(
    connection: &mut PgConnection,
    manifest: &Manifest,
    store: &Store,
) -> Result<Vec<Erasure>, BackupError> {
    let mut known = HashSet::new();
    for model in &manifest.models {
        known.extend(of_model(connection, model.id).await?.iter().map(Erasure::object));
    }
    let models: HashSet<i32> = manifest.models.iter().map(|model| model.id).collect();
    let mut missing = BTreeMap::new();
    for object in store.names(FOLDER).await?.into_iter().filter(|object| !known.contains(object)) {
        let damaged = |detail: &str| store.damaged(&object, detail.to_owned());
        let bytes = store.read(&object, BYTES_MAX).await?.ok_or_else(|| damaged("it is missing"))?;
        let erasure: Erasure = serde_json::from_slice(&bytes).map_err(|error| damaged(&error.to_string()))?;
        if erasure.object() != object {
            return Err(damaged("its content is not that of its name"));
        }
        if models.contains(&erasure.model) {
            // Models that share rows have the same record each.
            missing.entry(erasure.forgotten.clone()).or_insert(erasure);
        }
    }
    let mut missing: Vec<Erasure> = missing.into_values().collect();
    missing.sort_by_key(|erasure| (erasure.model, erasure.position));
    Ok(missing)
}

async fn of_model(connection: &mut PgConnection, model: i32) -> Result<Vec<Erasure>, BackupError> {
    let at = "reading the erasures";
    let rows = sqlx::query(
        "select position, rest from records where model_id = $1 and type = 7 and rest is not null order by position",
    )
    .bind(model)
    .fetch_all(connection)
    .await
    .map_err(database(at))?;
    let erasure =
        |row: &sqlx::postgres::PgRow| Ok(Erasure { model, position: row.try_get(0)?, forgotten: row.try_get(1)? });
    rows.iter().map(erasure).collect::<Result<_, _>>().map_err(database(at))
}
