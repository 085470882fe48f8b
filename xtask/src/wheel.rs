//! Fetching Python wheels with pip and taking single files out of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{read, show};
use crate::system::python;
use crate::{Outcome, space};

/// One wheel, by exact version and content.
pub struct Wheel {
    /// As pip takes it: `name==version`.
    pub requirement: &'static str,
    /// SHA-256 of the x86-64 and of the aarch64 wheel.
    pub sha256: [&'static str; 2],
}

/// The wheels' Python version: fixed, because the content is, whatever Python runs pip.
const PYTHON_VERSION: &str = "3.12";
const GLIBC_MINORS: [u8; 7] = [17, 18, 24, 25, 26, 27, 28];

/// Takes the files of `namelist` (one a line on standard input) out of the wheel named by the first argument into the
/// folder named by the second.
const EXTRACT: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in sys.stdin.read().splitlines():
        wheel.extract(name, sys.argv[2])
";
const LIST: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    print('\\n'.join(name for name in wheel.namelist() if not name.endswith('/')))
";

/// The architecture's name in wheels; `None` where no wheel was pinned.
pub fn architecture() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("x86_64"),
        ("linux", "aarch64") => Some("aarch64"),
        _ => None,
    }
}

/// Fetches `wheels` and puts those of their files that `wanted` names into `folder`. The wheels themselves go.
/// `otherwise` tells what somebody can do whom no package index answers.
pub fn fetch(wheels: &[Wheel], folder: &Path, wanted: impl Fn(&str) -> bool, otherwise: &str) -> Outcome<()> {
    let python = python().ok_or("python3 with pip is missing")?;
    let downloads = folder.join(".wheels");
    let in_downloads = |error: std::io::Error| format!("{}: {error}", downloads.display());
    fs::create_dir(&downloads).map_err(in_downloads)?;
    download(python, wheels, &downloads).map_err(|error| {
        let names: Vec<&str> = wheels.iter().map(|wheel| wheel.requirement).collect();
        format!(
            "{error}\npip could not fetch {} from the package index of its configuration; its own words are above.{}\n\
             With a proxy set HTTPS_PROXY, with an index of your own PIP_INDEX_URL. Without a network {otherwise}",
            names.join(", "),
            space::explain(folder)
        )
    })?;
    for file in fs::read_dir(&downloads).map_err(in_downloads)?.flatten() {
        if file.path().extension().is_some_and(|kind| kind == "whl") {
            extract(python, &file.path(), folder, &wanted)
                .map_err(|error| format!("{error}{}", space::explain(folder)))?;
        }
    }
    fs::remove_dir_all(&downloads).map_err(in_downloads)
}

fn download(python: &str, wheels: &[Wheel], downloads: &Path) -> Outcome<()> {
    let architecture = architecture().ok_or("no wheels are pinned for this system")?;
    let pinned: String = wheels
        .iter()
        .map(|wheel| {
            let [x86_64, aarch64] = wheel.sha256;
            format!("{} --hash=sha256:{x86_64} --hash=sha256:{aarch64}\n", wheel.requirement)
        })
        .collect();
    let requirements = downloads.join("requirements.txt");
    fs::write(&requirements, pinned).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--disable-pip-version-check", "download"])
        // A network that does not answer is told after a minute at most, not after ten.
        .args(["--timeout", "15", "--retries", "2"])
        // The result is kept by us; pip's own copy would double half a gigabyte.
        .args(["--no-cache-dir", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--implementation", "cp", "--python-version", PYTHON_VERSION])
        .args(["--abi", "cp312", "--abi", "abi3", "--abi", "none"])
        .arg(format!("--platform=manylinux2014_{architecture}"))
        .args(GLIBC_MINORS.map(|minor| format!("--platform=manylinux_2_{minor}_{architecture}")))
        .arg("--dest")
        .arg(downloads)
        .arg("--requirement")
        .arg(&requirements)
        // pip unpacks into the temporary folder first, which on some machines is small.
        .env("TMPDIR", downloads);
    show(&mut pip)
}

fn extract(python: &str, wheel: &Path, folder: &Path, wanted: &impl Fn(&str) -> bool) -> Outcome<()> {
    let names = read(Command::new(python).args(["-c", LIST]).arg(wheel))?;
    let chosen: Vec<&str> = names.lines().filter(|name| wanted(name)).collect();
    let list = PathBuf::from(format!("{}.names", wheel.display()));
    fs::write(&list, chosen.join("\n")).map_err(|error| format!("{}: {error}", list.display()))?;
    let list = fs::File::open(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let mut command = Command::new(python);
    command.args(["-c", EXTRACT]).arg(wheel).arg(folder).stdin(Stdio::from(list));
    show(&mut command)
}
