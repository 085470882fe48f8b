//! The memory of this process, as Linux counts it.

use anyhow::Context;

/// Bytes in memory now.
pub fn resident() -> anyhow::Result<u64> {
    status("VmRSS:")
}

/// The most bytes in memory since [`forget_peak`].
pub fn peak() -> anyhow::Result<u64> {
    status("VmHWM:")
}

/// From here on the peak is that of what comes.
pub fn forget_peak() -> anyhow::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("reset the peak of memory")
}

fn status(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{name} in status"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}
