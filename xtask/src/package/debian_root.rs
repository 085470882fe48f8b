//! A bare Debian in a folder, made by debootstrap: nothing of this machine is in it but its network and its devices.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::cache;
use crate::package::{in_path, write_file};
use crate::run::{say, show};
use crate::space::{self, GB};

/// Joins a mount namespace of its own, whose mounts end with the last process, and becomes the command in the root.
const ENTER: &str = "root=$1; shift; mount --rbind /dev \"$root/dev\" && mount --rbind /proc \"$root/proc\" && \
    exec chroot \"$root\" \"$@\"";

/// The certificates of this machine, which its proxy may need.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Their place in the root, where no package has its own.
const CERTIFICATES_INSIDE: &str = "/srv/certificates.pem";

/// Variables that are handed into the root: how to reach a network.
const OF_NETWORK: [&str; 7] =
    ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL"];

/// A root that is removed with this value.
pub struct DebianRoot {
    folder: PathBuf,
}

impl DebianRoot {
    /// Unpacks a root of the release `suite`, which is made once for all clones.
    pub fn new(suite: &str, folder: PathBuf) -> Outcome<Self> {
        let made = cache::filled(&format!("debian-{suite}"), |fresh| {
            space::require(fresh, GB, "a bare Debian", "set SHELFMARK_CACHE_DIR to a folder with more")?;
            say(&format!("making a bare Debian {suite} with debootstrap (two minutes, once for all clones)"));
            let root = fresh.join("root");
            show(Command::new("debootstrap").args(["--variant=minbase", suite]).arg(&root))?;
            show(
                Command::new("tar")
                    .arg("--create")
                    .arg("--file")
                    .arg(fresh.join("root.tar"))
                    .arg("--directory")
                    .args([&root, Path::new(".")]),
            )?;
            fs::remove_dir_all(&root).map_err(in_path(&root))
        })?;
        fs::create_dir_all(&folder).map_err(in_path(&folder))?;
        let root = Self { folder };
        let mut tar = Command::new("tar");
        tar.args(["--extract", "--same-owner", "--preserve-permissions", "--file"]).arg(made.join("root.tar"));
        show(tar.arg("--directory").arg(&root.folder))?;
        // Packages start no services of their own here.
        let policy = root.path("usr/sbin/policy-rc.d");
        write_file(&policy, "#!/bin/sh\nexit 101\n")?;
        show(Command::new("chmod").arg("0755").arg(&policy))?;
        for (from, to) in [("/etc/resolv.conf", "/etc/resolv.conf"), (CERTIFICATES, CERTIFICATES_INSIDE)] {
            if let Ok(content) = fs::read(from) {
                let to = root.path(to);
                fs::write(&to, content).map_err(in_path(&to))?;
            }
        }
        Ok(root)
    }

    /// A path of the root as this machine has it.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.folder.join(inside.trim_start_matches('/'))
    }

    /// A command that runs in the root as root, with an environment of its own. Its process id is that of the program.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(&self.folder).args(words);
        command.env_clear().env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8").env("HOME", "/root");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        if self.path(CERTIFICATES_INSIDE).is_file() {
            command.env("PIP_CERT", CERTIFICATES_INSIDE);
        }
        for name in OF_NETWORK {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// The same, as a user of the root without any privilege.
    pub fn command_as(&self, user: &str, home: &str, words: &[&str]) -> Command {
        let (uid, gid) = (format!("--reuid={user}"), format!("--regid={user}"));
        let setpriv = ["setpriv", &uid, &gid, "--init-groups", "--no-new-privs", "--bounding-set=-all"];
        let mut command = self.command(&[&setpriv[..], words].concat());
        command.env("HOME", home).current_dir("/");
        command
    }
}

impl Drop for DebianRoot {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            say(&format!("{} stays: {error}", self.folder.display()));
        }
    }
}
