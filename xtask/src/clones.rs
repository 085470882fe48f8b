//! Several clones on one target folder. Cargo names a crate by its path within the workspace and compares times only,
//! so it takes what it compiled in another clone for this one's. Here that is noticed, and compiled again.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::project::Project;
use crate::run::{say, show};

/// Set for the xtask that replaces one of another clone, so that it cannot happen twice.
const REPLACED: &str = "SHELFMARK_XTASK_REPLACED";

/// Compiles and becomes this clone's xtask if this program was compiled in another folder. Returns when it was not.
pub fn replace_foreign_xtask(project: &Project, args: &[String]) -> Outcome<()> {
    let own = project.root().join("xtask");
    let foreign = option_env!("CARGO_MANIFEST_DIR").is_some_and(|compiled_in| Path::new(compiled_in) != own);
    if !foreign || env::var_os(REPLACED).is_some() {
        return Ok(());
    }
    show(&mut project.cargo(&["clean", "--quiet", "--package", "xtask"]))?;
    let mut cargo = project.cargo(&["run", "--quiet", "--package", "xtask", "--manifest-path"]);
    cargo.arg(project.root().join("Cargo.toml")).arg("--").args(args).env(REPLACED, "1");
    // Relative paths among the arguments are the caller's.
    if let Ok(current) = env::current_dir() {
        cargo.current_dir(current);
    }
    Err(format!("cargo could not be run: {}", cargo.exec()))
}

/// Removes the workspace's own compiled crates from the target folder if they are another clone's; dependencies stay.
pub fn remove_foreign_crates(project: &Project) -> Outcome<()> {
    let Some(other) = stamps(&project.target()?).into_iter().find_map(|stamp| other_clone(&stamp, project.root()))
    else {
        return Ok(());
    };
    say(&format!("the target folder holds crates of {}; compiling this clone's", other.display()));
    // `cargo clean` looks at one profile at a time.
    show(&mut project.cargo(&["clean", "--quiet", "--workspace"]))?;
    show(&mut project.cargo(&["clean", "--quiet", "--workspace", "--release"]))
}

/// The files that `build/libtorch.rs` leaves in its output folders: `TARGET/PROFILE/build/shelfmark-HASH/out/clone`.
fn stamps(target: &Path) -> Vec<PathBuf> {
    let children = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    children(target.to_owned())
        .flat_map(|profile| children(profile.join("build")))
        .map(|output| output.join("out/clone"))
        .filter(|stamp| stamp.is_file())
        .collect()
}

/// The clone other than `root` that compiled what lies beside `stamp`. The rule is the same in `build/libtorch.rs`: a
/// target folder that was copied, or whose clone was moved, is this clone's.
fn other_clone(stamp: &Path, root: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(stamp).ok()?;
    let (clone, output) = text.trim_end().split_once('\n')?;
    let copied = Some(Path::new(output)) != stamp.parent();
    let other = Path::new(clone) != root && Path::new(clone).join("Cargo.toml").is_file();
    (other && !copied).then(|| PathBuf::from(clone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_living_clone_on_the_same_target_folder_is_another() {
        let folder = env::temp_dir().join(format!("shelfmark-xtask-clones-{}", std::process::id()));
        let (one, other) = (folder.join("one"), folder.join("other"));
        let output = folder.join("target/release/build/shelfmark-0123/out");
        for made in [&one, &other, &output] {
            fs::create_dir_all(made).unwrap();
        }
        fs::write(one.join("Cargo.toml"), "").unwrap();
        let stamp = output.join("clone");
        let write = |output: &Path| fs::write(&stamp, format!("{}\n{}\n", one.display(), output.display())).unwrap();

        write(&output);
        assert_eq!(stamps(&folder.join("target")), std::slice::from_ref(&stamp));
        assert_eq!(other_clone(&stamp, &one), None);
        assert_eq!(other_clone(&stamp, &other), Some(one.clone()));
        write(&folder.join("elsewhere"));
        assert_eq!(other_clone(&stamp, &other), None, "the target folder was copied");
        write(&output);
        fs::remove_dir_all(&one).unwrap();
        assert_eq!(other_clone(&stamp, &other), None, "the clone was moved");
        fs::remove_dir_all(folder).unwrap();
    }
}
