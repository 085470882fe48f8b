//! Durable appends against their ceiling: raw COPY of the same rows into the same table, in one run.
//!
//! `cargo bench --bench append [-- records [writers]]` (default 200,000 records, 8 writers, 500 records a request). The
//! rows of the raw COPY are those that the log wrote, read back with COPY and sent again in one transaction by one
//! client that has nothing else to do. Both write the indexes and the write-ahead log; a checkpoint comes before each
//! measurement. The cluster stands in a temporary folder and flushes every commit to the disk, as the service's own
//! does.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use shelfmark_domain::{Event, Id, ModelName, NewRecord, Position, RecordBody, Timestamp};
use shelfmark_log::{AppendOutcome, Log, LogSettings};
use shelfmark_postgres::ManagedPostgres;
use sqlx::{Executor, PgPool, postgres::PgPoolCopyExt};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
// The service's allocator, which its library sets.
use shelfmark as _;

const REQUEST_RECORDS: usize = 500;
const ROUNDS: usize = 3;
const PIECE_BYTES: usize = 128 << 10;

#[derive(Clone, Copy)]
enum Ids {
    /// Ids that grow, such as ULIDs, UUIDv7 or a file's line numbers.
    Ordered,
    /// UUIDv4: every row touches a random page of the index.
    Random,
}

fn main() -> Result<()> {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let records = numbers.next().unwrap_or(200_000).max(REQUEST_RECORDS);
    let writers = numbers.next().unwrap_or(8).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(records, writers))
}

async fn run(records: usize, writers: usize) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("shelfmark-bench-").tempdir()?;
    let managed = ManagedPostgres::start(folder.path()).await?;
    let postmaster = std::fs::read_to_string(managed.cluster_folder().join("postmaster.pid"))?;
    let postmaster = postmaster.lines().next().unwrap_or_default().parse()?;
    let measured = measure(managed.url(), postmaster, records, writers).await;
    managed.stop().await?;
    measured
}

async fn measure(url: &str, postmaster: u32, records: usize, writers: usize) -> Result<()> {
    let pool = shelfmark_postgres::connect(url, 10).await?;
    shelfmark_postgres::migrate(&pool).await?;
    println!(
        "{records} events, {writers} writers, {REQUEST_RECORDS} a request; rates in events/s, medians of {ROUNDS}"
    );
    println!(
        "ids        append  raw COPY  ratio  records/append  10% retries  read back   CPU us/event: append in Postgres, in this process; raw COPY in Postgres"
    );
    for (name, ids) in [("ordered", Ids::Ordered), ("random", Ids::Random)] {
        let mut rates = Vec::new();
        let mut ceilings = Vec::new();
        let mut retried = Vec::new();
        let mut reads = Vec::new();
        let (mut group, mut cpu) = (0, [0.0; 3]);
        for _ in 0..ROUNDS {
            empty(&pool).await?;
            let requests_all = requests(records, ids, 0);
            let before = (postgres_cpu(postmaster)?, own_cpu()?);
            rates.push(append(&pool, requests_all, writers).await?);
            cpu[0] = (postgres_cpu(postmaster)? - before.0) * 1e6 / as_float(records);
            cpu[1] = (own_cpu()? - before.1) * 1e6 / as_float(records);
            group = records_an_append(&pool).await?;
            reads.push(read_back(&pool, records).await?);
            let rows = copy_out(&pool).await?;
            empty(&pool).await?;
            let before = postgres_cpu(postmaster)?;
            ceilings.push(copy_in(&pool, &rows, records).await?);
            cpu[2] = (postgres_cpu(postmaster)? - before) * 1e6 / as_float(records);
            empty(&pool).await?;
            retried.push(append(&pool, requests(records, ids, 10), writers).await?);
        }
        let (rate, ceiling) = (median(rates), median(ceilings));
        println!(
            "{name:8} {rate:>8.0}  {ceiling:>8.0}  {:>4.0}%  {group:>14}  {:>11.0}  {:>9.0}   {:.1}, {:.1}; {:.1}",
            100.0 * rate / ceiling,
            median(retried),
            median(reads),
            cpu[0],
            cpu[1],
            cpu[2]
        );
    }
    pool.close().await;
    Ok(())
}

/// Requests of events of 20,000 users and 10,000 items; every `retry_percent` of 100 is the one before it again.
fn requests(records: usize, ids: Ids, retry_percent: usize) -> Vec<Vec<NewRecord>> {
    let id = |text: String| Id::new("id", &text).expect("an id");
    let mut all: Vec<NewRecord> = Vec::with_capacity(records);
    for n in 0..records {
        if retry_percent > 0 && n % 100 >= 100 - retry_percent {
            let before = all[n - 50].clone();
            all.push(before);
            continue;
        }
        let event_id = match ids {
            Ids::Ordered => uuid::Uuid::now_v7().to_string(),
            Ids::Random => uuid::Uuid::new_v4().to_string(),
        };
        // A cheap scatter: which users and items does not matter to the log.
        let scattered = n.wrapping_mul(0x9e37_79b9) >> 7;
        let event = Event {
            event_id: id(event_id),
            user: Some(id(format!("user-{}", scattered % 20_000))),
            session: None,
            item: id(format!("item-{}", scattered / 7 % 10_000)),
            kind: "click".to_owned(),
            value: Some(1.0),
            ts: Timestamp::from_seconds(1_700_000_000.0 + f64::from(u32::try_from(n).unwrap_or(0))).expect("in range"),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        all.push(NewRecord {
            body: RecordBody::Event(event),
            retry_hash: Some(i64::try_from(n).unwrap_or(0)),
            source: None,
        });
    }
    all.chunks(REQUEST_RECORDS).map(<[_]>::to_vec).collect()
}

async fn empty(pool: &PgPool) -> Result<()> {
    pool.execute("truncate records").await?;
    pool.execute("update models set head = 0").await?;
    pool.execute("checkpoint").await?;
    Ok(())
}

/// Appends all requests from so many tasks. The clock runs from the first request to the last answer.
async fn append(pool: &PgPool, requests: Vec<Vec<NewRecord>>, writers: usize) -> Result<f64> {
    let records: usize = requests.iter().map(Vec::len).sum();
    let shutdown = CancellationToken::new();
    let tracker = TaskTracker::new();
    let model = ModelName::new("default")?;
    let log = Log::open(pool.clone(), &model, LogSettings::default(), shutdown.clone(), &tracker).await?;
    let mut shares: Vec<Vec<Vec<NewRecord>>> = vec![Vec::new(); writers];
    for (n, request) in requests.into_iter().enumerate() {
        shares[n % writers].push(request);
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for share in shares {
        let log = log.clone();
        tasks.spawn(async move {
            let mut answered = 0;
            for request in share {
                let outcomes = log.append(request).await?;
                answered += outcomes.iter().filter(|outcome| !matches!(outcome, AppendOutcome::Conflict(_))).count();
            }
            anyhow::Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(done) = tasks.join_next().await {
        answered += done??;
    }
    let took = started.elapsed();
    ensure!(answered == records, "{answered} of {records} answered");
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    Ok(rate(records, took))
}

async fn records_an_append(pool: &PgPool) -> Result<i64> {
    let mean = "select count(*) / count(distinct append_last) from records";
    Ok(sqlx::query_scalar(mean).fetch_one(pool).await?)
}

async fn copy_out(pool: &PgPool) -> Result<Vec<u8>> {
    let mut pieces = pool.copy_out_raw("copy records to stdout (format binary)").await?;
    let mut rows = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        rows.extend_from_slice(&piece);
    }
    Ok(rows)
}

async fn copy_in(pool: &PgPool, rows: &[u8], records: usize) -> Result<f64> {
    let started = Instant::now();
    let mut copy = pool.copy_in_raw("copy records from stdin (format binary)").await?;
    for piece in rows.chunks(PIECE_BYTES) {
        copy.send(piece).await?;
    }
    let copied = copy.finish().await?;
    let took = started.elapsed();
    ensure!(copied == records as u64, "{copied} of {records} copied");
    Ok(rate(records, took))
}

/// Reads the whole log from the table, as a recovery does.
async fn read_back(pool: &PgPool, records: usize) -> Result<f64> {
    let (shutdown, tracker) = (CancellationToken::new(), TaskTracker::new());
    let model = ModelName::new("default")?;
    let settings = LogSettings::default();
    let log = Log::open(pool.clone(), &model, settings, shutdown.clone(), &tracker).await?;
    let started = Instant::now();
    let mut tail = log.tail(Position::ZERO);
    while tail.position().get() < records as u64 {
        tail.next().await?;
    }
    let took = started.elapsed();
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    Ok(rate(records, took))
}

/// Seconds of CPU that the server and its sessions have used, ended ones included. Other work on the machine does not
/// change it, as it changes rates.
fn postgres_cpu(postmaster: u32) -> Result<f64> {
    let mut seconds = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else {
            continue;
        };
        let fields = fields(&stat);
        if stat.starts_with(&format!("{postmaster} ")) {
            seconds += cpu(&fields, 11..15);
        } else if fields.get(1).is_some_and(|parent| *parent == postmaster.to_string()) {
            seconds += cpu(&fields, 11..13);
        }
    }
    Ok(seconds)
}

fn own_cpu() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    Ok(cpu(&fields(&stat), 11..13))
}

/// Fields of /proc/PID/stat after the command's name: state, parent, ...; utime is the 12th, then stime, cutime,
/// cstime.
fn fields(stat: &str) -> Vec<&str> {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().collect()
}

/// Ticks of 10 ms (the unit of /proc on Linux) as seconds.
fn cpu(fields: &[&str], range: std::ops::Range<usize>) -> f64 {
    let ticks = fields.get(range).unwrap_or_default();
    ticks.iter().filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn rate(records: usize, took: Duration) -> f64 {
    as_float(records) / took.as_secs_f64()
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
