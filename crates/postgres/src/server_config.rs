//! Configuration of a managed server, for one service on one machine that appends in groups and reads in order.

use std::fmt::Write;
use std::path::Path;

use super::socket::PORT;

/// Name of the service's configuration file in the cluster, which `postgresql.conf` includes.
pub(super) const FILE: &str = "shelfmark.conf";
/// Line that is appended to `postgresql.conf` once.
pub(super) const INCLUDE: &str = "\ninclude_if_exists 'shelfmark.conf'\n";

const MIB: u64 = 1024 * 1024;

/// Inputs of the configuration.
#[derive(Debug)]
pub(super) struct ServerConfig<'a> {
    pub(super) socket_folder: &'a Path,
    pub(super) durable: bool,
    /// Whether this build supports `wal_compression = lz4` (version 15 and later, built with lz4).
    pub(super) lz4: bool,
    /// The machine's memory in bytes, when known.
    pub(super) memory_bytes: Option<u64>,
}

/// Builds the text of the configuration file.
pub(super) fn text(facts: &ServerConfig<'_>) -> String {
    let mut text = String::from("# Written by shelfmark at each start; changes here are lost.\n");
    let mut set = |name: &str, value: &str| {
        let _infallible = writeln!(text, "{name} = {value}");
    };
    set("listen_addresses", "''");
    set("port", &PORT.to_string());
    set("unix_socket_directories", &format!("'{}'", facts.socket_folder.display()));
    // Three for each of 64 models, one more for each while versions are taken, and the pool.
    set("max_connections", "400");
    set("shared_buffers", &format!("{}MB", shared_buffers_mib(facts.memory_bytes)));
    // P1: a 202 is sent after the commit, and the commit is on the disk.
    let durable = if facts.durable { "on" } else { "off" };
    set("fsync", durable);
    set("synchronous_commit", durable);
    set("full_page_writes", durable);
    // Rare checkpoints: each one makes the next change of every page write the whole page to the log.
    set("max_wal_size", "4GB");
    set("checkpoint_timeout", "15min");
    set("checkpoint_completion_target", "0.9");
    // Bulk writes, such as the upload of a catalogue, go to the disk as they come. Otherwise the kernel keeps them for
    // half a minute and then writes all at once, and commits wait for seconds behind that.
    set("backend_flush_after", "512kB");
    set("wal_compression", if facts.lz4 { "lz4" } else { "on" });
    // A managed server has neither an archive nor a standby.
    set("wal_level", "minimal");
    set("max_wal_senders", "0");
    // Our statements are short. Compiling one asks for memory that is writable and executable, and fails in a unit of
    // systemd with `MemoryDenyWriteExecute`, which is that of our package.
    set("jit", "off");
    // A dead client must not keep a head row locked.
    set("idle_in_transaction_session_timeout", "5min");
    set("log_timezone", "'UTC'");
    set("timezone", "'UTC'");
    set("log_line_prefix", "'%m [%p] '");
    set("log_checkpoints", "off");
    text
}

/// Size of the shared buffers: a sixteenth of the memory, between 32 and 256 MiB. The service needs the rest for its
/// models.
fn shared_buffers_mib(memory_bytes: Option<u64>) -> u64 {
    memory_bytes.map_or(128, |bytes| (bytes / 16 / MIB).clamp(32, 256))
}

/// Reads the machine's memory in bytes from /proc/meminfo.
pub(super) fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{ServerConfig, shared_buffers_mib, text};
    use std::path::Path;

    #[test]
    fn small_machines_get_small_buffers_and_large_ones_no_more_than_we_need() {
        assert_eq!(shared_buffers_mib(Some(256 << 20)), 32);
        assert_eq!(shared_buffers_mib(Some(1 << 30)), 64);
        assert_eq!(shared_buffers_mib(Some(64 << 30)), 256);
    }

    #[test]
    fn nothing_but_a_throw_away_cluster_gives_up_durability() {
        let facts =
            |durable| ServerConfig { socket_folder: Path::new("/run"), durable, lz4: false, memory_bytes: None };
        assert!(text(&facts(true)).contains("\nfsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"));
        assert!(text(&facts(false)).contains("\nfsync = off\n"));
    }
}
