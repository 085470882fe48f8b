//! This clone: its root, and the file that tells cargo where libtorch is.

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
    /// The clone that this program was built from.
    pub fn here() -> Outcome<Self> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        match xtask.parent() {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.to_owned() }),
            _ => Err(format!("{} has moved: build xtask again", xtask.display())),
        }
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
        let line = text.lines().find_map(|line| line.strip_prefix("LIBTORCH = { value = \""))?;
        let value = line.split("\", ").next()?;
        Some(PathBuf::from(value.replace("\\\"", "\"").replace("\\\\", "\\")))
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
        metadata
            .split("\"target_directory\":\"")
            .nth(1)
            .and_then(|rest| rest.split("\",\"").next())
            .map(|folder| PathBuf::from(folder.replace("\\\"", "\"").replace("\\\\", "\\")))
            .ok_or_else(|| "`cargo metadata` did not say where it builds".to_owned())
    }

    fn libtorch_toml(&self) -> PathBuf {
        self.root.join(".cargo/libtorch.toml")
    }
}
