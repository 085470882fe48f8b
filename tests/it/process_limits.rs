//! Goal: the service may open as many files as the system lets it, whatever soft limit it was started with. Method: the
//! real binary, started by a shell that lowers it.

use std::process::{Command, Stdio};

use crate::http_support::{shelfmark, wait};

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_on_open_files_is_raised_to_the_hard_one() {
    let database = crate::support::database().await;
    let service = shelfmark(&["serve", "--listen", "127.0.0.1:0", "--log", "info", "--database-url", &database]);
    let mut command = Command::new("sh");
    command.arg("-c").arg("ulimit -Sn 256; ulimit -Hn 2048; exec \"$0\" \"$@\"").arg(service.get_program());
    command.args(service.get_args()).env_clear();
    command.envs(std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("SHELFMARK_")));
    let mut child = command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("a process of ours");
    child.kill().expect("a signal");
    wait(&mut child);
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let files: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(files[3..5], ["2048", "2048"], "{limits}");
}
