//! `shelfmark completions`: completion of commands and flags in a shell.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use clap_complete::Shell;

/// Print a script that completes commands and flags in a shell.
///
/// For bash: shelfmark completions bash > ~/.local/share/bash-completion/completions/shelfmark
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell that the script is for.
    shell: Shell,
}

/// Prints the script for the whole command line.
pub fn run(args: &CompletionsArgs, mut line: clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut line, "shelfmark", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
