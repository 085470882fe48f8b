//! The program `shelfmark-kafka`: parses the command line, and runs or checks a connector.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use shelfmark_kafka::{ConnectorError, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Exit status when it could not do its work.
const UNUSABLE: u8 = 2;

/// Feed a model of Shelfmark from topics of Kafka.
///
/// Each message becomes its event once: how far Kafka is read is committed with the events. Runs until SIGTERM.
#[derive(Parser)]
#[command(name = "shelfmark-kafka", version, about, max_term_width = 80)]
struct Cli {
    /// File of settings, in TOML: see docs/how-to/connect-kafka.md. The API key is in its `service.key_file`, or in the
    /// environment as SHELFMARK_KEY.
    settings: PathBuf,
    /// Check the settings and the connections, and end.
    #[arg(long)]
    check: bool,
    /// Filter of log lines: a level, or levels by module.
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// Format of log lines.
    #[arg(long, env = "SHELFMARK_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match begin(&cli) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            report(&error);
            ExitCode::from(error.exit_status())
        }
        Err(error) => {
            report(&*error);
            ExitCode::from(UNUSABLE)
        }
    }
}

fn report(error: &dyn Error) {
    let mut text = format!("shelfmark-kafka: {error}");
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    drop(writeln!(io::stderr(), "{text}"));
}

type Ended = Result<(), ConnectorError>;

fn begin(cli: &Cli) -> Result<Ended, Box<dyn Error>> {
    start_log(cli)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let settings = match Settings::read(&cli.settings) {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(error)),
    };
    if cli.check {
        return Ok(runtime.block_on(shelfmark_kafka::check(&settings, &mut io::stdout())));
    }
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("kafka.stopping");
    };
    Ok(runtime.block_on(shelfmark_kafka::run(&settings, shutdown)))
}

fn start_log(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(&cli.log)?);
    match cli.log_format {
        LogFormat::Text => {
            // Colours are for people at a terminal, not for files and journals.
            let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
            registry.with(layer.with_target(false)).try_init()?;
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
            registry.with(layer.json().flatten_event(true)).try_init()?;
        }
    }
    Ok(())
}
