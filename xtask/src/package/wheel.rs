//! The Python wheel: the program, libtorch's parts, and the Python client of the same name. It depends on a package with
//! Postgres, so `pip install` brings all that `shelfmark serve` needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::package::contents::{Contents, DOCUMENTS, LIBRARIES, LICENCES, PROGRAM, SBOM};
use crate::package::tree::Tree;
use crate::package::{Release, in_path, template, write_file};
use crate::postgres;
use crate::project::{Project, json_string};
use crate::run::show;
use crate::system::python_command;

/// Package that holds the program; its modules are the launcher.
const PACKAGE: &str = "shelfmark_server";

/// Writes the wheel into `out`.
pub fn write(project: &Project, release: &Release, contents: &Contents, work: &Path, out: &Path) -> Outcome<PathBuf> {
    let client = project.root().join("clients/python");
    let mut tree = tree(&contents.tree, release);
    tree.file(format!("{PACKAGE}/__init__.py"), template(project, "python/launcher.py"));
    let mut modules = Tree::default();
    modules.folder("shelfmark", &client.join("src/shelfmark"))?;
    for (place, entry) in modules.iter().filter(|(place, _)| !place.contains("__pycache__")) {
        tree.file(place, entry.source.clone());
    }
    let manifest = client.join("pyproject.toml");
    let manifest_text = std::fs::read_to_string(&manifest).map_err(in_path(&manifest))?;
    let dependency = json_string(&manifest_text, "\ndependencies = [\"")
        .ok_or_else(|| format!("{} has no dependencies of one line", manifest.display()))?;
    let metadata = work.join("METADATA");
    write_file(&metadata, &metadata_text(&dependency))?;
    write_wheel(project, release, &tag(release, contents.glibc), &tree, &metadata, out)
}

/// The files of the wheel. Manual pages and completions go where the environment has those of others.
fn tree(files: &Tree, release: &Release) -> Tree {
    let info = format!("shelfmark-{}.dist-info", release.version);
    files.moved(|place| {
        if place == PROGRAM || place.starts_with(LIBRARIES) {
            Some(format!("{PACKAGE}/{place}"))
        } else if place == SBOM {
            Some(format!("{info}/sboms/sbom.cdx.json"))
        } else if let Some(name) = place.strip_prefix(LICENCES) {
            Some(format!("{info}/licenses{name}"))
        } else if place.starts_with(DOCUMENTS) {
            None
        } else {
            Some(format!("shelfmark-{}.data/data/{place}", release.version))
        }
    })
}

/// What pip compares with the system: any Python 3, and a glibc that has all symbols.
fn tag(release: &Release, (major, minor): (u32, u32)) -> String {
    format!("py3-none-manylinux_{major}_{minor}_{}", release.architecture)
}

/// The fields after name and version, and the description.
fn metadata_text(client_dependency: &str) -> String {
    format!(
        "Summary: Embeddings and recommendations from a model that learns from every event: the service and its client\n\
         License-Expression: (Apache-2.0 OR MIT) AND BSD-3-Clause\n\
         Requires-Python: >=3.10\n\
         Requires-Dist: {client_dependency}\n\
         Requires-Dist: {}\n\
         Provides-Extra: numpy\n\
         Requires-Dist: numpy>=1.22 ; extra == \"numpy\"\n\
         Description-Content-Type: text/markdown\n\n\
         `shelfmark serve` runs the service on http://127.0.0.1:8080, with a Postgres of its own.\n\
         `import shelfmark` is its client.\n",
        postgres::REQUIREMENT
    )
}

/// Writes a wheel of these files.
fn write_wheel(
    project: &Project,
    release: &Release,
    tag: &str,
    tree: &Tree,
    metadata: &Path,
    out: &Path,
) -> Outcome<PathBuf> {
    let list: String =
        tree.iter().map(|(place, entry)| format!("{:o}\t{}\t{place}\n", entry.mode, entry.source.display())).collect();
    let list_file = metadata.with_extension("list");
    write_file(&list_file, &list)?;
    let mut python = python_command()?;
    python.arg(template(project, "python/build_wheel.py")).arg(out).args(["shelfmark", &release.version, tag]);
    python.arg(release.epoch.to_string()).arg(metadata);
    run_with_input(&mut python, &list_file)?;
    Ok(out.join(format!("shelfmark-{}-{tag}.whl", release.version)))
}

fn run_with_input(command: &mut Command, input: &Path) -> Outcome<()> {
    let input = std::fs::File::open(input).map_err(in_path(input))?;
    show(command.stdin(Stdio::from(input)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::read;
    use std::fs;

    fn release() -> Release {
        Release { version: "1.2.3".to_owned(), epoch: 1_700_000_000, architecture: "x86_64" }
    }

    #[test]
    fn files_lie_where_pip_puts_them() {
        let mut files = Tree::default();
        files.program(PROGRAM, PathBuf::new());
        for place in ["lib/shelfmark/libc10.so", SBOM, "share/doc/shelfmark/licences/a", "share/doc/shelfmark/docs/b"] {
            files.file(place, PathBuf::new());
        }
        files.file("share/man/man1/shelfmark.1", PathBuf::new());
        let tree = tree(&files, &release());
        let places: Vec<&str> = tree.iter().map(|(place, _)| place).collect();
        assert_eq!(
            places,
            [
                "shelfmark-1.2.3.data/data/share/man/man1/shelfmark.1",
                "shelfmark-1.2.3.dist-info/licenses/a",
                "shelfmark-1.2.3.dist-info/sboms/sbom.cdx.json",
                "shelfmark_server/bin/shelfmark",
                "shelfmark_server/lib/shelfmark/libc10.so",
            ]
        );
    }

    #[test]
    fn the_record_of_a_wheel_holds_and_two_runs_give_the_same_bytes() {
        let project = Project::here().unwrap();
        let folder = std::env::temp_dir().join(format!("shelfmark-xtask-wheel-{}", std::process::id()));
        write_file(&folder.join("program"), "#!/bin/sh\n").unwrap();
        write_file(&folder.join("METADATA"), &metadata_text("httpx>=0.27,<1")).unwrap();
        let mut files = Tree::default();
        files.program("shelfmark_server/bin/shelfmark", folder.join("program"));
        files.file("shelfmark_server/a", folder.join("METADATA"));
        let tag = tag(&release(), (2, 35));
        let wheels: Vec<Vec<u8>> = ["one", "two"]
            .iter()
            .map(|name| {
                let out = folder.join(name);
                fs::create_dir_all(&out).unwrap();
                let wheel = write_wheel(&project, &release(), &tag, &files, &folder.join("METADATA"), &out).unwrap();
                assert!(wheel.ends_with("shelfmark-1.2.3-py3-none-manylinux_2_35_x86_64.whl"), "{wheel:?}");
                fs::read(wheel).unwrap()
            })
            .collect();
        assert!(wheels[0] == wheels[1], "two runs write other bytes");
        // By the rules of the format, apart from the writer.
        let check = "
import base64, csv, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
rows = list(csv.reader(io.StringIO(wheel.read('shelfmark-1.2.3.dist-info/RECORD').decode())))
assert sorted(row[0] for row in rows) == sorted(wheel.namelist()), rows
for name, digest, size in rows[:-1]:
    content = wheel.read(name)
    wanted = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
    assert (digest, int(size)) == ('sha256=' + wanted, len(content)), name
assert rows[-1] == ['shelfmark-1.2.3.dist-info/RECORD', '', ''], rows
assert wheel.getinfo('shelfmark_server/bin/shelfmark').external_attr >> 16 == 0o100755
print(wheel.read('shelfmark-1.2.3.dist-info/METADATA').decode())
";
        let wheel = folder.join("one").join(format!("shelfmark-1.2.3-{tag}.whl"));
        let metadata = read(python_command().unwrap().args(["-c", check]).arg(wheel)).unwrap();
        assert!(metadata.contains("\nVersion: 1.2.3\nSummary: "), "{metadata}");
        assert!(metadata.contains(&format!("\nRequires-Dist: {}\n", postgres::REQUIREMENT)), "{metadata}");
        fs::remove_dir_all(folder).unwrap();
    }
}
