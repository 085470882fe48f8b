//! The Debian package: the program below `/usr`, a unit of systemd, and the user that it runs as.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::package::contents::{Contents, DOCUMENTS, ZSH};
use crate::package::tree::Tree;
use crate::package::{Release, in_path, template, write_file};
use crate::project::Project;
use crate::run::{read, show};

/// Where zsh looks for completions of Debian's packages.
const ZSH_OF_DEBIAN: &str = "usr/share/zsh/vendor-completions/_shelfmark";
/// The file of settings, which is the administrator's.
const SETTINGS: &str = "etc/default/shelfmark";
/// Scripts that dpkg runs.
const SCRIPTS: [&str; 3] = ["postinst", "postrm", "prerm"];

/// Writes the package into `out`.
pub fn write(project: &Project, release: &Release, contents: &Contents, work: &Path, out: &Path) -> Outcome<PathBuf> {
    let folder = work.join("deb");
    let tree = tree(project, &contents.tree);
    tree.write(&folder, release.epoch)?;
    let architecture = debian_architecture(release.architecture)?;
    let control = control(release, architecture, &depends(contents)?, tree.bytes()? / 1024);
    let debian = folder.join("DEBIAN");
    write_file(&debian.join("control"), &control)?;
    write_file(&debian.join("conffiles"), &format!("/{SETTINGS}\n"))?;
    let files = tree.iter().map(|(place, _)| place).filter(|place| *place != SETTINGS);
    write_file(&debian.join("md5sums"), &read(Command::new("md5sum").current_dir(&folder).args(files))?)?;
    for name in SCRIPTS {
        let script = debian.join(name);
        fs::copy(template(project, &format!("debian/{name}")), &script).map_err(in_path(&script))?;
        fs::set_permissions(&script, Permissions::from_mode(0o755)).map_err(in_path(&script))?;
    }
    let package = out.join(format!("shelfmark_{}_{architecture}.deb", release.version));
    let mut build = Command::new("dpkg-deb");
    // Newer files get this time; the entries are sorted by dpkg-deb itself.
    build.env("SOURCE_DATE_EPOCH", release.epoch.to_string());
    build.args(["--root-owner-group", "-Zzstd", "-z12", "--build"]).arg(&folder).arg(&package);
    show(&mut build)?;
    Ok(package)
}

/// The files of the package, from the root.
fn tree(project: &Project, files: &Tree) -> Tree {
    let mut tree =
        files.moved(|place| Some(if place == ZSH { ZSH_OF_DEBIAN.to_owned() } else { format!("usr/{place}") }));
    tree.file("usr/lib/systemd/system/shelfmark.service", template(project, "systemd/shelfmark.service"));
    tree.file("usr/lib/sysusers.d/shelfmark.conf", template(project, "systemd/shelfmark.sysusers.conf"));
    tree.file(SETTINGS, template(project, "debian/shelfmark.default"));
    tree.file(format!("usr/{DOCUMENTS}/copyright"), template(project, "debian/copyright"));
    tree
}

fn debian_architecture(architecture: &str) -> Outcome<&'static str> {
    match architecture {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => Err(format!("no name of Debian is known for the architecture {other}")),
    }
}

/// The packages that the program cannot start without.
fn depends(contents: &Contents) -> Outcome<String> {
    let (major, minor) = contents.glibc;
    // The release of GCC that brought a version of libstdc++; a later one has it too.
    let gcc = match contents.glibcxx {
        (4, 0..=28) => 10,
        (4, 29) => 11,
        (4, 30) => 12,
        (4, 31..=32) => 13,
        (4, 33) => 14,
        (4, 34) => 15,
        (other, minor) => return Err(format!("no GCC is known for GLIBCXX_3.{other}.{minor}")),
    };
    // useradd, where systemd is not installed.
    Ok(format!("libc6 (>= {major}.{minor}), libgcc-s1, libstdc++6 (>= {gcc}), passwd"))
}

/// The fields that dpkg reads.
fn control(release: &Release, architecture: &str, depends: &str, kilobytes: u64) -> String {
    format!(
        "Package: shelfmark\n\
         Version: {}\n\
         Architecture: {architecture}\n\
         Maintainer: The authors of Shelfmark <root@localhost>\n\
         Installed-Size: {kilobytes}\n\
         Depends: {depends}\n\
         Recommends: postgresql (>= 15)\n\
         Section: database\n\
         Priority: optional\n\
         Description: embeddings and recommendations from a model that learns online\n \
         A web service that serves embeddings and recommendations from a model which\n \
         learns from every event. Versions of the model are kept in Postgres, where\n \
         they can be pinned, compared and rolled back to.\n \
         .\n \
         The package carries the parts of libtorch that it needs, and starts the\n \
         service on 127.0.0.1:8080. Without a database of its own in\n \
         /etc/default/shelfmark it runs one with the programs of package postgresql.\n",
        release.version
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release { version: "1.2.3".to_owned(), epoch: 1_700_000_000, architecture: "x86_64" }
    }

    #[test]
    fn dpkg_reads_the_fields() {
        let folder = std::env::temp_dir().join(format!("shelfmark-xtask-deb-{}", std::process::id()));
        let contents = Contents { tree: Tree::default(), glibc: (2, 35), glibcxx: (4, 29) };
        let depends = depends(&contents).unwrap();
        assert_eq!(depends, "libc6 (>= 2.35), libgcc-s1, libstdc++6 (>= 11), passwd");
        write_file(&folder.join("tree/DEBIAN/control"), &control(&release(), "amd64", &depends, 42)).unwrap();
        let mut packages = Vec::new();
        for name in ["one.deb", "two.deb"] {
            let package = folder.join(name);
            let mut build = Command::new("dpkg-deb");
            build.env("SOURCE_DATE_EPOCH", "1700000000").args(["--root-owner-group", "-Zzstd", "--build"]);
            show(build.arg(folder.join("tree")).arg(&package)).unwrap();
            let field = |name: &str| read(Command::new("dpkg-deb").arg("--field").arg(&package).arg(name)).unwrap();
            assert_eq!(field("Version").trim(), "1.2.3");
            assert_eq!(field("Depends").trim(), depends);
            assert_eq!(field("Recommends").trim(), "postgresql (>= 15)");
            assert!(field("Description").contains("\n .\n The package carries"));
            packages.push(fs::read(&package).unwrap());
        }
        assert!(packages[0] == packages[1], "two runs write other bytes");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn files_lie_where_debian_has_them() {
        let project = Project::here().unwrap();
        let mut files = Tree::default();
        files.program("bin/shelfmark", PathBuf::from("/program"));
        files.file(ZSH, PathBuf::from("/script"));
        let tree = tree(&project, &files);
        let places: Vec<&str> = tree.iter().map(|(place, _)| place).collect();
        for place in ["usr/bin/shelfmark", ZSH_OF_DEBIAN, SETTINGS, "usr/lib/systemd/system/shelfmark.service"] {
            assert!(places.contains(&place), "{place} is not in {places:?}");
        }
        assert!(tree.iter().all(|(_, entry)| (entry.mode == 0o755) == entry.source.ends_with("program")));
        for name in SCRIPTS {
            assert!(template(&project, &format!("debian/{name}")).is_file(), "{name}");
        }
    }
}
