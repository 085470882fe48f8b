//! The list of components (SBOM) in CycloneDX: the Rust crates by cargo-cyclonedx, and what is carried besides.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::package::{Release, in_path, template};
use crate::project::Project;
use crate::run::{read, show};
use crate::system::python_command;
use crate::{libtorch, postgres, tools};

/// Version of the format.
const SPEC_VERSION: &str = "1.5";

/// Writes the list to `out`.
pub fn write(project: &Project, release: &Release, out: &Path) -> Outcome<()> {
    let tool = tools::program(project, &tools::CYCLONEDX)?;
    // It writes beside every manifest, so it works on a copy of the sources.
    let copy = project.scratch("package-work-sources")?;
    copy_sources(project, &copy)?;
    let mut cyclonedx = Command::new(tool);
    cyclonedx.current_dir(&copy).args(["cyclonedx", "--format", "json", "--spec-version", SPEC_VERSION, "--quiet"]);
    cyclonedx.args(["--no-build-deps", "--override-filename", "sbom"]);
    cyclonedx.arg("--target").arg(format!("{}-unknown-linux-gnu", release.architecture));
    show(&mut cyclonedx)?;
    let mut python = python_command()?;
    python.arg(template(project, "sbom.py")).arg(copy.join("sbom.json")).arg(out);
    python.arg(release.epoch.to_string()).args(libtorch::requirements()).arg(postgres::REQUIREMENT);
    show(&mut python)?;
    fs::remove_dir_all(&copy).map_err(in_path(&copy))
}

/// Copies the files that git knows, as they are now.
fn copy_sources(project: &Project, to: &Path) -> Outcome<()> {
    let names = read(
        Command::new("git")
            .current_dir(project.root())
            .args(["ls-files", "--cached", "--others", "-z"])
            .arg("--exclude-standard"),
    )?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (project.root().join(name), to.join(name));
        // A file may be deleted and not yet committed so.
        if from.is_file() {
            let above = to.parent().unwrap_or(&to);
            fs::create_dir_all(above).map_err(in_path(above))?;
            fs::copy(&from, &to).map_err(in_path(&from))?;
        }
    }
    Ok(())
}
