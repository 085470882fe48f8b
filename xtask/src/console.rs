//! The web console: built by Node into `console/dist`, which the service's build embeds. A build without it works; then
//! `/console` says how to get it.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use crate::Outcome;
use crate::node::Node;
use crate::project::Project;
use crate::run::{say, show};

/// Bytes of the whole console as browsers fetch it.
const PACKED_BYTES_MAX: u64 = 200 << 10;
/// What of `console/` is no source.
const MADE: [&str; 3] = ["dist", "node_modules", "src/api/schema.d.ts"];
/// The OpenAPI document, of which the build makes the types of the HTTP API.
const DOCUMENT: &str = "tests/it/snapshots/it__openapi__openapi.snap";

/// Builds the console unless it is there as its sources are. A failure is told and is no failure of the set-up.
pub fn build_or_say_why_not(project: &Project) {
    if let Err(error) = build(project) {
        say(&format!("the service is built without its console: {error}"));
    }
}

/// Builds the console unless it is there as its sources are.
pub fn build(project: &Project) -> Outcome<()> {
    let folder = project.root().join("console");
    if !folder.join("package-lock.json").is_file() {
        // The first layer of the container image has no sources.
        return Ok(());
    }
    let stamp = folder.join("node_modules/.built");
    let sources = digest(&folder, &project.root().join(DOCUMENT))?;
    if folder.join("dist/index.html").is_file() && fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    say("building the console");
    let node = Node::find_or_fetch()?;
    // Without the scripts of packages: none is needed, and none shall run.
    show(&mut node.npm(&folder, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    show(&mut node.npm(&folder, &["run", "--silent", "build"]))?;
    fs::write(&stamp, sources).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Checks the built console: its unit tests pass, and it is small. The build has checked its types.
pub fn check(project: &Project) -> Outcome<()> {
    build(project)?;
    let folder = project.root().join("console");
    let node = Node::find_or_fetch()?;
    show(&mut node.npm(&folder, &["test", "--silent"]))?;
    let dist = folder.join("dist");
    let files = files(&dist, &[])?;
    let packed: u64 = files.iter().filter(|(name, _)| name.ends_with(".br")).map(|(_, bytes)| bytes.len() as u64).sum();
    if packed == 0 || packed > PACKED_BYTES_MAX {
        return Err(format!("the console has {packed} bytes compressed, of 1 to {PACKED_BYTES_MAX} that it may have"));
    }
    say(&format!("the console has {packed} bytes compressed, of {PACKED_BYTES_MAX} that it may have"));
    Ok(())
}

/// A digest of the console's sources and of the OpenAPI document.
fn digest(folder: &Path, document: &Path) -> Outcome<String> {
    let mut hasher = DefaultHasher::new();
    files(folder, &MADE)?.hash(&mut hasher);
    fs::read(document).map_err(|error| format!("{}: {error}", document.display()))?.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Every file below `folder` by relative path, but for what lies in the folders `without`.
fn files(folder: &Path, without: &[&str]) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        let in_next = |error: std::io::Error| format!("{}: {error}", next.display());
        for entry in fs::read_dir(&next).map_err(in_next)?.flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).map(|name| name.display().to_string()).unwrap_or_default();
            if without.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                todo.push(path);
            } else {
                found.insert(name, fs::read(&path).map_err(in_next)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn the_digest_is_of_the_sources_and_the_document_alone() {
        let folder = env::temp_dir().join(format!("shelfmark-xtask-console-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join("dist")).unwrap();
        fs::write(folder.join("src/a.ts"), "1").unwrap();
        let document = env::temp_dir().join(format!("shelfmark-xtask-document-{}", std::process::id()));
        fs::write(&document, "1").unwrap();
        let before = digest(&folder, &document).unwrap();
        fs::write(folder.join("dist/a.js"), "1").unwrap();
        assert_eq!(digest(&folder, &document).unwrap(), before);
        fs::write(folder.join("src/a.ts"), "2").unwrap();
        let changed = digest(&folder, &document).unwrap();
        assert_ne!(changed, before);
        fs::write(&document, "2").unwrap();
        assert_ne!(digest(&folder, &document).unwrap(), changed);
        fs::remove_dir_all(folder).unwrap();
        fs::remove_file(document).unwrap();
    }
}
