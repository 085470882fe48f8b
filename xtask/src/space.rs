//! Room on the disk, looked at before something large is written there: a full disk half-way leaves errors that nobody
//! understands.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::run::read;

/// One gigabyte, in bytes.
pub const GB: u64 = 1_000_000_000;
/// Less than this means that a failure was one of space.
const NEARLY_NOTHING: u64 = 50_000_000;

/// Refuses when less than `bytes` are free where `folder` is or will be. `what` needs them; `instead` says how to have
/// it elsewhere.
pub fn require(folder: &Path, bytes: u64, what: &str, instead: &str) -> Outcome<()> {
    match free(folder) {
        Some(free) if free < bytes => Err(format!(
            "{what} needs {} of disk space, and {} has {}. Make room, or {instead}",
            shown(bytes),
            folder.display(),
            shown(free)
        )),
        // Nothing is known on a system without `df`: the write will tell.
        Some(_) | None => Ok(()),
    }
}

/// A sentence to follow the error of something that wrote to `folder`, empty unless the disk is full.
pub fn explain(folder: &Path) -> String {
    match free(folder) {
        Some(free) if free < NEARLY_NOTHING => {
            format!("\nThe disk is full: {} has {} left.", folder.display(), shown(free))
        }
        Some(_) | None => String::new(),
    }
}

/// Bytes that this user can still write where `folder` is, or where it will be made.
fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    available(&read(Command::new("df").env("LC_ALL", "C").arg("-Pk").arg(there)).ok()?)
}

/// The fourth column of the portable format of `df`: kilobytes. A file system's name may have spaces, so it is counted
/// from the end.
fn available(df: &str) -> Option<u64> {
    let fields: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    let capacity = fields.iter().rposition(|field| field.ends_with('%') && field.len() > 1)?;
    fields.get(capacity.checked_sub(1)?)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn shown(bytes: u64) -> String {
    if bytes < GB {
        return format!("{} MB", bytes / 1_000_000);
    }
    format!("{}.{} GB", bytes / GB, bytes % GB / (GB / 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_df_says_is_read() {
        let header = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n";
        let plain = format!("{header}/dev/vda          263938868 12857972  82344532      14% /\n");
        assert_eq!(available(&plain), Some(82_344_532 * 1024));
        let spaces = format!("{header}a share of b      1000      600       400      60% /mnt/with 5 spaces\n");
        assert_eq!(available(&spaces), Some(400 * 1024));
        assert_eq!(available(header), None);
        assert_eq!(available("nonsense"), None);
    }

    #[test]
    fn too_little_space_is_said_in_words() {
        let folder = std::env::temp_dir().join("not/there/yet");
        assert_eq!(require(&folder, 1, "a byte", "nothing"), Ok(()));
        let error = require(&folder, u64::MAX, "everything", "set CARGO_TARGET_DIR").unwrap_err();
        assert!(error.starts_with("everything needs 18446744073.7 GB of disk space, and "), "{error}");
        assert!(error.ends_with("Make room, or set CARGO_TARGET_DIR"), "{error}");
    }

    #[test]
    fn sizes_are_shown_with_a_unit() {
        assert_eq!(shown(999_999_999), "999 MB");
        assert_eq!(shown(2_560_000_000), "2.5 GB");
    }
}
