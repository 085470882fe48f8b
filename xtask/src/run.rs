//! Running other programs. All their words go to standard error: standard output belongs to the service, whose one
//! line others read.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;

/// A line about what is being done.
pub fn say(line: &str) {
    let mut out = std::io::stderr().lock();
    let _nobody_listens = if out.is_terminal() {
        writeln!(out, "\x1b[1;32m{:>12}\x1b[0m {line}", "Shelfmark")
    } else {
        writeln!(out, "{:>12} {line}", "Shelfmark")
    };
}

/// Whether this process is root.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
}

/// Runs `command` with its words shown; an exit status other than 0 is an error.
pub fn show(command: &mut Command) -> Outcome<()> {
    let shown = describe(command);
    let status = command
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .map_err(|error| format!("`{shown}` could not be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs `command` and gives its standard output; on failure its words are in the error.
pub fn read(command: &mut Command) -> Outcome<String> {
    let shown = describe(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("`{shown}` could not be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("`{shown}` failed ({}): {}", output.status, words.trim()))
}

/// Runs `command` with its errors and progress shown, and gives its standard output.
pub fn show_and_read(command: &mut Command) -> Outcome<String> {
    let shown = describe(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| format!("`{shown}` could not be run: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("`{shown}` failed ({})", output.status))
    }
}

/// Whether `program --version` (or another first argument) runs.
pub fn works(program: &str, args: &[&str]) -> bool {
    read(Command::new(program).args(args)).is_ok()
}

/// Whether some folder of PATH holds `program`.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The program and its arguments, scripts left out.
fn describe(command: &Command) -> String {
    let mut shown = Path::new(command.get_program()).display().to_string();
    for word in command.get_args() {
        let word = word.to_string_lossy();
        shown.push(' ');
        shown.push_str(if word.contains('\n') { "..." } else { &word });
    }
    shown
}
