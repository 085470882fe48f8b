//! `shelfmark tune`: the search for a configuration that recommends better on given files.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use indicatif::HumanCount;
use shelfmark_evaluation::tuning::{TRIALS_MAX, Trial, TuningResult, TuningSettings, tune};

use super::{
    evaluate::InputArgs,
    progress_bar::WorkProgress,
    table::{Align, Table},
};

/// Search for a configuration that recommends better on these files.
///
/// Draws configurations at random around the given one and tests them on the stream: all of them on its first quarter,
/// the best third on half, and the best third of those on the whole (successive halving). The table goes to standard
/// error. The best configuration goes to standard output, as JSON that `serve --model-config` takes. See
/// docs/LEARNING.md.
#[derive(Debug, clap::Args)]
pub struct TuneArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Seconds after which no further trial begins.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    budget: u64,
    /// Number of trials beside the given configuration [default: as many as the budget allows]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=TRIALS_MAX as i64))]
    candidates: Option<u8>,
    /// Seed of the random draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Most rows of the table.
const SHOWN: usize = 12;

/// Runs the command.
pub fn run(args: TuneArgs) -> anyhow::Result<ExitCode> {
    let base = args.input.config()?;
    let mut stream = args.input.stream(&base)?;
    let whole = stream.events.len();
    let settings = TuningSettings {
        budget: Duration::from_secs(args.budget),
        trials: args.candidates.map(usize::from),
        seed: args.seed,
        vary_dim: args.input.dim.is_none(),
    };
    let progress = WorkProgress::events("tuning", whole, args.input.quiet);
    let found = tune(&mut stream, &base, &args.input.protocol(Vec::new()), &settings, &mut |label, events| {
        progress.update(events, || label.to_owned());
    })?;
    progress.finish();
    eprint!("{}", table(&found, whole)?);
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&found.best().config)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Formats the trials that came furthest, the given configuration, and what the budget was enough for.
fn table(found: &TuningResult, whole: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    if found.events < whole {
        let (used, whole) = (HumanCount(found.events as u64), HumanCount(whole as u64));
        writeln!(text, "The budget is enough for the first {used} of {whole} events.")?;
    }
    if found.cut_short {
        writeln!(text, "The budget ended before the last rung did.")?;
    }
    let right = |name| (name, Align::Right, 13);
    let mut table = Table::new(&[
        right("#"),
        right("events"),
        right("recall@20 all"),
        right("novel"),
        right("seconds"),
        ("changes", Align::Left, 200),
    ]);
    let shown = found.trials.iter().take(SHOWN);
    let given = found.trials.iter().skip(SHOWN).find(|trial| trial.number == 0);
    for trial in shown.chain(given) {
        table.wrapped_row(row(trial));
    }
    write!(text, "{table}")?;
    if found.trials.len() > SHOWN {
        writeln!(text, "and {} that came less far", found.trials.len() - SHOWN)?;
    }
    if found.best().number == 0 {
        writeln!(text, "Nothing was better than the configuration given.")?;
    }
    Ok(text)
}

fn row(trial: &Trial) -> [String; 6] {
    let changes = if trial.number == 0 { "the configuration given".to_owned() } else { trial.changes.join(" ") };
    [
        trial.number.to_string(),
        HumanCount(trial.events as u64).to_string(),
        format!("{:.4}", trial.whole.all.recall()),
        format!("{:.4}", trial.whole.novel.recall()),
        format!("{:.1}", trial.time.as_secs_f64()),
        changes,
    ]
}
