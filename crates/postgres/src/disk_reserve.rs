//! Reserve of disk space, which a start on a full disk leaves to Postgres for its crash recovery.
//!
//! Recovery ends with a checkpoint and a new file of the write-ahead log. Without room for them a server does not
//! start, and reads would be away until somebody makes room.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

const MIB: u64 = 1024 * 1024;
/// Size of the whole reserve: room for four files of the write-ahead log.
pub(super) const RESERVE_BYTES: u64 = 64 * MIB;
/// Room that stays free when a start on a full disk takes the reserve back: a server without its cache files, which
/// recovery deletes, has to write them before it takes a connection.
pub(super) const SESSION_BYTES: u64 = 4 * MIB;
/// Smallest piece by which the reserve grows.
const GROWTH_BYTES_MIN: u64 = MIB;

/// File that holds disk space. At most [`RESERVE_BYTES`] long; absent where the file system cannot allocate ahead.
#[derive(Debug)]
pub(super) struct DiskReserve {
    path: PathBuf,
}

impl DiskReserve {
    /// The reserve in `folder`, which is on the disk of the cluster. Creates nothing.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join("disk-reserve") }
    }

    /// Deletes the file when the disk has less room than the reserve's size. Call it before a server is started.
    /// Returns whether space was freed.
    pub(super) fn release_on_full_disk(&self) -> bool {
        match self.available() {
            Ok(available) if available >= RESERVE_BYTES => false,
            Ok(available) => {
                let released = fs::remove_file(&self.path).is_ok();
                if released {
                    let available_mib = available / MIB;
                    tracing::warn!(available_mib, "postgres.disk_reserve_released: the disk is full, make room");
                }
                released
            }
            Err(error) => {
                tracing::warn!(%error, "postgres.disk_reserve_failed: the free space of the disk is not known");
                false
            }
        }
    }

    /// Grows the file to its whole size, or by what the disk has beyond `keep_bytes`. Error: the file cannot be
    /// written. Where space cannot be allocated ahead, or others took it meanwhile, the service runs without a reserve.
    pub(super) fn fill(&self, keep_bytes: u64) -> io::Result<()> {
        match self.grow(keep_bytes) {
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::StorageFull) => Ok(()),
            result => result,
        }
    }

    fn grow(&self, keep_bytes: u64) -> io::Result<()> {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        let missing = RESERVE_BYTES.saturating_sub(length);
        if missing == 0 {
            return Ok(());
        }
        let growth = missing.min(self.available()?.saturating_sub(keep_bytes));
        if growth < GROWTH_BYTES_MIN.min(missing) {
            return Ok(());
        }
        let file = File::options().write(true).create(true).truncate(false).open(&self.path)?;
        let allocated = fallocate(&file, FallocateFlags::empty(), length, growth);
        allocated.map_err(|error| {
            let error = io::Error::from(error);
            // An empty file would look like a reserve.
            let _stays_empty = if length == 0 { fs::remove_file(&self.path) } else { Ok(()) };
            error
        })
    }

    /// Free bytes of the disk for users other than root, as Postgres is one.
    fn available(&self) -> io::Result<u64> {
        let disk = statvfs(self.path.parent().unwrap_or(&self.path))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskReserve, RESERVE_BYTES};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_reserve_holds_blocks_and_is_kept_while_the_disk_has_room() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let reserve = DiskReserve::new(folder.path());
        reserve.fill(u64::MAX).expect("nothing to do");
        assert!(!reserve.path.exists(), "a disk without room to spare gives none");
        reserve.fill(0).expect("a disk with room");
        let file = std::fs::metadata(&reserve.path).expect("the reserve");
        assert_eq!((file.len(), file.blocks() * 512), (RESERVE_BYTES, RESERVE_BYTES));
        assert!(!reserve.release_on_full_disk(), "the test needs a disk with room");
        assert!(reserve.path.exists());
    }
}
