//! Packages of one release build: a tar.zst, a .deb and a Python wheel. All three hold the same stripped program,
//! libtorch's CPU parts, manual pages, completions and licences; [`trial`] installs and starts each in a bare Debian.
//!
//! Two runs on one commit and one machine give the same bytes: entries are sorted, and have the time of the commit (or
//! SOURCE_DATE_EPOCH) and no owner.

mod archive;
mod boot;
mod contents;
mod deb;
mod debian_root;
mod elf;
mod licences;
mod sbom;
mod tree;
pub mod trial;
mod wheel;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{Project, json_string};
use crate::run::{on_path, read, say};
use crate::space::{self, GB};
use crate::{Outcome, commands};

/// What all packages of a run have in common.
pub struct Release {
    /// Version of the workspace.
    version: String,
    /// Time of every entry, in seconds since 1970.
    epoch: u64,
    /// Architecture as Rust calls it, such as `x86_64`.
    architecture: &'static str,
}

impl Release {
    /// The release of the clone as it is checked out.
    fn of(project: &Project) -> Outcome<Self> {
        let manifest = project.root().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(in_path(&manifest))?;
        let version = json_string(&text, "[workspace.package]\nversion = \"")
            .ok_or_else(|| format!("{} has no version below [workspace.package]", manifest.display()))?;
        Ok(Self { version, epoch: epoch(project)?, architecture: env::consts::ARCH })
    }

    /// Name of packages that name a whole system, without an ending.
    fn name(&self) -> String {
        format!("shelfmark-{}-{}-linux-gnu", self.version, self.architecture)
    }
}

/// Programs that make packages, with the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 7] = [
    ("readelf", "binutils"),
    ("strip", "binutils"),
    ("tar", "tar"),
    ("zstd", "zstd"),
    ("dpkg-deb", "dpkg"),
    ("sha256sum", "coreutils"),
    ("md5sum", "coreutils"),
];

/// Builds the release and makes all packages in `target/package`, or in the folder that `--out` names.
pub fn make(project: &Project, args: &[String]) -> Outcome<()> {
    let out = match args {
        [] => project.target()?.join("package"),
        [flag, folder] if flag == "--out" => {
            std::path::absolute(folder).map_err(|error| format!("--out {folder}: {error}"))?
        }
        _ => return Err("usage: cargo xtask package [--out FOLDER]".to_owned()),
    };
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !on_path(program)).map(|found| found.1).collect();
    if !missing.is_empty() {
        return Err(format!(
            "packages are made with programs that are missing here: \
             apt-get install -y --no-install-recommends {}",
            missing.join(" ")
        ));
    }
    let program = commands::build_for_packages(project)?;
    space::require(&out, 2 * GB, "making packages", "name a folder with more by --out")?;
    let release = Release::of(project)?;
    let work = project.scratch("package-work")?;
    let tree = contents::gather(project, &release, &program, &work)?;
    fs::create_dir_all(&out).map_err(in_path(&out))?;
    let packages = [
        archive::write(&release, &tree, &work, &out)?,
        deb::write(project, &release, &tree, &work, &out)?,
        wheel::write(project, &release, &tree, &work, &out)?,
    ];
    let sums = sha256_sums(&out, packages.iter().filter_map(|package| package.file_name()?.to_str()))?;
    write_file(&out.join("SHA256SUMS"), &sums)?;
    for package in &packages {
        let bytes = fs::metadata(package).map_err(in_path(package))?.len();
        say(&format!("{} ({})", package.display(), megabytes(bytes)));
    }
    fs::remove_dir_all(&work).map_err(in_path(&work))
}

/// Time of all entries: SOURCE_DATE_EPOCH, as the reproducible-builds project defines it, else that of the commit.
fn epoch(project: &Project) -> Outcome<u64> {
    // What a zip file can say begins in 1980.
    const ZIP_EPOCH: u64 = 315_532_800;
    if let Some(set) = env::var_os("SOURCE_DATE_EPOCH") {
        let seconds = set.to_str().and_then(|text| text.parse().ok());
        return seconds.filter(|seconds| *seconds >= ZIP_EPOCH).ok_or_else(|| {
            format!("SOURCE_DATE_EPOCH is {set:?}, which is no time in seconds since 1970, after 1980")
        });
    }
    // Sources without a history, such as an unpacked archive.
    let of_commit = read(Command::new("git").current_dir(project.root()).args(["log", "-1", "--format=%ct"]));
    Ok(of_commit.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(ZIP_EPOCH))
}

/// The lines of `sha256sum` for files of a folder.
fn sha256_sums<'a>(folder: &Path, names: impl Iterator<Item = &'a str>) -> Outcome<String> {
    read(Command::new("sha256sum").current_dir(folder).arg("--").args(names))
}

/// Writes a file, and the folders above it.
fn write_file(path: &Path, text: &str) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(in_path(folder))?;
    }
    fs::write(path, text).map_err(in_path(path))
}

/// Adds the path to an I/O error.
fn in_path(path: &Path) -> impl FnOnce(std::io::Error) -> String + use<> {
    let path = path.to_owned();
    move |error| format!("{}: {error}", path.display())
}

/// A size in megabytes of 10^6 bytes.
fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

/// Files of a folder of the repository that packages are made from.
fn template(project: &Project, name: &str) -> PathBuf {
    project.root().join("packaging").join(name)
}
