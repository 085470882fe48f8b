//! Lock of the data folder, which at most one running service holds.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::{PostgresError, at};

/// Lock on the file `DATA_DIR/lock`. The kernel releases it when the process ends, however it ends, so the file is
/// never stale. The process id in it is for people only.
#[derive(Debug)]
pub(super) struct DataDirLock {
    file: File,
}

impl DataDirLock {
    /// Takes the lock without waiting. Error: [`PostgresError::FolderInUse`] with the id of the process that holds it.
    pub(super) fn take(data_dir: &Path) -> Result<Self, PostgresError> {
        fs::create_dir_all(data_dir).map_err(at(data_dir))?;
        let path = data_dir.join("lock");
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _unreadable_is_unnamed = file.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => String::new(),
                    process => format!(" (process {process})"),
                };
                return Err(PostgresError::FolderInUse { folder: data_dir.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(at(&path)(source)),
        }
        // A full disk may refuse the id. The lock holds without it.
        let _for_people_only =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for DataDirLock {
    fn drop(&mut self) {
        // Closing is not enough: a child forked at this moment holds the same open file until it executes its program.
        let _an_unlocked_file_stays_so = self.file.unlock();
    }
}
