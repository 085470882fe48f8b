//! Goal: P1, P2 and P3 when Postgres is killed in the middle of appends. Method: a cluster of our own whose postmaster
//! and whose appender's backend are killed in turns (SIGKILL) while four clients send events and retry until each is
//! acknowledged. Afterwards every acknowledged event stands where it was said to stand, once, and a tail that was open
//! all the while has seen every position once.

use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::log_support::{append_until_acknowledged, at, event, migrated, open};
use shelfmark_log::{AppendOutcome, Log};
use shelfmark_postgres::ManagedPostgres;
use sqlx::PgPool;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

const KILLS: u64 = 8;
/// Records that are acknowledged between two kills.
const RECORDS_BETWEEN: u64 = 2_000;
const DEADLINE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_postgres_loses_no_acknowledged_record_and_doubles_none() {
    let folder = tempfile::Builder::new().prefix("shelfmark-log-crash-").tempdir().expect("a folder");
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    let stop = CancellationToken::new();
    let mut watch = JoinSet::new();
    watch.spawn(managed.supervise(stop.clone()));
    let pool = migrated(managed.url()).await;
    let opened = open(&pool).await;

    let acknowledged = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        writers.spawn(write(opened.log.clone(), writer, Arc::clone(&acknowledged), Arc::clone(&done)));
    }
    let mut tail = opened.log.tail(at(0));
    let mut seen = 0;
    for kill in 0..KILLS {
        // The tail is read as a learner reads it, through every outage.
        let goal = (kill + 1) * RECORDS_BETWEEN;
        let deadline = Instant::now() + DEADLINE;
        while acknowledged.load(Ordering::Relaxed) < goal {
            assert!(Instant::now() < deadline, "no progress after kill {kill}");
            if let Ok(next) = tokio::time::timeout(Duration::from_millis(20), tail.next()).await {
                let append = next.expect("tails survive outages");
                assert_eq!(append.first().get(), seen + 1, "gapless, once");
                seen = append.last().get();
            }
        }
        match kill % 2 {
            0 => kill_postmaster(folder.path()),
            _ => kill_appender(&pool).await,
        }
    }
    done.store(true, Ordering::Relaxed);
    let mut positions = HashMap::new();
    while let Some(written) = writers.join_next().await {
        positions.extend(written.expect("no panic"));
    }
    let head = opened.log.head().await.expect("a head").get();
    while seen < head {
        let next = tokio::time::timeout(DEADLINE, tail.next()).await;
        let append = next.expect("in time").expect("an append");
        assert_eq!(append.first().get(), seen + 1, "gapless, once");
        seen = append.last().get();
    }
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select event_id, position from records").fetch_all(&pool).await.expect("read");
    assert_eq!(rows.len() as u64, head, "P3: dense");
    let stored: HashMap<String, u64> = rows.into_iter().map(|(id, p)| (id, p as u64)).collect();
    assert_eq!(stored.len() as u64, head, "P2: once");
    for (id, position) in &positions {
        assert_eq!(stored.get(id), Some(position), "P1: {id}");
    }
    // Every client retried until it was answered, so nothing else can stand there.
    assert_eq!(stored.len(), positions.len());
    opened.close().await;
    pool.close().await;
    managed.stop().await.expect("stops");
    stop.cancel();
    watch.join_all().await;
}

async fn write(log: Log, writer: u32, acknowledged: Arc<AtomicU64>, done: Arc<AtomicBool>) -> HashMap<String, u64> {
    let mut positions = HashMap::new();
    let mut request = 0;
    while !done.load(Ordering::Relaxed) {
        let ids: Vec<String> = (0..25).map(|i| format!("{writer}-{request}-{i}")).collect();
        let records = ids.iter().map(|id| event(id, 1.0)).collect();
        let outcomes = append_until_acknowledged(&log, records).await;
        acknowledged.fetch_add(ids.len() as u64, Ordering::Relaxed);
        for (id, outcome) in ids.into_iter().zip(outcomes) {
            let position = match outcome {
                AppendOutcome::Accepted(position) | AppendOutcome::Duplicate(position) => position.get(),
                AppendOutcome::Conflict(position) => panic!("{id} conflicts with {position}"),
            };
            assert_eq!(positions.insert(id, position), None);
        }
        request += 1;
    }
    positions
}

fn kill_postmaster(folder: &Path) {
    let file = folder.join("postgres/data/postmaster.pid");
    let text = std::fs::read_to_string(file).expect("it runs");
    kill(text.lines().next().expect("a first line"));
}

/// Kills the appender's backend: Postgres then ends every session and recovers. Waits for it, because it, and the
/// connection that asks, may be on their way back from the last time.
async fn kill_appender(pool: &PgPool) {
    let query = "select pid from pg_stat_activity where application_name = 'shelfmark appender'";
    for _ in 0..200 {
        let found: Result<Option<i32>, sqlx::Error> = sqlx::query_scalar(query).fetch_optional(pool).await;
        if let Ok(Some(process)) = found {
            return kill(&process.to_string());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the appender does not come back");
}

fn kill(process: &str) {
    let status = Command::new("kill").args(["-KILL", process]).status();
    assert!(status.expect("kill runs").success(), "kill {process}");
}
