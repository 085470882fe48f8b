//! The archive for any Linux: one folder with `bin`, `lib` and `share`, to be unpacked anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::package::contents::Contents;
use crate::package::tree::set_time;
use crate::package::{Release, sha256_sums, write_file};
use crate::run::show;

/// Level of zstd. At 19 it takes five times as long for a ninth less.
const LEVEL: &str = "-12";

/// Writes the archive into `out`. Its folder has the checksums of all its files in SHA256SUMS.
pub fn write(release: &Release, contents: &Contents, work: &Path, out: &Path) -> Outcome<PathBuf> {
    let name = release.name();
    let folder = work.join("archive").join(&name);
    contents.tree.write(&folder, release.epoch)?;
    let sums = sha256_sums(&folder, contents.tree.iter().map(|(place, _)| place))?;
    write_file(&folder.join("SHA256SUMS"), &sums)?;
    set_time(&folder.join("SHA256SUMS"), release.epoch)?;
    let archive = out.join(format!("{name}.tar.zst"));
    show(&mut tar(&work.join("archive"), &name, release.epoch, &archive))?;
    Ok(archive)
}

/// The command that packs the folder `name` of `parent`.
fn tar(parent: &Path, name: &str, epoch: u64, archive: &Path) -> Command {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.arg(format!("--mtime=@{epoch}")).arg("--mode=u=rwX,go=rX");
    // Any number of threads writes the same bytes.
    tar.arg(format!("--use-compress-program=zstd {LEVEL} -T0"));
    tar.arg("--file").arg(archive).arg("--directory").arg(parent).arg(name);
    tar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::on_path;
    use std::fs;

    #[test]
    fn two_archives_of_equal_files_have_equal_bytes() {
        assert!(on_path("tar") && on_path("zstd"), "the test needs tar and zstd");
        let folder = std::env::temp_dir().join(format!("shelfmark-xtask-archive-{}", std::process::id()));
        let mut archives = Vec::new();
        for (parent, names) in [("one", ["a", "b"]), ("two", ["b", "a"])] {
            // Another order, and other times.
            for name in names {
                write_file(&folder.join(parent).join("name").join(name), name).unwrap();
            }
            set_time(&folder.join(parent).join("name/a"), 1_000_000_000 + u64::from(parent == "two")).unwrap();
            let archive = folder.join(format!("{parent}.tar.zst"));
            show(&mut tar(&folder.join(parent), "name", 1_700_000_000, &archive)).unwrap();
            archives.push(fs::read(archive).unwrap());
        }
        assert!(archives[0] == archives[1], "two runs write other bytes");
        fs::remove_dir_all(folder).unwrap();
    }
}
