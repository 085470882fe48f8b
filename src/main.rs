//! The program `shelfmark`: parses the command line and runs a command.

use std::{io, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

mod commands;
mod machine;

/// Serve embeddings and recommendations from a model that learns from every event.
///
/// An event changes the model within milliseconds, and every state is a position in a log.
#[derive(Parser)]
#[command(name = "shelfmark", version, about, propagate_version = true, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    // The doc comments of the arguments are the help of the commands.
    Serve(Box<commands::serve::ServeArgs>),
    Recommend(Box<commands::recommend::RecommendArgs>),
    Keys(commands::keys::KeysArgs),
    Rollback(commands::rollback::RollbackArgs),
    Unpin(commands::rollback::UnpinArgs),
    Operations(commands::operations::OperationsArgs),
    Verify(commands::verify::VerifyArgs),
    Backup(Box<commands::backup::BackupArgs>),
    Backups(commands::backup::BackupsArgs),
    Restore(Box<commands::restore::RestoreArgs>),
    Models(commands::models::ModelsArgs),
    Fork(commands::models::ForkArgs),
    Replay(commands::replay::ReplayArgs),
    Demo(commands::demo::DemoArgs),
    Import(Box<commands::import::ImportArgs>),
    Bench(Box<commands::bench::BenchArgs>),
    Serving(commands::serving::ServingArgs),
    Guard(commands::guard::GuardArgs),
    Learning(commands::learning::LearningArgs),
    Bias(commands::bias::BiasArgs),
    Trace(commands::trace::TraceArgs),
    History(commands::history::HistoryArgs),
    Forget(commands::forget::ForgetArgs),
    Evaluate(Box<commands::evaluate::EvaluateArgs>),
    Tune(Box<commands::tune::TuneArgs>),
    Versions(Box<commands::versions::VersionsArgs>),
    Size(commands::size::SizeArgs),
    Ready(commands::ready::ReadyArgs),
    Completions(commands::completions::CompletionsArgs),
    ManPages(commands::man_pages::ManPagesArgs),
}

fn main() -> ExitCode {
    // Before anything else: on an older processor the first vector instruction kills the process without a message.
    if let Err(error) = machine::check() {
        eprintln!("shelfmark: {error}");
        return ExitCode::from(commands::exit_status::UNUSABLE);
    }
    let ended = match Cli::parse().command {
        Command::Serve(args) => commands::serve::run(*args),
        Command::Recommend(args) => commands::recommend::run(&args),
        Command::Keys(args) => commands::keys::run(args),
        Command::Rollback(args) => commands::rollback::run(args),
        Command::Unpin(args) => commands::rollback::unpin(&args),
        Command::Operations(args) => commands::operations::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Backup(args) => commands::backup::run(&args),
        Command::Backups(args) => commands::backup::list_all(&args),
        Command::Restore(args) => commands::restore::run(&args),
        Command::Models(args) => commands::models::run(args),
        Command::Fork(args) => commands::models::fork(args),
        Command::Replay(args) => commands::replay::run(args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Import(args) => commands::import::run(*args),
        Command::Bench(args) => commands::bench::run(*args),
        Command::Serving(args) => commands::serving::run(args),
        Command::Guard(args) => commands::guard::run(args),
        Command::Learning(args) => commands::learning::run(args),
        Command::Bias(args) => commands::bias::run(&args),
        Command::Trace(args) => commands::trace::run(&args),
        Command::History(args) => commands::history::run(&args),
        Command::Forget(args) => commands::forget::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(*args),
        Command::Tune(args) => commands::tune::run(*args),
        Command::Versions(args) => commands::versions::run(*args),
        Command::Size(args) => commands::size::run(&args),
        Command::Ready(args) => commands::ready::run(&args),
        Command::Completions(args) => commands::completions::run(&args, Cli::command()),
        Command::ManPages(args) => commands::man_pages::run(&args, Cli::command()),
    };
    match ended {
        Ok(code) => code,
        // `shelfmark evaluate FILE | head` is not a failure.
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

/// Formats an error and its causes in one line. A cause that its error repeats is left out.
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
    fn the_help_of_a_command_is_the_doc_of_its_arguments() {
        let mut line = super::Cli::command();
        for (name, said) in [
            ("rollback", "readers are served the old state"),
            ("operations", "longer than a request"),
            ("replay", "Events enter the log in the order of the lines"),
            ("demo", "poison burst"),
            ("bench", "from the time it was due"),
            ("evaluate", "Test-then-train"),
            ("import", "rotated at random"),
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

    /// Collects the help of a command and of all commands below it.
    fn helps(command: &mut clap::Command, into: &mut Vec<String>) {
        into.push(command.render_help().to_string());
        into.push(command.render_long_help().to_string());
        for sub in command.get_subcommands_mut() {
            helps(sub, into);
        }
    }

    #[test]
    fn every_help_text_fits_80_columns_and_begins_with_a_sentence() {
        let mut cli = super::Cli::command();
        cli.build();
        let mut all = Vec::new();
        helps(&mut cli, &mut all);
        for help in &all {
            let first = help.lines().next().expect("a line");
            assert!(first.starts_with(char::is_uppercase), "{help}");
        }
        let long = all.iter().flat_map(|help| help.lines()).filter(|line| line.chars().count() > 80);
        assert_eq!(long.collect::<Vec<_>>(), [""; 0], "lines of more than 80 columns");
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
