//! A folder as a store. An object is a file that appears whole: it is written beside, flushed, and then linked.
//!
//! Not that of the crate `object_store`, which would have most dependencies of the service compiled with other features
//! for it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::listed::{Listed, since};

/// Folder of files that are being written.
const UNFINISHED: &str = ".unfinished";
/// Age at which an unfinished file belongs to a process that is gone.
const UNFINISHED_AGE: Duration = Duration::from_secs(60 * 60);

/// A folder. All of its functions wait for the disk.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens a folder, and makes it if it is missing. Removes what processes that were cut off left.
    pub fn open(root: &Path) -> io::Result<Self> {
        let unfinished = root.join(UNFINISHED);
        fs::create_dir_all(&unfinished)?;
        for entry in fs::read_dir(&unfinished)? {
            let entry = entry?;
            let written = OffsetDateTime::from(entry.metadata()?.modified()?);
            if since(written, OffsetDateTime::now_utc()) > UNFINISHED_AGE {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Creates an object. Returns false when there is one of that name.
    pub fn create(&self, object: &str, bytes: &Bytes) -> io::Result<bool> {
        let path = self.root.join(object);
        let unfinished = self.write(&path, bytes)?;
        let linked = fs::hard_link(&unfinished, &path);
        fs::remove_file(&unfinished)?;
        match linked {
            Ok(()) => self.flush_folder_of(&path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes an object, whether there is one of that name or not.
    pub fn overwrite(&self, object: &str, bytes: &Bytes) -> io::Result<()> {
        let path = self.root.join(object);
        fs::rename(self.write(&path, bytes)?, &path)?;
        self.flush_folder_of(&path)
    }

    /// Reads an object. `None` when there is none.
    pub fn read(&self, object: &str, bytes_max: u64) -> io::Result<Option<Bytes>> {
        let path = self.root.join(object);
        let bytes = match fs::metadata(&path) {
            Ok(found) if found.len() > bytes_max => return Err(io::Error::other("it is too long")),
            Ok(_) => fs::read(&path),
            Err(error) => Err(error),
        };
        match bytes {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the objects below a folder.
    pub fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let (mut found, mut todo) = (Vec::new(), vec![folder.to_owned()]);
        while let Some(next) = todo.pop() {
            let entries = match fs::read_dir(self.root.join(&next)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let name = format!("{next}/{}", entry.file_name().to_string_lossy());
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => todo.push(name),
                    Ok(metadata) => {
                        let modified = OffsetDateTime::from(metadata.modified()?);
                        found.push(Listed { name, bytes: metadata.len(), modified });
                    }
                    // Deleted meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    /// Deletes an object, if it is there.
    pub fn delete(&self, object: &str) -> io::Result<()> {
        match fs::remove_file(self.root.join(object)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes and flushes a file beside the objects, and makes the folder of the object.
    fn write(&self, object: &Path, bytes: &Bytes) -> io::Result<PathBuf> {
        if let Some(folder) = object.parent() {
            fs::create_dir_all(folder)?;
        }
        let path = self.root.join(UNFINISHED).join(Uuid::new_v4().simple().to_string());
        let mut file = File::create_new(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(path)
    }

    fn flush_folder_of(&self, object: &Path) -> io::Result<()> {
        File::open(object.parent().unwrap_or(&self.root))?.sync_all()
    }
}
