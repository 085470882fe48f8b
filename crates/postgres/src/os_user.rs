//! As whom Postgres runs: as ourselves, or as an unprivileged user when we are root, which Postgres refuses to be.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::{PostgresError, at};

/// A user of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OsUser {
    /// Whoever runs this process, not root.
    Current,
    /// Another user, because we are root.
    Other {
        /// The name, or the number when it has no name.
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl OsUser {
    /// The user for a cluster in `cluster_dir`: ourselves unless we are root; as root the owner of an existing cluster
    /// (so that a folder once used by a normal user stays that user's), else `postgres`, else `nobody`.
    pub(super) fn choose(cluster_dir: &Path) -> Result<Self, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Current);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        if let Ok(found) = fs::metadata(cluster_dir)
            && found.uid() != 0
        {
            let name = users.lines().filter_map(parse_user).find(|user| user.1 == found.uid());
            return Ok(Self::Other {
                name: name.map_or_else(|| found.uid().to_string(), |user| user.0.to_owned()),
                uid: found.uid(),
                gid: found.gid(),
            });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|wanted| users.lines().filter_map(parse_user).find(|user| user.0 == wanted))
            .filter(|user| user.1 != 0)
            .map(|(name, uid, gid)| Self::Other { name: name.to_owned(), uid, gid })
            .ok_or(PostgresError::NoUnprivilegedUser)
    }

    /// A command that runs as this user, from `/` (ours may be a folder that the user cannot enter), without input
    /// and without the variables that would lead Postgres's programs elsewhere.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // Our reading of the programs' messages needs them in English.
        command.env("LC_ALL", "C");
        if let Self::Other { uid, gid, .. } = self {
            // As root, setting the user also drops root's other groups.
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes `folder` if it is missing; it is this user's and closed to all others.
    pub(super) fn make_private_folder(&self, folder: &Path) -> Result<(), PostgresError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        if let Self::Other { uid, gid, .. } = self {
            chown(folder, Some(*uid), Some(*gid)).map_err(at(folder))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(at(folder))
    }

    /// Gives a file that we wrote to this user.
    pub(super) fn give_file(&self, file: &Path) -> Result<(), PostgresError> {
        match self {
            Self::Current => Ok(()),
            Self::Other { uid, gid, .. } => chown(file, Some(*uid), Some(*gid)).map_err(at(file)),
        }
    }

    /// Lets this user pass through `data_dir` (a fresh `mktemp -d` is 0700 and root's) and checks the folders above
    /// it, which are not ours to change: the first closed one is named in the error.
    pub(super) async fn ensure_access_to(&self, data_dir: &Path) -> Result<(), PostgresError> {
        let Self::Other { name, .. } = self else {
            return Ok(());
        };
        let mode = fs::metadata(data_dir).map_err(at(data_dir))?.permissions().mode();
        if mode & 0o001 == 0 {
            fs::set_permissions(data_dir, fs::Permissions::from_mode(mode | 0o001)).map_err(at(data_dir))?;
        }
        let mut way: Vec<PathBuf> = data_dir.ancestors().map(Path::to_owned).collect();
        way.reverse();
        match self.first_inaccessible(&way).await? {
            Some(folder) => Err(PostgresError::FolderClosed { folder, user: name.clone() }),
            None => Ok(()),
        }
    }

    /// Whether this user can run `program`. A real process of that user answers: mode bits alone would not know of
    /// access lists and mount options.
    pub(super) async fn can_run(&self, program: &Path) -> bool {
        let runs = self.command(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        runs.is_ok_and(|status| status.success())
    }

    async fn first_inaccessible(&self, way: &[PathBuf]) -> Result<Option<PathBuf>, PostgresError> {
        const SCRIPT: &str = "for f in \"$@\"; do [ -x \"$f\" ] || { printf %s \"$f\"; exit 0; }; done";
        let shell = Path::new("/bin/sh");
        let output = self
            .command(shell)
            .args(["-c", SCRIPT, "sh"])
            .args(way)
            .output()
            .await
            .map_err(|source| PostgresError::Spawn { program: shell.to_owned(), source })?;
        let closed = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((!closed.is_empty()).then(|| PathBuf::from(closed)))
    }
}

/// `name`, uid and gid of one line of /etc/passwd.
fn parse_user(line: &str) -> Option<(&str, u32, u32)> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some((name, uid, gid))
}

#[cfg(test)]
mod tests {
    use super::parse_user;

    #[test]
    fn a_line_of_the_user_list_is_read_and_a_broken_one_is_not() {
        let line = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(parse_user(line), Some(("postgres", 101, 104)));
        assert_eq!(parse_user("nobody:x:many:1"), None);
        assert_eq!(parse_user(""), None);
    }
}
