//! Licences of what the program contains: the Rust crates, and the packages of the web console.

use std::path::Path;

use crate::Outcome;
use crate::package::{in_path, template, write_file};
use crate::project::Project;
use crate::run::{read, show};
use crate::system::python_command;

/// Writes `rust-crates.txt` and `console.txt` into `folder`. A package without a text of its own is named with its
/// licence.
pub fn gather(project: &Project, folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(in_path(folder))?;
    let scratch = folder.with_extension("work");
    let metadata = scratch.join("metadata.json");
    write_file(&metadata, &read(&mut project.cargo(&["metadata", "--format-version=1", "--locked"]))?)?;
    // What is linked: without what builds and tests alone need.
    let tree = ["tree", "--locked", "--package", "shelfmark", "--edges", "normal", "--prefix", "none"];
    let linked = scratch.join("linked.txt");
    write_file(&linked, &read(project.cargo(&tree).args(["--format", "{p}"]))?)?;
    let mut python = python_command()?;
    python.arg(template(project, "licences.py")).arg(&metadata).arg(&linked);
    show(python.arg(project.root().join("console")).arg(folder))
}
