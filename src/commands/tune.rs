//! `shelfmark tune`: a configuration for files, found by test-then-train.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use shelfmark::evaluation::tuning::{TRIALS_MAX, Trial, TuningResult, TuningSettings, tune};

use super::{evaluate::InputArgs, progress_bar::WorkProgress, stats::grouped};

/// Searches for a configuration that recommends better on these files.
///
/// Draws configurations at random around the given one and tests them on the stream, all of them on its first quarter,
/// the best third on half, and the best third of those on the whole (successive halving). The table goes to standard error; the best
/// configuration goes to standard output, as JSON that `serve --model-config` takes. See docs/LEARNING.md.
#[derive(Debug, clap::Args)]
pub struct TuneArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Seconds after which no more is tried.
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    budget: u64,
    /// Candidates beside the given configuration [default: as many as the budget allows].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=TRIALS_MAX as i64))]
    candidates: Option<u8>,
    /// Key of the draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Lines of the table.
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
    let mut bar = WorkProgress::new("tuning", whole, args.input.quiet);
    let found = tune(&mut stream, &base, &args.input.protocol(Vec::new()), &settings, &mut |label, events| {
        bar.at(events, || label.to_owned());
    })?;
    bar.finish();
    eprint!("{}", table(&found, whole));
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&found.best().config)?)?;
    Ok(ExitCode::SUCCESS)
}

fn table(found: &TuningResult, whole: usize) -> String {
    let mut text = String::new();
    if found.events < whole {
        let (used, whole) = (grouped(found.events as u64), grouped(whole as u64));
        text.push_str(&format!("The budget is enough for the first {used} of {whole} events.\n"));
    }
    if found.cut_short {
        text.push_str("The budget ended before the last rung did.\n");
    }
    text.push_str("   #   events  recall@20 all   novel  seconds  changes\n");
    let line = |candidate: &Trial| {
        let changes =
            if candidate.number == 0 { "the configuration given".to_owned() } else { candidate.changes.join(" ") };
        format!(
            "{:>4}  {:>7}  {:>13.4}  {:>6.4}  {:>7.1}  {changes}\n",
            candidate.number,
            candidate.events,
            candidate.whole.all.recall(),
            candidate.whole.novel.recall(),
            candidate.time.as_secs_f64(),
        )
    };
    found.trials.iter().take(SHOWN).for_each(|candidate| text.push_str(&line(candidate)));
    if let Some(base) = found.trials.iter().skip(SHOWN).find(|candidate| candidate.number == 0) {
        text.push_str(&line(base));
    }
    if found.trials.len() > SHOWN {
        text.push_str(&format!("and {} that came less far\n", found.trials.len() - SHOWN));
    }
    if found.best().number == 0 {
        text.push_str("Nothing was better than the configuration given.\n");
    }
    text
}
