//! Operating system user that Postgres runs as: the current user, or an unprivileged one when the process is root,
//! since Postgres refuses to run as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::{PostgresError, at};

/// User that runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OsUser {
    /// The user of this process, not root.
    Current,
    /// Another user, because the process is root.
    Other {
        /// The name, or the uid as text when it has no name.
        name: String,
        uid: u32,
        gid: u32,
    },
}

impl OsUser {
    /// Chooses the user for a cluster in `cluster_dir`: the current user, unless that is root. As root, the owner of an
    /// existing cluster (so that a folder once used by a normal user stays that user's), else `postgres`, else
    /// `nobody`.
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

    /// Builds a command that runs as this user. It starts in `/`, since the user may not be able to enter the current
    /// folder. It has no input and none of the variables that configure Postgres's programs.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        // Messages of the programs are parsed, so they must be in English.
        command.env("LC_ALL", "C");
        if let Self::Other { uid, gid, .. } = self {
            // As root, setting the user also drops root's other groups.
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Creates `folder` if it is missing, makes this user its owner, and closes it to all others.
    pub(super) fn make_private_folder(&self, folder: &Path) -> Result<(), PostgresError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        if let Self::Other { uid, gid, .. } = self {
            chown(folder, Some(*uid), Some(*gid)).map_err(at(folder))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(at(folder))
    }

    /// Makes this user the owner of a file.
    pub(super) fn give_file(&self, file: &Path) -> Result<(), PostgresError> {
        match self {
            Self::Current => Ok(()),
            Self::Other { uid, gid, .. } => chown(file, Some(*uid), Some(*gid)).map_err(at(file)),
        }
    }

    /// Makes `data_dir` traversable for this user (a fresh `mktemp -d` is 0700 and root's). Folders above it are
    /// checked but not changed; the error names the first one that is closed.
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

    /// Whether this user can run `program`. Tested with a real process, since mode bits do not tell of access control
    /// lists and mount options.
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

/// Parses name, uid and gid of one line of /etc/passwd.
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
