//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod commands;
mod machine;

/// Embedding serving and online learning: every event moves the model within milliseconds, and every state is a
/// position in a log.
#[derive(Parser)]
#[command(name = "shelfmark", version, about, propagate_version = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service: prints `http://address:port` on standard output once it listens.
    Serve(Box<commands::serve::ServeArgs>),
    /// Make, list and revoke API keys.
    Keys(commands::keys::KeysArgs),
    /// Post event and item files to a running service, in order, each event once.
    Replay(commands::replay::ReplayArgs),
    /// Post a generated shop to a running service, for people without data.
    Demo(commands::demo::DemoArgs),
    /// Start items or tokens of a running service's model from vectors learned elsewhere (word2vec, GloVe, npy, safetensors).
    Import(Box<commands::import::ImportArgs>),
    /// Measure how well the model recommends on your files, beside simple methods; needs no service.
    Evaluate(Box<commands::evaluate::EvaluateArgs>),
    /// Search for a configuration that recommends better on your files.
    Tune(Box<commands::tune::TuneArgs>),
}

fn main() -> ExitCode {
    // Before anything else: on an older processor the first vector instruction ends the process without a word.
    if let Err(error) = machine::check() {
        eprintln!("shelfmark: {error}");
        return ExitCode::FAILURE;
    }
    let ended = match Line::parse().command {
        Command::Serve(args) => commands::serve::run(*args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Import(args) => commands::import::run(*args),
        Command::Evaluate(args) => commands::evaluate::run(*args),
        Command::Tune(args) => commands::tune::run(*args),
    };
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("shelfmark: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line. A cause that its error repeats is said once.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Line::command().debug_assert();
    }
}
