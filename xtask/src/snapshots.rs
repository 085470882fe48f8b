//! Snapshots that no test asked for are left-overs of tests that changed or went; they are not kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::project::Project;

/// Makes the tests of `cargo` write down which snapshot files they compare with.
pub fn watch(project: &Project, cargo: &mut Command) -> Outcome<()> {
    let references = references(project)?;
    if references.exists() {
        fs::remove_file(&references).map_err(|error| format!("{}: {error}", references.display()))?;
    }
    cargo.env("INSTA_SNAPSHOT_REFERENCES_FILE", references);
    Ok(())
}

/// After a full and successful run: every snapshot file was asked for, and none is waiting to be accepted.
pub fn check(project: &Project) -> Outcome<()> {
    let used = fs::read_to_string(references(project)?).unwrap_or_default();
    let used: BTreeSet<PathBuf> = used.lines().filter_map(|line| fs::canonicalize(line).ok()).collect();
    let mut kept = Vec::new();
    for room in ["src", "crates", "tests"] {
        collect(&project.root().join(room), &mut kept);
    }
    for file in kept {
        if file.extension().is_some_and(|kind| kind == "new") {
            return Err(format!("{} waits to be accepted or removed", file.display()));
        }
        if !used.contains(&fs::canonicalize(&file).unwrap_or_default()) {
            return Err(format!("no test compares with {}: remove it", file.display()));
        }
    }
    Ok(())
}

fn references(project: &Project) -> Outcome<PathBuf> {
    Ok(project.target()?.join("snapshot-references"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            collect(&path, found);
        } else if name.ends_with(".snap") || name.ends_with(".snap.new") {
            found.push(path);
        }
    }
}
