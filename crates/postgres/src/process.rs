//! Runs of Postgres's programs, with a time limit.

use std::time::Duration;

use tokio::process::Command;

use super::error::PostgresError;

/// Time limit of one program. The limits that `pg_ctl` is given are shorter.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(330);
/// Characters of a program's output that an error repeats.
const DETAIL_CHARS_MAX: usize = 1_500;

/// Runs `command` and returns its standard output.
///
/// Errors: [`PostgresError::Spawn`] when it cannot be started or times out; [`PostgresError::Program`], with the end of
/// its output, when its exit status is not 0.
pub(super) async fn run(command: &mut Command) -> Result<String, PostgresError> {
    let program = std::path::PathBuf::from(command.as_std().get_program());
    let spawn = |source| PostgresError::Spawn { program: program.clone(), source };
    let output = tokio::time::timeout(PROGRAM_TIMEOUT, command.output())
        .await
        .map_err(|_| spawn(std::io::ErrorKind::TimedOut.into()))?
        .map_err(spawn)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let mut words = String::from_utf8_lossy(&output.stderr).into_owned();
    words.push_str(&String::from_utf8_lossy(&output.stdout));
    Err(PostgresError::Program {
        program: program.display().to_string(),
        detail: format!("{} ({})", tail(words.trim()), output.status),
    })
}

/// Returns the last [`DETAIL_CHARS_MAX`] characters, where programs report the cause of a failure.
pub(super) fn tail(words: &str) -> &str {
    match words.char_indices().rev().nth(DETAIL_CHARS_MAX) {
        Some((start, _)) => &words[start..],
        None => words,
    }
}
