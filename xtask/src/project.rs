//! The clone that a command was called in: its root, its cargo, and the file that tells cargo where libtorch is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::run::read;

/// The folder with the workspace's Cargo.toml.
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the clone at run time: this program may have been compiled in another one, or before the clone was moved.
    /// `cargo run` says whose xtask it runs; a program started by hand looks upwards from the current folder.
    pub fn here() -> Outcome<Self> {
        let named = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let current = env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
        Self::find(named.as_deref(), &current)
    }

    /// The clone whose xtask is `named`, else the one that `current` lies in.
    fn find(named: Option<&Path>, current: &Path) -> Outcome<Self> {
        let named = named.filter(|folder| folder.ends_with("xtask")).and_then(Path::parent);
        named
            .into_iter()
            .chain(current.ancestors())
            .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("xtask/src/main.rs").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| format!("{} is not in a clone of Shelfmark: change into one", current.display()))
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A cargo command for this clone. What `cargo run` set for us is not passed on: cargo reads LIBTORCH from its
    /// configuration, which a set-up may have just changed.
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).args(args);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        if self.own_libtorch().is_none() {
            cargo.env_remove("LIBTORCH");
        }
        cargo
    }

    /// The user's LIBTORCH. Ours is also in the environment, because `cargo run` puts the configuration's there.
    pub fn own_libtorch(&self) -> Option<PathBuf> {
        let value = PathBuf::from(env::var_os("LIBTORCH").filter(|value| !value.is_empty())?);
        let before_setup = self.root.join(".cargo/libtorch-missing");
        let ours = value == before_setup || Some(&value) == self.configured_libtorch().as_ref();
        (!ours).then_some(value)
    }

    /// What an earlier set-up wrote.
    pub fn configured_libtorch(&self) -> Option<PathBuf> {
        let text = fs::read_to_string(self.libtorch_toml()).ok()?;
        json_string(&text, "LIBTORCH = { value = \"").map(PathBuf::from)
    }

    /// Points cargo (and so editors) at `folder`. An unchanged file is left alone.
    pub fn configure_libtorch(&self, folder: &Path) -> Outcome<()> {
        let value = folder.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!(
            "# Written by `cargo xtask setup`. LIBTORCH in the environment wins over it.\n[env]\n\
             LIBTORCH = {{ value = \"{value}\", relative = false }}\n"
        );
        let path = self.libtorch_toml();
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        let fresh = path.with_extension("toml.part");
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, &path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Where cargo builds: CARGO_TARGET_DIR and cargo's configuration are cargo's to know.
    pub fn target(&self) -> Outcome<PathBuf> {
        let metadata = read(&mut self.cargo(&["metadata", "--no-deps", "--format-version=1", "--offline"]))?;
        json_string(&metadata, "\"target_directory\":\"")
            .map(PathBuf::from)
            .ok_or_else(|| "`cargo metadata` did not say where it builds".to_owned())
    }

    /// An empty folder where cargo builds.
    pub fn scratch(&self, name: &str) -> Outcome<PathBuf> {
        let scratch = self.target()?.join(name);
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        }
        fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(scratch)
    }

    fn libtorch_toml(&self) -> PathBuf {
        self.root.join(".cargo/libtorch.toml")
    }
}

/// The string that `before` opens in `text`: paths of cargo's JSON and of TOML, which escape quotes and backslashes
/// alike.
pub fn json_string(text: &str, before: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    let mut found = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => return Some(found),
            '\\' => found.push(letters.next()?),
            letter => found.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with what makes a clone one; removed by the caller.
    fn clone(name: &str) -> PathBuf {
        let root = env::temp_dir().join(format!("shelfmark-xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("xtask/src")).unwrap();
        fs::create_dir_all(root.join(".cargo")).unwrap();
        fs::create_dir_all(root.join("src/deep")).unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
        fs::write(root.join("xtask/src/main.rs"), "").unwrap();
        root
    }

    #[test]
    fn the_manifest_folder_wins_over_the_current_folder() {
        let (one, other) = (clone("named"), clone("current"));
        let found = Project::find(Some(&one.join("xtask")), &other).unwrap();
        assert_eq!(found.root(), one);
        fs::remove_dir_all(one).unwrap();
        fs::remove_dir_all(other).unwrap();
    }

    #[test]
    fn without_a_usable_manifest_folder_the_clone_is_found_upwards() {
        let root = clone("upwards");
        for named in [None, Some(Path::new("/gone/xtask")), Some(root.join("src").as_path())] {
            assert_eq!(Project::find(named, &root.join("src/deep")).unwrap().root(), root);
        }
        let error = Project::find(None, Path::new("/")).map(|_| ()).unwrap_err();
        assert!(error.contains("not in a clone"), "{error}");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_configured_libtorch_is_read_back_as_written() {
        let root = clone("configured");
        let project = Project::find(None, &root).unwrap();
        assert_eq!(project.configured_libtorch(), None);
        for folder in ["/plain", "/with \"quotes\" and \\ and a \", of its own"] {
            project.configure_libtorch(Path::new(folder)).unwrap();
            assert_eq!(project.configured_libtorch().as_deref(), Some(Path::new(folder)));
        }
        fs::remove_dir_all(root).unwrap();
    }
}
