//! Pieces of log and versions: what an earlier backup has and is still so, is not read again.
//!
//! A piece of the log ends with an append. Its last checksum continues those of all appends before it (decision 0056),
//! so an equal one means an equal log up to there, but for erasures. An erasure appends a record of its own: where
//! there is a newer one than in the earlier backup, the log is read again, and what is equal has equal objects.

use std::collections::HashMap;

use sqlx::Row as _;

use crate::{
    BackupError,
    error::database,
    manifest::{BackedModel, LogPiece, Manifest, VersionPiece},
    snapshot::Snapshot,
    tables::{CatalogTable, quoted_list},
    upload::{PendingRows, Stored, Uploads},
};

/// Records of a piece, but for those that complete its last append.
const PIECE_RECORDS: i64 = 65_536;

/// Piece of an earlier backup, or one that is under way.
#[derive(Debug, Clone)]
pub(crate) enum Piece<T> {
    Kept(T),
    /// The piece without its objects, which are under way.
    New(T, PendingRows),
}

/// Pieces that an earlier backup has.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Last position of each model.
    positions: HashMap<i32, i64>,
    /// By model and first position.
    log: HashMap<(i32, i64), LogPiece>,
    versions: HashMap<(i32, i32), VersionPiece>,
}

impl Earlier {
    /// Takes the pieces of which all objects are present.
    pub fn of(manifest: Manifest, present: &HashMap<String, u64>) -> Self {
        let whole = |content: &crate::manifest::Rows| {
            content.objects.iter().all(|object| present.get(&object.name) == Some(&object.bytes))
        };
        let log = manifest.log.into_iter().filter(|piece| whole(&piece.content));
        let versions = manifest.versions.into_iter().filter(|piece| whole(&piece.content));
        Self {
            positions: manifest.models.iter().map(|model| (model.id, model.position)).collect(),
            log: log.map(|piece| ((piece.model, piece.first), piece)).collect(),
            versions: versions.map(|piece| ((piece.model, piece.number), piece)).collect(),
        }
    }
}

/// Copies the log of a model.
pub(crate) async fn log(
    snapshot: &mut Snapshot,
    model: &BackedModel,
    table: &CatalogTable,
    earlier: &Earlier,
    uploads: &mut Uploads,
    reached: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<Piece<LogPiece>>, BackupError> {
    let erased = erased_since(snapshot, model, earlier.positions.get(&model.id).copied()).await?;
    let (folder, columns) = (format!("log/{}", model.id), quoted_list(&table.columns));
    let mut pieces = Vec::new();
    let mut first = 1;
    while first <= model.position {
        let (last, checksum) = end(snapshot, model, first).await?;
        let piece = LogPiece { model: model.id, first, last, checksum, content: crate::manifest::Rows::default() };
        let kept = earlier
            .log
            .get(&(model.id, first))
            .filter(|kept| !erased && kept.last == last && kept.checksum.is_some() && kept.checksum == piece.checksum);
        if let Some(kept) = kept {
            pieces.push(Piece::Kept(kept.clone()));
        } else {
            let query = format!(
                "select {columns} from records where model_id = {} and position between {first} and {last} \
                 order by position",
                model.id
            );
            let copied = snapshot.copy(&query, &folder, true, uploads).await?;
            if copied.rows.cast_signed() != last - first + 1 {
                tracing::warn!(
                    model = model.name,
                    "backup.log_damaged: positions {first} to {last} hold {} records; run `shelfmark verify`",
                    copied.rows
                );
            }
            pieces.push(Piece::New(piece, copied));
            reached(&format!("log of {}, position {last} of {}", model.name, model.position));
        }
        first = last + 1;
    }
    Ok(pieces)
}

/// Copies the versions of all models, hidden ones included.
pub(crate) async fn versions(
    snapshot: &mut Snapshot,
    table: &CatalogTable,
    earlier: &Earlier,
    uploads: &mut Uploads,
    reached: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<Piece<VersionPiece>>, BackupError> {
    let at = "listing the versions";
    let rows = sqlx::query("select model_id, number, encode(checksum, 'hex') from versions order by 1, 2")
        .fetch_all(&mut snapshot.connection)
        .await
        .map_err(database(at))?;
    let columns = quoted_list(&table.columns);
    let mut pieces = Vec::with_capacity(rows.len());
    for row in rows {
        let [model, number] = [row.try_get(0).map_err(database(at))?, row.try_get(1).map_err(database(at))?];
        let checksum = row.try_get(2).map_err(database(at))?;
        let piece = VersionPiece { model, number, checksum, content: crate::manifest::Rows::default() };
        let kept = earlier.versions.get(&(model, number)).filter(|kept| kept.checksum == piece.checksum);
        if let Some(kept) = kept {
            pieces.push(Piece::Kept(kept.clone()));
            continue;
        }
        let query = format!(
            "select {columns} from version_segments where model_id = {model} and version = {number} \
             order by table_number, ordinal"
        );
        // The segments are compressed already.
        let copied = snapshot.copy(&query, &format!("versions/{model}"), false, uploads).await?;
        pieces.push(Piece::New(piece, copied));
        reached(&format!("version {number} of model {model}"));
    }
    Ok(pieces)
}

/// Pieces with their objects.
pub(crate) fn stored<T>(
    pieces: Vec<Piece<T>>,
    stored: &Stored,
    fill: impl Fn(&mut T, crate::manifest::Rows),
) -> Vec<T> {
    let piece = |piece| match piece {
        Piece::Kept(piece) => piece,
        Piece::New(mut piece, pending) => {
            fill(&mut piece, stored.rows(&pending));
            piece
        }
    };
    pieces.into_iter().map(piece).collect()
}

/// Whether records up to this position may have been rewritten since.
async fn erased_since(
    snapshot: &mut Snapshot,
    model: &BackedModel,
    position: Option<i64>,
) -> Result<bool, BackupError> {
    sqlx::query_scalar("select exists (select from records where model_id = $1 and type = 7 and position > $2)")
        .bind(model.id)
        .bind(position.unwrap_or(0))
        .fetch_one(&mut snapshot.connection)
        .await
        .map_err(database("looking for erasures"))
}

/// Finds where a piece that begins at `first` ends, and the checksum of the append that ends there.
async fn end(snapshot: &mut Snapshot, model: &BackedModel, first: i64) -> Result<(i64, Option<String>), BackupError> {
    let at = "cutting the log";
    let wanted = first.saturating_add(PIECE_RECORDS - 1).min(model.position);
    let row = sqlx::query(
        "select e.position, encode(e.checksum, 'hex') from records r \
         join records e on e.model_id = r.model_id and e.position = r.append_last \
         where r.model_id = $1 and r.position = $2",
    )
    .bind(model.id)
    .bind(wanted)
    .fetch_optional(&mut snapshot.connection)
    .await
    .map_err(database(at))?;
    match row {
        Some(row) => {
            let last: i64 = row.try_get(0).map_err(database(at))?;
            Ok((last.clamp(wanted, model.position), row.try_get(1).map_err(database(at))?))
        }
        // A record is missing there. What there is goes into the backup, and is read again every time.
        None => Ok((wanted, None)),
    }
}
