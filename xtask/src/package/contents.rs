//! Contents of every package: the program, the libraries that it needs, manual pages, completions, documents, licences.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package::elf::{self, Needs};
use crate::package::tree::Tree;
use crate::package::{Release, in_path, licences, megabytes, sbom, write_file};
use crate::project::Project;
use crate::run::{read, say};
use crate::{Outcome, libtorch};

/// Where the program lies in a tree.
pub const PROGRAM: &str = "bin/shelfmark";
/// Folder of the libraries in a tree.
pub const LIBRARIES: &str = "lib/shelfmark";
/// Where the program looks for them.
const RPATH: &str = "$ORIGIN/../lib/shelfmark";
/// Folder of documents in a tree.
pub const DOCUMENTS: &str = "share/doc/shelfmark";
/// Folder of licences in a tree.
pub const LICENCES: &str = "share/doc/shelfmark/licences";
/// List of components in a tree.
pub const SBOM: &str = "share/doc/shelfmark/sbom.cdx.json";
/// Script for zsh in a tree.
pub const ZSH: &str = "share/zsh/site-functions/_shelfmark";

/// Shells whose completions are shipped, and where they look for them.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/shelfmark"),
    ("fish", "share/fish/vendor_completions.d/shelfmark.fish"),
    ("zsh", ZSH),
];

/// Libraries that every Linux with glibc has, and those of GCC's packages.
const OF_SYSTEM: [&str; 10] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
];

/// Files of the programs, and what the system has to bring.
pub struct Contents {
    /// The files below a prefix.
    pub tree: Tree,
    /// Oldest glibc that all programs run with.
    pub glibc: (u32, u32),
    /// Newest version of libstdc++ that a symbol asks for.
    pub glibcxx: (u32, u32),
}

/// Gathers the files of all packages in the folder `work`. `program` was built with the libraries in `libtorch` beside it.
pub fn gather(project: &Project, release: &Release, program: &Path, work: &Path) -> Outcome<Contents> {
    let mut tree = Tree::default();
    let (glibc, glibcxx) = programs(program, work, &mut tree)?;
    generated(program, work, &mut tree)?;
    for name in ["CHANGELOG.md", "README.md"] {
        tree.file(format!("{DOCUMENTS}/{name}"), project.root().join(name));
    }
    tree.folder(&format!("{DOCUMENTS}/docs"), &project.root().join("docs"))?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT", "THIRD_PARTY_NOTICES.md"] {
        tree.file(format!("{LICENCES}/{name}"), project.root().join(name));
    }
    let licences = work.join("licences");
    licences::gather(project, &licences)?;
    tree.folder(LICENCES, &licences)?;
    tree.folder(&format!("{LICENCES}/libtorch"), &libtorch::licences()?)?;
    let list = work.join("sbom.cdx.json");
    sbom::write(project, release, &list)?;
    tree.file(SBOM, list);
    Ok(Contents { tree, glibc, glibcxx })
}

/// Adds the program and its libraries, stripped, and says what they weigh. Returns the newest versions of glibc and of
/// libstdc++ that they ask for.
fn programs(program: &Path, work: &Path, tree: &mut Tree) -> Outcome<((u32, u32), (u32, u32))> {
    let libraries = program.with_file_name("libtorch");
    if !libraries.is_dir() {
        return Err(format!(
            "{} is not there: packages carry the libtorch of the set-up, not one of your own (LIBTORCH)",
            libraries.display()
        ));
    }
    let folder = work.join("stripped");
    fs::create_dir_all(&folder).map_err(in_path(&folder))?;
    let (mut glibc, mut glibcxx) = ((0, 0), (0, 0));
    // Each file once, the program first.
    let mut todo = vec![program.to_owned()];
    let mut done = BTreeMap::new();
    while let Some(file) = todo.pop() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if done.contains_key(&name) {
            continue;
        }
        let needs = Needs::of(&file)?;
        (glibc, glibcxx) = (glibc.max(needs.glibc), glibcxx.max(needs.glibcxx));
        todo.extend(carried(&name, &needs.libraries, &libraries)?);
        let small = folder.join(&name);
        elf::stripped(&file, &small)?;
        let sizes = [&file, &small].map(|file| fs::metadata(file).map(|found| found.len()));
        let [Ok(built), Ok(shipped)] = sizes else { return Err(format!("{} cannot be read", small.display())) };
        say(&format!("{name}: {}, stripped {}", megabytes(built), megabytes(shipped)));
        done.insert(name, small);
    }
    for (name, small) in done {
        if program.ends_with(&name) {
            // The folders of this machine leave the program.
            elf::replace_rpath(&small, RPATH)?;
            for (section, bytes) in elf::sections(&small)?.into_iter().take_while(|(_, bytes)| *bytes > 500_000) {
                say(&format!("  {section}: {}", megabytes(bytes)));
            }
            tree.program(PROGRAM, small);
        } else {
            tree.file(format!("{LIBRARIES}/{name}"), small);
        }
    }
    Ok((glibc, glibcxx))
}

/// The files of those libraries that a package has to carry: what is not the system's has to be there.
fn carried(name: &str, libraries: &[String], folder: &Path) -> Outcome<Vec<PathBuf>> {
    let own = libraries.iter().filter(|library| !OF_SYSTEM.contains(&library.as_str()));
    own.map(|library| {
        let file = folder.join(library);
        if file.is_file() {
            Ok(file)
        } else {
            Err(format!("{name} needs {library}, which is neither the system's nor in {}", folder.display()))
        }
    })
    .collect()
}

/// Adds what the program prints of itself: manual pages and completions.
fn generated(program: &Path, work: &Path, tree: &mut Tree) -> Outcome<()> {
    let pages = work.join("man1");
    read(Command::new(program).arg("man-pages").arg(&pages))?;
    tree.folder("share/man/man1", &pages)?;
    for (shell, place) in SHELLS {
        let script = work.join(format!("completions.{shell}"));
        write_file(&script, &read(Command::new(program).args(["completions", shell]))?)?;
        tree.file(place, script);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_nobody_is_named() {
        let folder = std::env::temp_dir().join(format!("shelfmark-xtask-carried-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("libtorch_cpu.so"), "").unwrap();
        let needs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = carried("shelfmark", &needs(&["libc.so.6", "libtorch_cpu.so"]), &folder).unwrap();
        assert_eq!(found, [folder.join("libtorch_cpu.so")]);
        let error = carried("shelfmark", &needs(&["libssl.so.3"]), &folder).unwrap_err();
        assert!(error.starts_with("shelfmark needs libssl.so.3, which is neither"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
