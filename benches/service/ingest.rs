//! Durable events per second over HTTP, beside raw COPY of the same rows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::ensure;
use futures::TryStreamExt;
use serde_json::json;
use sqlx::{Executor, PgConnection, Row};

use super::{
    loops::on_connections,
    report::Report,
    service::Service,
    shop::{EVENTS, batches, events, position_of, shop},
    wire::Wire,
};

const BATCH: usize = 500;

pub async fn measure(report: &mut Report, count: usize, connections: usize) -> anyhow::Result<()> {
    Report::step(&format!("ingest: {count} events, batches of {BATCH}, {connections} connections"));
    let requests = Arc::new(batches(EVENTS, &events(&mut shop(2_000), count), BATCH)?);
    let service = Service::start(&json!({})).await?;

    let next = Arc::new(AtomicUsize::new(0));
    let head = Arc::new(AtomicU64::new(0));
    let sender = |_, mut wire: Wire| {
        let (requests, next, head) = (requests.clone(), next.clone(), head.clone());
        async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                loop {
                    let reply = wire.send(request).await?;
                    // A full queue is back-pressure: the same batch again, as a client would.
                    if reply.status == 429 {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        continue;
                    }
                    ensure!((200..300).contains(&reply.status), "{}", String::from_utf8_lossy(reply.body));
                    head.fetch_max(position_of(reply.body)?, Ordering::Relaxed);
                    break;
                }
            }
            Ok(())
        }
    };
    let (_, elapsed) = on_connections(&service.address, connections, sender).await?;
    // Let the learner finish, so that the ceiling has the cores for itself.
    service.applied(head.load(Ordering::Relaxed)).await?;

    let mut postgres = service.postgres().await?;
    let rows: i64 = postgres.fetch_one("select count(*) from records where type = 1").await?.try_get(0)?;
    ensure!(usize::try_from(rows)? == count, "{rows} rows of {count} events");
    let ceiling = copy(&mut postgres, 1, count).await?;
    drop(postgres);
    service.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = count as f64 / elapsed.as_secs_f64();
    report.rate("ingest", "events/s", rate, "raw COPY", ceiling);
    Ok(())
}

/// Copies the log's own rows of a type, the first `count` of them, into an empty table of the same shape, indexes
/// included: rows a second, best of three.
pub async fn copy(postgres: &mut PgConnection, code: u8, count: usize) -> anyhow::Result<f64> {
    let select = format!("select * from records where type = {code} order by position limit {count}");
    let rows: Vec<bytes::Bytes> =
        postgres.copy_out_raw(&format!("copy ({select}) to stdout (format binary)")).await?.try_collect().await?;
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        postgres.execute("drop table if exists bench_records").await?;
        postgres.execute("create table bench_records (like records including all)").await?;
        postgres.execute("checkpoint").await?;
        let began = Instant::now();
        let mut sink = postgres.copy_in_raw("copy bench_records from stdin (format binary)").await?;
        // In pieces of some size, as a bulk loader would.
        let mut piece = Vec::with_capacity(1 << 20);
        for row in &rows {
            piece.extend_from_slice(row);
            if piece.len() > 256 << 10 {
                sink.send(std::mem::take(&mut piece)).await?;
            }
        }
        sink.send(piece).await?;
        let copied = sink.finish().await?;
        let seconds = began.elapsed().as_secs_f64();
        ensure!(usize::try_from(copied)? == count, "{copied} rows copied");
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = count as f64 / seconds;
        best = best.max(rate);
    }
    postgres.execute("drop table bench_records").await?;
    Ok(best)
}
