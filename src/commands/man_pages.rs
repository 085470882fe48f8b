//! `shelfmark man-pages`: manual pages of all commands.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

/// Write the manual pages of all commands into a folder.
///
/// For your user: shelfmark man-pages ~/.local/share/man/man1
#[derive(Debug, Args)]
pub struct ManPagesArgs {
    /// Folder for the files, such as `shelfmark-serve.1`. It is created when it
    /// is missing.
    folder: PathBuf,
}

/// Writes one file for the program and one for each command, the commands of commands included.
pub fn run(args: &ManPagesArgs, line: clap::Command) -> anyhow::Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(line, folder))
        .with_context(|| format!("the manual pages cannot be written to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
