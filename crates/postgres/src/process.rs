//! Running one of Postgres's programs to its end, within a time.

use std::time::Duration;

use tokio::process::Command;

use super::error::PostgresError;

/// No program of Postgres that we wait for takes longer than this by itself; `pg_ctl` is told shorter times.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(330);
/// As much of a program's words as an error repeats, in characters.
const DETAIL_CHARS_MAX: usize = 1_500;

/// Runs `command` to its end and gives its standard output; an exit status other than 0 is an error with its words.
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

/// The last [`DETAIL_CHARS_MAX`] characters: programs say what was wrong at the end.
pub(super) fn tail(words: &str) -> &str {
    match words.char_indices().rev().nth(DETAIL_CHARS_MAX) {
        Some((start, _)) => &words[start..],
        None => words,
    }
}
