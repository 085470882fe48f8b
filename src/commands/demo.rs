//! `shelfmark demo`: a generated shop into a running service.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark::{
    domain::{Event, Timestamp},
    feeds::{Shop, ShopSettings, SpamSettings, spam},
};
use shelfmark_client::Origin;

use super::{
    client::{Client, ServiceArgs},
    exit_status::Taken,
    pipeline::{self, Intake, PipelineOutcome, Sending},
    progress::{Progress, Whole},
    replay::{WaitFor, rate},
    stats::SendSummary,
};

/// Posts a generated shop: its items, then what its shoppers do.
///
/// Twelve categories, brands, prices and readable titles; shoppers with tastes that drift, visits of clicks that end in
/// carts and purchases, repeat purchases, popular and unpopular items. The same settings give the same events with the
/// same ids: run twice, it adds nothing; another --seed is another shop. With --spam it posts a poison burst instead:
/// one source, `spam-bot`, whose clicks mean nothing but promote five items.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Events to post.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    events: u64,
    /// Events a second; 0 is as fast as the service takes them.
    #[arg(long, default_value = "1000", value_parser = rate_or_none)]
    rate: Rate,
    /// Items of the catalogue.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(24..=1_000_000))]
    items: u32,
    /// Shoppers.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    shoppers: u32,
    /// Key of every draw.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated time at which the shop opens (RFC 3339) [default: 2026-01-05T08:00:00Z; of spam: now].
    #[arg(long, value_parser = start)]
    start: Option<Timestamp>,
    /// Post a poison burst of --events clicks on the items of this shop, without the shop itself.
    #[arg(long)]
    spam: bool,
    /// Write ndjson to standard output instead of posting.
    #[arg(long)]
    print: bool,
    /// What to wait for at the end: that all is durable, or that the live view holds it.
    #[arg(long, value_enum, default_value_t = WaitFor::Applied)]
    wait: WaitFor,
    /// Seconds without a successful request until it gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// End with status 0 although so many entries were rejected. Never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_bad: u64,
    /// No progress, only the summary.
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
    let client = Client::new(&args.service)?;
    let progress = Progress::new(Whole::Events(args.events), args.quiet);
    let sending = Sending {
        batch: 2000,
        ahead: 4,
        rate: args.rate.0,
        patience: Duration::from_secs(args.patience),
        wait_applied: args.wait == WaitFor::Applied,
    };
    let began = Instant::now();
    let PipelineOutcome { read, sent, failure } =
        pipeline::run(&client, &progress, &sending, move |intake| script.post(intake)).await;
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
        None => Ok(Taken { taken: sent.items + sent.accepted + sent.duplicates, refused: sent.rejected }
            .exit_code(args.allow_bad)),
    }
}

/// What is generated.
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
            intake.entry(origin(number), shelfmark::feeds::FeedBody::Item(item))?;
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
            // `shelfmark demo --print | head` is no failure.
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
