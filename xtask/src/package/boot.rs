//! The unit of the `.deb` under a real systemd: the root is booted as a container, without a network, and a script in it
//! starts, uses, restarts and stops the service with all restrictions of the unit in force.

use std::fs;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::package::debian_root::DebianRoot;
use crate::package::{in_path, write_file};
use crate::run::{say, show};

/// Unit that runs the script once the system is up.
const UNIT: &str = "[Unit]\nAfter=shelfmark.service\n[Service]\nExecStart=/bin/bash /srv/trial.sh\n\
    [Install]\nWantedBy=multi-user.target\n";

/// What the script does. Its last line is the verdict, and the system ends with it.
const SCRIPT: &str = r#"
exec > /srv/trial.out 2>&1
trap 'journalctl --unit shelfmark --no-pager; echo "$verdict"; systemctl poweroff' EXIT
verdict=failed
set -e -x
shelfmark ready --wait 60
shelfmark demo --events 1000 --rate 0 --quiet
shelfmark recommend shopper-0001 --limit 3
process=$(systemctl show shelfmark --property MainPID --value)
# Its own user, no capability, none to be had, and a filter of system calls.
test "$(stat --format %U /proc/$process)" = shelfmark
grep -q '^CapBnd:\s*0000000000000000$' /proc/$process/status
grep -q '^NoNewPrivs:\s*1$' /proc/$process/status
grep -q '^Seccomp:\s*2$' /proc/$process/status
systemctl restart shelfmark
shelfmark ready --wait 60
shelfmark recommend shopper-0001 --limit 3
systemctl stop shelfmark
test "$(systemctl show shelfmark --property Result --value)" = success
test "$(systemctl show shelfmark --property NRestarts --value)" = 0
systemd-analyze security --no-pager --threshold=20 shelfmark.service | tail -n 1
verdict=passed
"#;

/// Longest time of it all.
const SECONDS_MAX: &str = "240";

/// Boots the root, in which the package is installed.
pub fn try_unit(root: &DebianRoot) -> Outcome<()> {
    say("booting the root with systemd");
    let install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "systemd", "systemd-sysv", "dbus"];
    show(&mut root.command(&install))?;
    write_file(&root.path("/srv/trial.sh"), SCRIPT)?;
    write_file(&root.path("/etc/systemd/system/trial.service"), UNIT)?;
    show(&mut root.command(&["systemctl", "enable", "--quiet", "trial.service", "shelfmark.service"]))?;
    // What ran in the root before may have been another user's.
    show(&mut root.command(&["chown", "--recursive", "shelfmark:shelfmark", "/var/lib/shelfmark"]))?;
    let console = root.path("/srv/console.out");
    let out = fs::File::create(&console).map_err(in_path(&console))?;
    let mut nspawn = Command::new("timeout");
    nspawn.args([SECONDS_MAX, "systemd-nspawn", "--boot", "--register=no", "--keep-unit", "--private-network"]);
    nspawn.arg("--directory").arg(root.path("")).stdin(Stdio::null());
    let errors = out.try_clone().map_err(in_path(&console))?;
    let status = nspawn.stdout(out).stderr(errors).status().map_err(|error| format!("timeout: {error}"))?;
    let said = fs::read_to_string(root.path("/srv/trial.out")).unwrap_or_default();
    if said.lines().any(|line| line == "passed") {
        let exposure = said.lines().rfind(|line| line.contains("exposure level")).unwrap_or_default();
        say(&format!("the unit started, worked, started again and stopped {exposure}"));
        return Ok(());
    }
    let console = fs::read_to_string(&console).unwrap_or_default();
    Err(format!("the unit does not work under systemd ({status}):\n{console}\n{said}"))
}
