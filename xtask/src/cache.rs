//! The folder for fetched things: one for all clones of the project, safe for several set-ups at once.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::run::{is_root, say};

/// The name of the file that is written last: each file's size and name.
const INVENTORY: &str = ".inventory";

/// The cache folder. `crates/postgres/src/binaries.rs` looks for Postgres by the same rule.
pub fn folder() -> Outcome<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("SHELFMARK_CACHE_DIR") {
        return std::path::absolute(&chosen).map_err(|error| format!("{}: {error}", chosen.display()));
    }
    if is_root() {
        return Ok(PathBuf::from("/var/cache/shelfmark"));
    }
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("shelfmark"))
        .ok_or_else(|| "HOME is not set: set SHELFMARK_CACHE_DIR to a folder for downloads".to_owned())
}

/// Gives the folder `name` of the cache, filled by `fill` if it is not there whole. `fill` works in a folder beside it
/// that is renamed at the end, under a lock, so an interrupted or a second set-up never leaves or sees a half.
pub fn filled(name: &str, fill: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<PathBuf> {
    let cache = folder()?;
    let wanted = cache.join(name);
    if is_whole(&wanted) {
        return Ok(wanted);
    }
    fs::create_dir_all(&cache).map_err(|error| {
        format!("{}: {error}: set SHELFMARK_CACHE_DIR to a folder that you can write", cache.display())
    })?;
    if is_root() {
        // Postgres runs as another user, who must be able to enter (`mktemp -d` makes 0700).
        let _best_effort = fs::set_permissions(&cache, fs::Permissions::from_mode(0o755));
    }
    let _lock = lock(&cache.join("lock"), "another set-up")?;
    if is_whole(&wanted) {
        return Ok(wanted);
    }
    let fresh = cache.join(format!("{name}.part"));
    let in_fresh = |error: std::io::Error| format!("{}: {error}", fresh.display());
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(in_fresh)?;
    }
    fs::create_dir(&fresh).map_err(in_fresh)?;
    fill(&fresh)?;
    let inventory: String =
        sizes(&fresh).map_err(in_fresh)?.iter().map(|(path, size)| format!("{size} {path}\n")).collect();
    fs::write(fresh.join(INVENTORY), inventory).map_err(in_fresh)?;
    if wanted.exists() {
        say(&format!("{} is incomplete; replaced", wanted.display()));
        fs::remove_dir_all(&wanted).map_err(|error| format!("{}: {error}", wanted.display()))?;
    }
    fs::rename(&fresh, &wanted).map_err(in_fresh)?;
    Ok(wanted)
}

/// Whether `folder` was filled to the end and every file still has its size.
pub fn is_whole(folder: &Path) -> bool {
    let Ok(inventory) = fs::read_to_string(folder.join(INVENTORY)) else {
        return false;
    };
    !inventory.is_empty()
        && inventory.lines().all(|line| {
            let (size, path) = line.split_once(' ').unwrap_or(("", line));
            fs::metadata(folder.join(path)).is_ok_and(|found| size == found.len().to_string())
        })
}

/// Every file below `folder`, by relative path, with its size in bytes; links are not followed.
fn sizes(folder: &Path) -> std::io::Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                todo.push(entry.path());
            } else if kind.is_file()
                && let Ok(path) = entry.path().strip_prefix(folder)
            {
                found.insert(path.display().to_string(), entry.metadata()?.len());
            }
        }
    }
    Ok(found)
}

/// Takes a lock until the result is dropped. `other` is who may hold it.
pub fn lock(path: &Path, other: &str) -> Outcome<File> {
    let in_lock = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(in_lock)?;
    if file.try_lock().is_err() {
        say(&format!("waiting for {other} to end"));
        file.lock().map_err(in_lock)?;
    }
    Ok(file)
}
