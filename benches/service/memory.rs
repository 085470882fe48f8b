//! The memory of a process, as Linux counts it.

use anyhow::Context;

/// Bytes of a process, by its number or `self`: `VmRSS:` in memory now, `VmHWM:` the most so far.
pub fn bytes(process: &str, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{name} in status"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}
