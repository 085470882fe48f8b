//! The command line.

use std::{io, process::ExitCode};

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
    // From here on the arguments themselves say what the command is for, at length with `--help`.
    Rollback(commands::rollback::RollbackArgs),
    Unpin(commands::rollback::UnpinArgs),
    Operations(commands::operations::OperationsArgs),
    Verify(commands::verify::VerifyArgs),
    Models(commands::models::ModelsArgs),
    Fork(commands::models::ForkArgs),
    Replay(commands::replay::ReplayArgs),
    Demo(commands::demo::DemoArgs),
    Import(Box<commands::import::ImportArgs>),
    Bench(Box<commands::bench::BenchArgs>),
    Serving(commands::serving::ServingArgs),
    Guard(commands::guard::GuardArgs),
    Learning(commands::learning::LearningArgs),
    Evaluate(Box<commands::evaluate::EvaluateArgs>),
    Tune(Box<commands::tune::TuneArgs>),
    Versions(Box<commands::versions::VersionsArgs>),
}

fn main() -> ExitCode {
    // Before anything else: on an older processor the first vector instruction ends the process without a word.
    if let Err(error) = machine::check() {
        eprintln!("shelfmark: {error}");
        return ExitCode::from(commands::exit_status::UNUSABLE);
    }
    let ended = match Line::parse().command {
        Command::Serve(args) => commands::serve::run(*args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Rollback(args) => commands::rollback::run(args),
        Command::Unpin(args) => commands::rollback::unpin(&args),
        Command::Operations(args) => commands::operations::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Models(args) => commands::models::run(args),
        Command::Fork(args) => commands::models::fork(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Import(args) => commands::import::run(*args),
        Command::Bench(args) => commands::bench::run(*args),
        Command::Serving(args) => commands::serving::run(args),
        Command::Guard(args) => commands::guard::run(args),
        Command::Learning(args) => commands::learning::run(args),
        Command::Evaluate(args) => commands::evaluate::run(*args),
        Command::Tune(args) => commands::tune::run(*args),
        Command::Versions(args) => commands::versions::run(*args),
    };
    match ended {
        Ok(code) => code,
        // `shelfmark evaluate FILE | head` is no failure.
        Err(error) if error.chain().any(is_broken_pipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shelfmark: {}", one_line(&error));
            ExitCode::from(commands::exit_status::UNUSABLE)
        }
    }
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
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
    fn the_help_of_a_command_says_what_its_arguments_say_of_it() {
        let mut line = super::Line::command();
        for (name, said) in [
            ("rollback", "readers are served the old state"),
            ("operations", "longer than a request"),
            ("replay", "Events enter the log in the order of the lines"),
            ("demo", "poison burst"),
            ("bench", "from the time it was due"),
            ("evaluate", "Test-then-train"),
            ("import", "turned at random"),
            ("tune", "successive halving"),
            ("versions", "a number or a label"),
        ] {
            let command = line.find_subcommand_mut(name).expect("a command");
            let help = command.render_long_help().to_string();
            assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{help}");
            let about = command.get_about().expect("a summary").to_string();
            assert!(about.len() < 120, "{about}");
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        super::Line::command().debug_assert();
    }
}
