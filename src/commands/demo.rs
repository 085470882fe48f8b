//! `shelfmark demo`: a generated shop for a running service.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use shelfmark_client::Origin;
use shelfmark_datasets::feeds::{Shop, ShopSettings, SpamSettings, spam};
use shelfmark_domain::{Event, Timestamp};

use super::{
    client_command::ServiceArgs,
    exit_status::Taken,
    pipeline::{self, Intake, PipelineOutcome, SendSettings},
    replay::{WaitFor, rate},
    send_progress::{SendProgress, Work},
    stats::SendSummary,
};

/// Post a generated shop to a running service: its items, then the events of its shoppers.
///
/// The shop has twelve categories, brands, prices and readable titles. Tastes of shoppers drift; their visits are
/// clicks that end in carts and purchases, some of them repeated. Equal settings give equal events with equal
/// ids, so a second run adds nothing; another --seed is another shop. With --spam it posts a poison burst instead:
/// random clicks of one source, `spam-bot`, that promote five items.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Number of events to post.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    events: u64,
    /// Rate in events per second; 0 for as fast as the service takes them.
    #[arg(long, default_value = "1000", value_parser = rate_or_none)]
    rate: Rate,
    /// Number of items of the shop.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(24..=1_000_000))]
    items: u32,
    /// Number of shoppers.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    shoppers: u32,
    /// Seed of the random draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated time of the first event (RFC 3339) [default: 2026-01-05T08:00:00Z, with --spam: now]
    #[arg(long, value_parser = start)]
    start: Option<Timestamp>,
    /// Post a poison burst of --events clicks on the items of this shop, and not the shop itself.
    #[arg(long)]
    spam: bool,
    /// Write ndjson to standard output, and post nothing.
    #[arg(long)]
    print: bool,
    /// State to wait for at the end.
    #[arg(long, value_enum, default_value_t = WaitFor::Applied)]
    wait: WaitFor,
    /// Seconds without a successful request after which the command gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// End with status 0 although up to N entries were rejected, but never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_bad: u64,
    /// Show the summary, but no progress.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy)]
struct Rate(Option<f64>);

fn rate_or_none(text: &str) -> Result<Rate, String> {
    if text == "0" { Ok(Rate(None)) } else { rate(text).map(|rate| Rate(Some(rate))) }
}

fn start(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "must be like 2026-01-05T08:00:00Z".to_owned())
}

/// Runs the command.
pub fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(post(args))
}

async fn post(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let usual = ShopSettings::default();
    let shop = ShopSettings {
        seed: args.seed,
        items: usize::try_from(args.items)?,
        shoppers: usize::try_from(args.shoppers)?,
        start: args.start.unwrap_or(usual.start),
    };
    let script = Script {
        shop,
        events: args.events,
        spam: args.spam.then(|| SpamSettings {
            shop,
            clicks: args.events,
            // A printed burst repeats, a posted one is new each time.
            start: args.start.unwrap_or_else(|| if args.print { usual.start } else { Timestamp::now() }),
        }),
    };
    if args.print {
        return tokio::task::spawn_blocking(move || script.print()).await?;
    }
    let client = args.service.client()?;
    // Nobody listens, or not this service: said at once. What fails later may be a restart, and is tried again.
    client.status().await.with_context(|| format!("{} does not answer", args.service.server.url))?;
    let progress = SendProgress::new(Work::Generated(args.events), args.quiet);
    let settings = SendSettings {
        batch: 2000,
        ahead: 4,
        rate: args.rate.0,
        patience: Duration::from_secs(args.patience),
        wait_applied: args.wait == WaitFor::Applied,
    };
    let began = Instant::now();
    let PipelineOutcome { read, sent, failure } =
        pipeline::run(&client, &progress, &settings, move |intake| script.post(intake)).await;
    for line in &sent.shown {
        eprintln!("{line}");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", SendSummary { read: &read, sent: &sent, from_files: false, seconds });
    if sent.duplicates > 0 && sent.accepted == 0 && failure.is_none() {
        println!("the service had all of these events already; another --seed makes another shop");
    }
    match failure {
        Some(error) => Err(error),
        None => {
            let taken = sent.items + sent.accepted + sent.duplicates;
            Ok(Taken { taken, refused: sent.rejected }.exit_code(args.allow_bad))
        }
    }
}

/// Settings of what is generated.
struct Script {
    shop: ShopSettings,
    events: u64,
    spam: Option<SpamSettings>,
}

impl Script {
    fn post(&self, intake: &mut Intake) -> anyhow::Result<()> {
        let file: Arc<str> = Arc::from("generated");
        let origin = |number: usize| Origin { file: file.clone(), line: number as u64 + 1 };
        if let Some(settings) = self.spam {
            for (number, event) in spam(settings).enumerate() {
                intake.event(origin(number), event)?;
            }
            return Ok(());
        }
        let shop = Shop::new(self.shop);
        for (number, item) in shop.items().enumerate() {
            intake.entry(origin(number), shelfmark_datasets::feeds::FeedBody::Item(item))?;
        }
        intake.flush()?;
        for (number, event) in shop.take(usize::try_from(self.events)?).enumerate() {
            intake.event(origin(number), event)?;
        }
        Ok(())
    }

    fn print(&self) -> anyhow::Result<ExitCode> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match self.write(&mut out).and_then(|()| out.flush()) {
            // `shelfmark demo --print | head` is not a failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let write_event = |out: &mut dyn Write, event: Event| -> io::Result<()> {
            serde_json::to_writer(&mut *out, &event)?;
            out.write_all(b"\n")
        };
        if let Some(settings) = self.spam {
            return spam(settings).try_for_each(|event| write_event(out, event));
        }
        let shop = Shop::new(self.shop);
        for item in shop.items() {
            serde_json::to_writer(&mut *out, &item)?;
            out.write_all(b"\n")?;
        }
        let events = usize::try_from(self.events).unwrap_or(usize::MAX);
        shop.take(events).try_for_each(|event| write_event(out, event))
    }
}
