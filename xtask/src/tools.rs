//! The programs of the checks, at fixed versions: compiled once into the cache folder, for all clones. A check whose
//! tool is missing fails; it is not skipped.

use std::path::PathBuf;

use crate::project::Project;
use crate::run::{say, show};
use crate::{Outcome, cache, space};

/// A program of the crate of the same name.
pub struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Licences, sources and doubles of the dependencies.
pub const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Dependencies that nothing uses.
pub const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

/// Lists of components (SBOM).
pub const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9" };

/// The program, compiled first if the cache folder does not hold it.
pub fn program(project: &Project, tool: &Tool) -> Outcome<PathBuf> {
    let Tool { name, version } = tool;
    let folder = cache::filled(&format!("{name}-{version}"), |fresh| {
        space::require(fresh, space::GB, name, "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say(&format!("compiling {name} {version} (one or two minutes, once for all clones)"));
        let build = fresh.join(".build");
        // Without optimisation: half the time to compile, and the checks take ten seconds. Without cargo-deny's
        // certificates, which only its fetching needs.
        let mut cargo =
            project.cargo(&["install", "--quiet", "--locked", "--debug", "--no-default-features", "--no-track"]);
        cargo.args(["--version", version, name]);
        // Outside the clone: its settings are for its own crates.
        cargo.current_dir(fresh).env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo.arg("--root").arg(fresh).arg("--target-dir").arg(&build);
        show(&mut cargo).map_err(|error| {
            format!(
                "{error}\n{name} could not be compiled from the crates registry; the check needs it{}",
                space::explain(fresh)
            )
        })?;
        std::fs::remove_dir_all(&build).map_err(|error| format!("{}: {error}", build.display()))
    })?;
    Ok(folder.join("bin").join(name))
}
