//! An S3-compatible server for the tests of backups: versitygw, compiled once into the cache folder.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{on_path, say, show};
use crate::{Outcome, cache, space};

/// Folder in the cache. `tests/backup_support` looks for it there.
const FOLDER: &str = "versitygw-1.8.0";
const PACKAGE: &str = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

/// The folder of the program. The reason when the machine cannot have it, which fails where nothing may be left out.
pub fn fetch() -> Outcome<Result<PathBuf, String>> {
    if !on_path("go") {
        let reason = "go is missing: backups into an S3 server are not tested".to_owned();
        return if env::var_os("SHELFMARK_CI").is_some() { Err(reason) } else { Ok(Err(reason)) };
    }
    let folder = cache::filled(FOLDER, |fresh| {
        space::require(fresh, 2 * space::GB, FOLDER, "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("compiling versitygw 1.8.0 (some two minutes, once for all clones)");
        let mut go = Command::new("go");
        // Its cache of builds goes with the folder, which the machine's Go would keep for ever.
        let build = fresh.join(".build");
        go.args(["install", "-ldflags=-s -w", PACKAGE]).env("GOBIN", fresh.join("bin")).env("GOCACHE", &build);
        go.current_dir(fresh).env_remove("GOFLAGS");
        show(&mut go).map_err(|error| {
            format!("{error}\nversitygw is fetched once, through Go's module proxy: run this again with a network")
        })?;
        std::fs::remove_dir_all(&build).map_err(|error| format!("{}: {error}", build.display()))
    })?;
    Ok(Ok(folder))
}
