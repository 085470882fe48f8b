//! Mark of a data folder that a restore makes: until its rows are there, no service takes the folder for an empty one.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use super::error::{PostgresError, at};

/// Name of the file in the data folder.
const FILE: &str = "restore-unfinished";
/// What somebody reads who finds it.
const TEXT: &str = "`shelfmark restore` began to fill this folder. It removes this file once all rows are there.\n";

/// The mark, set or not.
#[derive(Debug)]
pub(super) struct RestoreMark {
    folder: PathBuf,
}

impl RestoreMark {
    pub(super) fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.to_owned() }
    }

    pub(super) fn is_set(&self) -> bool {
        self.file().exists()
    }

    /// Sets the mark, on the disk as well.
    pub(super) fn set(&self) -> Result<(), PostgresError> {
        let path = self.file();
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(TEXT.as_bytes())?;
            file.sync_all()?;
            File::open(&self.folder)?.sync_all()
        });
        written.map_err(at(&path))
    }

    /// Removes the mark. One that stays does no harm: the next start looks whether there are tables.
    pub(super) fn clear(&self) {
        if let Err(error) = fs::remove_file(self.file())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "postgres.restore_mark_stays: the next start removes it");
        }
    }

    pub(super) fn unfinished(&self) -> PostgresError {
        PostgresError::UnfinishedRestore(self.folder.clone())
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

/// Requires that no restore is unfinished in `data_dir`, as far as its mark says. For whoever follows a running server.
///
/// # Errors
/// [`PostgresError::UnfinishedRestore`].
pub fn require_restored(data_dir: &Path) -> Result<(), PostgresError> {
    let mark = RestoreMark::of(data_dir);
    if mark.is_set() { Err(mark.unfinished()) } else { Ok(()) }
}
