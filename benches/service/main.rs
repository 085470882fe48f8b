//! The figures of the running service, each beside its ceiling in the same run.
//!
//!     cargo bench --bench service                         # all of them, some five minutes
//!     cargo bench --bench service -- --only ingest --only latency
//!     cargo bench --bench service -- --data DATA/ml100k
//!
//! | figure | is | ceiling or floor beside it |
//! |---|---|---|
//! | ingest | events/s durable over HTTP: batches of 500 with event ids, several connections | the same rows by one binary COPY into an empty table of the same shape in the same Postgres |
//! | recommend | recommendations/s, 10,000 items x 64, limit 20, kept connections | an axum handler that returns a constant reply of the same size |
//! | recommend with `--items` | the same over clustered vectors, with recall; `--learn 2000` again while events are learned | the same handler; without learning |
//! | latency | from the time an event is due to the reply that says the live view holds it, 1,000 events/s, open loop | the same to the reply that says it is durable, and the same against the constant handler |
//! | callers | events/s of 1, 4, 16 and 64 callers who post one event each and wait for its reply, closed loop | so many callers by what a commit takes |
//! | facade | recommendations/s of the Gorse-compatible `GET /api/recommend/{user}`, with scores | the same of `GET /v1/.../users/{user}/recommendations`, by turns |
//! | embeddings | 1,000 rows a request, raw f32 and safetensors | a handler that sends the same bytes |
//! | bulk | items with 64 numbers each, one stream of lines, until durable and until searchable | COPY of the rows that the log holds then, 200,000 of them at most |
//! | consoles | maps of a million items (`--items`); reads and learning with ten consoles open | the same without consoles |
//! | learn | events/s from the first post until the live view holds the last | events/s until the log holds the last |
//!
//! Every figure starts the real binary on an empty folder with its own Postgres, and the client shares the machine
//! with it: the ceilings do too. The client is plain HTTP/1.1 over TCP with requests built beforehand ([`wire`]), so
//! that it costs little. Prints a table, then one line of JSON.
//!
//! What is not fair, said here: ingest includes whatever share of the cores the learner takes meanwhile; the constant
//! handler runs inside the client's process, which spares it nothing but its start.
//!
//! `SHELFMARK_BENCH_BINARY=/path/to/shelfmark` measures another build of the service with the same client.

mod bulk;
mod callers;
#[path = "../rivals/clusters.rs"]
mod clusters;
mod consoles;
mod embeddings;
mod facade;
mod ingest;
mod latency;
mod learn;
mod loops;
mod memory;
mod million;
mod recommend;
mod report;
mod service;
mod shop;
mod wire;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use report::Report;

#[derive(Parser)]
#[command(name = "service", about = "Figures of the running service, each beside its ceiling")]
struct Args {
    /// Only these figures.
    #[arg(long, value_enum)]
    only: Vec<Figure>,
    /// Folder with events.jsonl.gz for `learn` (ml100k, say); a generated shop when left out.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Connections of `ingest`, `recommend`, `facade` and `embeddings`.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Events of `ingest`.
    #[arg(long, default_value_t = 300_000)]
    events: usize,
    /// Seconds of `recommend`, `facade`, `embeddings` and of each part of `latency` and `callers`.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Clustered items of `recommend`, instead of the shop's 10,000: 100000 or 1000000, say. Items of `bulk`: 100,000
    /// when left out.
    #[arg(long)]
    items: Option<usize>,
    /// Events a second that are learned meanwhile in a second run of `recommend --items`.
    #[arg(long, requires = "items", value_parser = clap::value_parser!(u64).range(1..))]
    learn: Option<u64>,
    /// Given by cargo; means nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    Ingest,
    Recommend,
    Latency,
    Callers,
    Learn,
    Embeddings,
    Facade,
    Bulk,
    Consoles,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |figure| args.only.is_empty() || args.only.contains(&figure);
    let connections = usize::from(args.connections);
    let mut report = Report::default();
    if wanted(Figure::Ingest) {
        ingest::measure(&mut report, args.events, connections).await?;
    }
    if wanted(Figure::Recommend) {
        match args.items {
            None => recommend::measure(&mut report, connections, args.seconds).await?,
            Some(items) => million::measure(&mut report, items, connections, args.seconds, args.learn).await?,
        }
    }
    if wanted(Figure::Latency) {
        latency::measure(&mut report, args.seconds).await?;
    }
    if wanted(Figure::Callers) {
        callers::measure(&mut report, args.seconds).await?;
    }
    if wanted(Figure::Learn) {
        learn::measure(&mut report, args.data.as_deref()).await?;
    }
    if wanted(Figure::Embeddings) {
        embeddings::measure(&mut report, connections, args.seconds).await?;
    }
    if wanted(Figure::Facade) {
        facade::measure(&mut report, connections, args.seconds).await?;
    }
    if wanted(Figure::Bulk) {
        for spelling in [bulk::Spelling::Numbers, bulk::Spelling::Base64] {
            bulk::measure(&mut report, args.items.unwrap_or(bulk::ITEMS_DEFAULT), spelling).await?;
        }
    }
    // A million items take minutes to store: only when asked for.
    if args.only.contains(&Figure::Consoles) {
        consoles::measure(&mut report, args.items.unwrap_or(1_000_000), connections, args.seconds).await?;
    }
    report.print();
    Ok(())
}
