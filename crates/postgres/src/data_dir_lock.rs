//! One live service a data folder.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::{PostgresError, at};

/// The lock on `DATA_DIR/lock`. The kernel gives it up when the process ends, however it ends, so nobody ever has to
/// remove a stale file; the process number inside is for people only.
#[derive(Debug)]
pub(super) struct DataDirLock {
    file: File,
}

impl DataDirLock {
    /// Takes the lock at once or says who has it.
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
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(at(&path))?;
        Ok(Self { file })
    }
}

impl Drop for DataDirLock {
    fn drop(&mut self) {
        // Closing is not enough: a child that this process forks at this moment holds the same file until it begins its program.
        let _an_unlocked_file_stays_so = self.file.unlock();
    }
}
