//! Benchmark of versions and rollback, with each figure beside its ceiling in the same run.
//!
//!     cargo bench --bench versions                        # all of them, some ten minutes
//!     cargo bench --bench versions -- --items 20000 --events 20000
//!     cargo bench --bench versions -- --only switch
//!
//! | figure | is | ceiling or floor beside it |
//! |---|---|---|
//! | stored | a delta of 20,000 touched rows: time and bytes; the whole version loaded and verified | the touched rows' own bytes and COPY of the same rows; COPY of the same stored bytes out of Postgres |
//! | taking | steps and recommendations while a version of the whole model is taken, and while one is compared with the live state; time and memory of that | the same while nothing else is done |
//! | replay | events/s of a replay through the engine, whole operation | the learner alone on the same appends, in memory |
//! | switch | slowest answer under 500 requests/s and 100 rollbacks; from asking for a rollback to the first answer from the new state | the answers of the same stream before the first rollback |
//!
//! `stored`, `taking` and `replay` run in this process on a Postgres of their own; `switch` starts the real binary.
//! Client, service and Postgres share the machine. The model of `stored` and `taking` is made by the production state
//! machine from items known by their ids alone: its accumulators stand at their first value and compress well, its
//! vectors do not.

mod beside;
mod learning;
#[path = "../service/memory.rs"]
mod memory;
mod million;
mod quantiles;
mod replay;
#[path = "../service/report.rs"]
mod report;
#[path = "../service/service.rs"]
#[allow(dead_code, reason = "another bench asks its Postgres")]
mod service;
#[path = "../service/shop.rs"]
mod shop;
mod stored;
mod switch;
mod switched;
mod taking;
#[path = "../service/wire.rs"]
mod wire;

use clap::{Parser, ValueEnum};
use report::Report;
use shelfmark_postgres::ManagedPostgres;
// The service's allocator, which its library sets.
use shelfmark as _;

#[derive(Parser)]
#[command(name = "versions", about = "What versions and rollback cost, each figure beside its ceiling")]
struct Args {
    /// Only these figures.
    #[arg(long, value_enum)]
    only: Vec<Figure>,
    /// Items of the model of `stored` and `taking`.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100..))]
    items: u32,
    /// Events of `replay`.
    #[arg(long, default_value_t = 200_000)]
    events: usize,
    /// Given by cargo; means nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    Stored,
    Taking,
    Replay,
    Switch,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |figure| args.only.is_empty() || args.only.contains(&figure);
    let mut report = Report::default();
    if wanted(Figure::Stored) || wanted(Figure::Taking) {
        let (folder, managed) = postgres().await?;
        let url = managed.url();
        let kept = Box::pin(million::store(url, args.items)).await?;
        if wanted(Figure::Stored) {
            stored::measure(&mut report, &kept).await?;
        }
        kept.pool.close().await;
        if wanted(Figure::Taking) {
            taking::measure(&mut report, url, args.items, kept.base.0.version).await?;
        }
        managed.stop().await?;
        drop(folder);
    }
    if wanted(Figure::Replay) {
        let (folder, managed) = postgres().await?;
        Box::pin(replay::measure(&mut report, managed.url(), args.events)).await?;
        managed.stop().await?;
        drop(folder);
    }
    if wanted(Figure::Switch) {
        switch::measure(&mut report).await?;
    }
    report.print();
    Ok(())
}

/// A Postgres on an empty folder, which flushes every commit to the disk as the service's own does.
async fn postgres() -> anyhow::Result<(tempfile::TempDir, ManagedPostgres)> {
    let folder = tempfile::Builder::new().prefix("shelfmark-bench-").tempdir()?;
    let managed = ManagedPostgres::start(folder.path()).await?;
    Ok((folder, managed))
}
