//! Unix socket of a managed server: its folder, and the address of a database behind it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{PostgresError, at};
use super::os_user::OsUser;

/// Port, as part of the socket's file name. Nothing listens on a network.
pub(super) const PORT: u16 = 5432;
/// Superuser of a managed cluster. Whoever can enter the socket's folder can log in as it.
pub(super) const USER: &str = "shelfmark";
/// `sockaddr_un.sun_path` holds 108 bytes with its terminating zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Chooses the folder of the socket: `run` in the cluster's folder. When that path is too long for a socket, or has
/// characters that need quoting in a configuration file, a short folder below the system's temporary folder, named by a
/// hash of the path.
pub(super) fn folder(postgres_dir: &Path) -> PathBuf {
    let natural = postgres_dir.join("run");
    let plain =
        natural.to_str().is_some_and(|path| path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@".contains(c)));
    if plain && fits(&natural) {
        return natural;
    }
    let hash = Sha256::digest(postgres_dir.as_os_str().as_encoded_bytes());
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let short = std::env::temp_dir().join(format!("shelfmark-{name}"));
    if fits(&short) { short } else { Path::new("/tmp").join(format!("shelfmark-{name}")) }
}

/// Creates the folder, owned by `user` and closed to others. In a shared temporary folder another user may have created
/// it first, so a folder of another owner, or a link, is refused.
pub(super) fn prepare(folder: &Path, user: &OsUser) -> Result<(), PostgresError> {
    if let Ok(found) = fs::symlink_metadata(folder) {
        let owner = match user {
            OsUser::Current => rustix::process::geteuid().as_raw(),
            OsUser::Other { uid, .. } => *uid,
        };
        if !found.is_dir() || (found.uid() != owner && found.uid() != rustix::process::geteuid().as_raw()) {
            return Err(PostgresError::SocketFolderTaken(folder.to_owned()));
        }
    } else {
        fs::create_dir(folder).map_err(at(folder))?;
    }
    user.make_private_folder(folder)
}

/// Builds the address of `database` behind the socket in `folder`, for sqlx and for `psql`.
pub(super) fn url(folder: &Path, database: &str) -> String {
    let mut host = String::new();
    for byte in folder.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => host.push(char::from(*byte)),
            other => host.push_str(&format!("%{other:02X}")),
        }
    }
    format!("postgres:///{database}?host={host}&port={PORT}&user={USER}")
}

fn fits(folder: &Path) -> bool {
    let socket = folder.join(format!(".s.PGSQL.{PORT}"));
    socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::{folder, url};
    use std::path::Path;

    #[test]
    fn a_path_too_long_for_a_socket_gets_a_short_folder_of_its_own() {
        let short = Path::new("/srv/shelfmark/postgres");
        assert_eq!(folder(short), short.join("run"));
        let long = Path::new("/srv").join("x".repeat(120));
        let other = Path::new("/srv").join("y".repeat(120));
        assert!(folder(&long).as_os_str().len() < 80);
        assert_ne!(folder(&long), folder(&other));
        assert_eq!(folder(&long), folder(&long));
    }

    #[test]
    fn a_path_with_quotes_never_reaches_the_settings_file() {
        let quoted = Path::new("/srv/it's here, \"now\"/postgres");
        assert!(!folder(quoted).starts_with("/srv"));
    }

    #[test]
    fn the_address_is_escaped() {
        assert_eq!(
            url(Path::new("/a b/run"), "shelfmark"),
            "postgres:///shelfmark?host=%2Fa%20b%2Frun&port=5432&user=shelfmark"
        );
    }
}
