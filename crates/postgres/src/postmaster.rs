//! Main process of a server: detection, start, stop, and cleanup after a crash.
//!
//! `pg_ctl status` trusts any process whose id is in `postmaster.pid`. After a crash of the machine, or in a restarted
//! container, an unrelated process may have that id. Postgres then refuses to start, and `pg_ctl` reports that it runs.
//! So this module checks whether the process is a server of this cluster.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cluster::Cluster;
use super::error::PostgresError;
use super::process::{run, tail};
use super::socket::PORT;

/// Time limit of a start: crash recovery replays up to `max_wal_size`.
pub(super) const START_SECONDS_MAX: u64 = 300;
/// Time limits of a fast shutdown and of the immediate shutdown that follows it.
const STOP_SECONDS_MAX: u64 = 20;
const STOP_IMMEDIATE_SECONDS_MAX: u64 = 10;
/// How long the last process of a stopped server is waited for.
const LAST_PROCESS_MAX: Duration = Duration::from_secs(2);

/// Live server of a cluster, as described by `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: i32,
    pub(super) socket_folder: PathBuf,
    /// Whether it accepts connections.
    pub(super) ready: bool,
}

/// Finds the live server of `data`.
pub(super) fn find(data: &Path) -> Option<Postmaster> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let found = parse(&text)?;
    is_server_of(found.pid, data).then_some(found)
}

/// Starts a server and waits until it accepts connections.
pub(super) async fn start(cluster: &Cluster) -> Result<(), PostgresError> {
    cluster.prepare_start().await?;
    remove_stale_lock_files(cluster);
    let log_start = fs::metadata(&cluster.log).map_or(0, |log| log.len());
    // pg_ctl starts the server in a new session, so that a Ctrl-C in our terminal does not reach it. It writes to the
    // log instead of our output, so that a reader of our output does not wait for the server to end.
    let mut start = cluster.user.command(&cluster.binaries.program("pg_ctl"));
    start.arg("start").arg("--pgdata").arg(&cluster.data);
    start.arg("--log").arg(&cluster.log);
    start.args(["--silent", "--wait", "--timeout", &START_SECONDS_MAX.to_string()]);
    match run(&mut start).await {
        Ok(_) => Ok(()),
        Err(PostgresError::Program { program, detail }) => {
            let log = fs::read(&cluster.log).unwrap_or_default();
            let since = log.get(usize::try_from(log_start).unwrap_or(0)..).unwrap_or(&log);
            let log = String::from_utf8_lossy(since);
            Err(PostgresError::Program {
                program,
                detail: format!("{detail}; the end of {}: {}", cluster.log.display(), tail(log.trim())),
            })
        }
        Err(other) => Err(other),
    }
}

/// Stops the server, if one runs. A fast shutdown ends sessions and writes a checkpoint. When that takes too long, an
/// immediate shutdown follows, after which the next start runs crash recovery.
pub(super) async fn stop(cluster: &Cluster) -> Result<(), PostgresError> {
    for (mode, seconds) in [("fast", STOP_SECONDS_MAX), ("immediate", STOP_IMMEDIATE_SECONDS_MAX)] {
        if find(&cluster.data).is_none() {
            break;
        }
        let mut stop = cluster.user.command(&cluster.binaries.program("pg_ctl"));
        stop.arg("stop").arg("--pgdata").arg(&cluster.data);
        stop.args(["--silent", "--wait", "--mode", mode, "--timeout", &seconds.to_string()]);
        if let Err(error) = run(&mut stop).await {
            tracing::warn!(mode, %error, "postgres.stop_failed");
        }
    }
    match find(&cluster.data) {
        None => {
            wait_for_last_process(&cluster.data).await;
            Ok(())
        }
        Some(_) => Err(PostgresError::Timeout {
            what: "stop",
            seconds: STOP_SECONDS_MAX + STOP_IMMEDIATE_SECONDS_MAX,
            log: cluster.log.clone(),
        }),
    }
}

/// Waits until the last process of a stopped server has ended, which is shortly after it removed its file.
async fn wait_for_last_process(data: &Path) {
    let deadline = tokio::time::Instant::now() + LAST_PROCESS_MAX;
    while any_process_in(data) && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until the server accepts connections. Returns `false` when it ended.
pub(super) async fn wait_ready(cluster: &Cluster) -> Result<bool, PostgresError> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    loop {
        match find(&cluster.data) {
            None => return Ok(false),
            Some(server) if server.ready => return Ok(true),
            Some(_) if tokio::time::Instant::now() >= deadline => {
                return Err(PostgresError::Timeout {
                    what: "accept connections",
                    seconds: START_SECONDS_MAX,
                    log: cluster.log.clone(),
                });
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Whether any process has `data` as its working folder: the server, or backends that outlive a killed server.
pub(super) fn any_process_in(data: &Path) -> bool {
    processes().any(|process| works_in(process, data))
}

/// Sends SIGTERM to the backends of a killed server. Idle backends end by themselves. One in a long statement does not,
/// and holds the shared memory that a new server must not share. Only processes whose working folder is `data` are
/// signalled, and only while no server of `data` lives.
pub(super) fn terminate_orphaned_backends(data: &Path) {
    if find(data).is_some() {
        return;
    }
    let left =
        processes().filter(|process| fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|folder| folder == data));
    for process in left {
        tracing::info!(process, "postgres.backend_terminated: a backend of a killed server was still running");
        if let Some(process) = rustix::process::Pid::from_raw(process) {
            let _gone_already = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
    }
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Removes the lock files of a dead server when another process, or a zombie, has its process id. Postgres removes lock
/// files by itself when no process has the id, and refuses to start when one has.
///
/// `postmaster.pid` also protects against backends that outlive their server, so both files stay while any process
/// works in the folder. The caller holds the lock of the data folder, so no second server can be starting.
fn remove_stale_lock_files(cluster: &Cluster) {
    let data = &cluster.data;
    if find(data).is_some() || any_process_in(data) {
        return;
    }
    let socket_lock = cluster.socket_folder.join(format!(".s.PGSQL.{PORT}.lock"));
    for path in [data.join("postmaster.pid"), socket_lock] {
        let named = fs::read_to_string(&path).ok().as_deref().and_then(parse);
        if let Some(named) = named.filter(|named| alive(named.pid)) {
            tracing::warn!(
                pid = named.pid,
                file = %path.display(),
                "postgres.stale_lock_removed: the lock file named a process that is not this server"
            );
            let _postgres_will_complain = fs::remove_file(path);
        }
    }
}

fn parse(text: &str) -> Option<Postmaster> {
    // process, data folder, start time, port, socket folder, address, shared memory, status
    let lines: Vec<&str> = text.lines().collect();
    Some(Postmaster {
        pid: lines.first()?.trim().parse().ok().filter(|process| *process > 0)?,
        socket_folder: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
        ready: lines.get(7).is_some_and(|status| status.trim() == "ready"),
    })
}

fn alive(process: i32) -> bool {
    // EPERM means that the process exists and belongs to another user.
    rustix::process::Pid::from_raw(process)
        .is_some_and(|process| rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

/// Whether a process is the server of `data`. A server's working folder is its data folder. Where that cannot be read
/// (root in a container without CAP_SYS_PTRACE), the command line names the folder. A zombie has neither.
fn is_server_of(process: i32, data: &Path) -> bool {
    if !alive(process) {
        return false;
    }
    match fs::read_link(format!("/proc/{process}/cwd")) {
        Ok(folder) => folder == data,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let said = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            said.split(|byte| *byte == 0).any(|word| word == data.as_os_str().as_encoded_bytes())
        }
        // Not Linux: without /proc, trust the file as pg_ctl does.
        Err(_) => !Path::new("/proc/self").exists(),
    }
}

fn works_in(process: i32, data: &Path) -> bool {
    match fs::read_link(format!("/proc/{process}/cwd")) {
        Ok(folder) => folder == data,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            // Backends rename themselves ("postgres: shelfmark ..."). One that runs as the cluster's owner and cannot
            // be inspected may belong to this cluster.
            let owner = |path: &Path| fs::metadata(path).map(|found| found.uid()).ok();
            owner(Path::new(&format!("/proc/{process}"))) == owner(data)
                && fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|said| said.starts_with(b"postgres:"))
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Postmaster, find, parse};
    use std::path::{Path, PathBuf};

    #[test]
    fn the_servers_file_is_read_whole_or_in_the_middle_of_being_written() {
        let whole = "4711\n/d/postgres/data\n1795000000\n5432\n/d/postgres/run\n\n  123 4\nready   \n";
        let expected = Postmaster { pid: 4711, socket_folder: PathBuf::from("/d/postgres/run"), ready: true };
        assert_eq!(parse(whole), Some(expected));
        assert_eq!(parse("4711\n").map(|server| server.ready), Some(false));
        assert_eq!(parse(""), None);
        assert_eq!(parse("-1\n"), None);
    }

    #[test]
    fn a_process_number_that_now_belongs_to_a_stranger_is_not_the_server() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ours = std::process::id();
        std::fs::write(folder.path().join("postmaster.pid"), format!("{ours}\n\n\n\n\n\n\nready\n")).expect("written");
        assert_eq!(find(folder.path()), None);
        assert!(!super::any_process_in(Path::new("/nowhere/at/all")));
    }
}
