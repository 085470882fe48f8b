//! The files of a package: where each comes from, and where it goes.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::Outcome;
use crate::package::in_path;

/// Files below a prefix such as `/usr`, sorted by their places.
#[derive(Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, Entry>,
}

/// A file of a package.
#[derive(Clone)]
pub struct Entry {
    /// The file that has its content.
    pub source: PathBuf,
    /// Its permissions, 0o755 or 0o644.
    pub mode: u32,
}

impl Tree {
    /// Adds a program.
    pub fn program(&mut self, place: impl Into<String>, source: PathBuf) {
        self.files.insert(place.into(), Entry { source, mode: 0o755 });
    }

    /// Adds a file that nobody runs.
    pub fn file(&mut self, place: impl Into<String>, source: PathBuf) {
        self.files.insert(place.into(), Entry { source, mode: 0o644 });
    }

    /// Adds all files of a folder, which come below `place`. Hidden ones stay.
    pub fn folder(&mut self, place: &str, folder: &Path) -> Outcome<()> {
        for entry in fs::read_dir(folder).map_err(in_path(folder))? {
            let path = entry.map_err(in_path(folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let place = format!("{place}/{name}");
            if path.is_dir() {
                self.folder(&place, &path)?;
            } else {
                self.file(place, path);
            }
        }
        Ok(())
    }

    /// The places and entries, in the order of the places.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.files.iter().map(|(place, entry)| (place.as_str(), entry))
    }

    /// The tree with other places; files without one are left out.
    pub fn moved(&self, place: impl Fn(&str) -> Option<String>) -> Self {
        let moved = self.iter().filter_map(|(old, entry)| Some((place(old)?, entry.clone())));
        Self { files: moved.collect() }
    }

    /// Size of all files.
    pub fn bytes(&self) -> Outcome<u64> {
        let sizes = self.files.values().map(|entry| {
            let found = fs::metadata(&entry.source).map_err(in_path(&entry.source))?;
            Ok(found.len())
        });
        sizes.sum()
    }

    /// Copies all files into a folder, with their permissions and one time.
    pub fn write(&self, folder: &Path, epoch: u64) -> Outcome<()> {
        for (place, entry) in self.iter() {
            let path = folder.join(place);
            if let Some(above) = path.parent() {
                fs::create_dir_all(above).map_err(in_path(above))?;
            }
            fs::copy(&entry.source, &path).map_err(in_path(&entry.source))?;
            fs::set_permissions(&path, Permissions::from_mode(entry.mode)).map_err(in_path(&path))?;
            set_time(&path, epoch)?;
        }
        Ok(())
    }
}

/// Sets the time of a file's last change.
pub fn set_time(path: &Path, epoch: u64) -> Outcome<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(epoch);
    File::open(path).and_then(|file| file.set_modified(time)).map_err(in_path(path))
}
