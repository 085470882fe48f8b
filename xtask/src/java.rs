//! Java and Maven: whether the machine has them, and jars from Maven's central repository.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::run::{is_root, on_path, show};

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies";

/// Makes sure of both, where checks may install what is missing. The reason when the machine has them not.
pub fn ensure() -> Outcome<Result<(), String>> {
    for (program, package) in [("java", "default-jdk-headless"), ("mvn", "maven")] {
        if on_path(program) {
            continue;
        }
        if env::var_os("SHELFMARK_CI").is_none() || !is_root() || !on_path("apt-get") {
            return Ok(Err(format!("{program} is missing (Debian's {package})")));
        }
        show(Command::new("apt-get").args(["install", "-y", "--no-install-recommends", package]))?;
    }
    Ok(Ok(()))
}

/// The manifest of a project that needs one library.
pub fn manifest(group: &str, artifact: &str, version: &str) -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shelfmark</groupId><artifactId>fetch-{artifact}</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"#
    )
}

/// Copies what the manifest in a folder needs at run time into its folder `jars`.
pub fn copy_jars(folder: &Path) -> Outcome<()> {
    let mut maven = Command::new("mvn");
    maven.current_dir(folder).args(["--quiet", "--batch-mode", "--strict-checksums", PLUGIN, "-DoutputDirectory=jars"]);
    maven.arg("-DincludeScope=runtime");
    show(&mut maven).map_err(|error| {
        format!("{error}\nit is fetched from Maven's central repository once: run this again with a network")
    })
}
