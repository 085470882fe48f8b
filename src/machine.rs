//! Check of the processor, before anything runs on it.

/// Names in /proc/cpuinfo of the processor features that the binary is compiled for on x86-64.
const NEEDED: [&str; 3] = ["avx2", "fma", "bmi2"];

/// Fails when the processor lacks a feature. `is_x86_feature_detected!` is of no use: it is true at compile time for
/// features that the binary is compiled with, on every machine.
pub fn check() -> anyhow::Result<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_feature = "avx2")) {
        return Ok(());
    }
    // Without /proc there is nothing to go by; then the binary tries its luck.
    let Ok(text) = std::fs::read_to_string("/proc/cpuinfo") else {
        return Ok(());
    };
    let missing = missing(&text);
    anyhow::ensure!(
        missing.is_empty(),
        "this processor lacks {}, which this binary was compiled for: run it on an x86-64 machine of 2015 or later, or build it \
         with RUSTFLAGS='-C target-cpu=native' on this one",
        missing.join(", ")
    );
    Ok(())
}

fn missing(cpuinfo: &str) -> Vec<&'static str> {
    let Some(flags) = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")) else {
        return Vec::new();
    };
    let flags: Vec<&str> = flags.split_whitespace().collect();
    NEEDED.into_iter().filter(|needed| !flags.contains(needed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_feature_is_told_which() {
        assert!(missing("processor : 0\nflags\t\t: fpu avx avx2 fma bmi2\n").is_empty());
        assert_eq!(missing("flags\t\t: fpu avx avx2 fma4\n"), ["fma", "bmi2"]);
        assert!(missing("nothing known").is_empty());
    }
}
