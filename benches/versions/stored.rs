//! A delta beside its rows and COPY; a whole version loaded and verified beside COPY of the same bytes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::TryStreamExt;
use serde_json::json;
use shelfmark_domain::{VersionManifest, VersionNumber};
use shelfmark_state::{Assembler, State};
use shelfmark_store::versions::VersionStore;
use sqlx::{Executor, PgPool, postgres::PgPoolCopyExt};
use tokio::sync::mpsc;

use super::{
    million::{DIM, Kept},
    report::Report,
};

/// Segments that wait to be put into place, as the engine has it.
const SEGMENTS_AHEAD: usize = 2;
const PIECE_BYTES: usize = 128 << 10;
const ROUNDS: usize = 3;

pub async fn measure(report: &mut Report, kept: &Kept) -> anyhow::Result<()> {
    delta(report, kept).await?;
    restore(report, kept).await
}

async fn delta(report: &mut Report, kept: &Kept) -> anyhow::Result<()> {
    let (manifest, took) = &kept.delta;
    let rows = kept.touched * 2 * DIM * size_of::<f32>();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let (ratio, packed) = (manifest.raw_bytes as f64 / rows as f64, manifest.bytes as f64 / rows as f64);
    let beside = format!("{} touched rows with their state: {rows} bytes; {ratio:.3} (bar: 1.3)", kept.touched);
    let text = format!("{} bytes, {} compressed", manifest.raw_bytes, manifest.bytes);
    let value = json!({ "raw_bytes": manifest.raw_bytes, "bytes": manifest.bytes, "rows_bytes": rows, "ratio": ratio, "packed": packed });
    report.figure("delta, bytes", text, &beside, value);
    let mut times = Vec::new();
    for (name, manifest, took) in [("base, time", &kept.base.0, &kept.base.1), ("delta, time", manifest, took)] {
        let copied = copy_in(&kept.pool, manifest.version).await?;
        times.push((name, manifest, *took, copied));
    }
    for (name, VersionManifest { rows, bytes, .. }, took, copied) in times {
        let share = copied.as_secs_f64() / took.as_secs_f64();
        let text = format!("{:.0} ms", took.as_secs_f64() * 1e3);
        let beside =
            format!("COPY of its stored rows: {:.0} ms; share {:.0}%", copied.as_secs_f64() * 1e3, share * 100.0);
        let value = json!({ "unit": "s", "time": took.as_secs_f64(), "copy": copied.as_secs_f64(), "share": share, "rows": rows, "bytes": bytes });
        report.figure(name, text, &beside, value);
    }
    Ok(())
}

/// The stored rows of a version, sent again into a table of the same shape.
async fn copy_in(pool: &PgPool, version: VersionNumber) -> anyhow::Result<Duration> {
    let mut pieces = pool.copy_out_raw(&own("*", version)).await?;
    let mut rows = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        rows.extend_from_slice(&piece);
    }
    drop(pieces);
    pool.execute("drop table if exists scratch").await?;
    pool.execute("create table scratch (like version_segments including all)").await?;
    pool.execute("checkpoint").await?;
    let started = Instant::now();
    let mut copy = pool.copy_in_raw("copy scratch from stdin (format binary)").await?;
    for piece in rows.chunks(PIECE_BYTES) {
        copy.send(piece).await?;
    }
    copy.finish().await?;
    let took = started.elapsed();
    pool.execute("drop table scratch").await?;
    Ok(took)
}

async fn restore(report: &mut Report, kept: &Kept) -> anyhow::Result<()> {
    let Kept { store, pool, .. } = kept;
    let version = kept.base.0.version;
    let (mut whole, mut fetched, mut copied) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        Report::step(&format!("restored, round {} of {ROUNDS}", round + 1));
        copied.push(copy_out(pool, version).await?);
        let started = Instant::now();
        fetch(store, version).await?;
        fetched.push(started.elapsed());
        let started = Instant::now();
        let state = load(store, version).await?;
        whole.push(started.elapsed());
        tokio::task::spawn_blocking(move || drop(state)).await?;
    }
    let [whole, fetched, copied] = [whole, fetched, copied].map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    let beside =
        format!("COPY of its bytes out: {copied:.2} s; fetched, decompressed and checked alone: {fetched:.2} s");
    let value = json!({ "unit": "s", "time": whole, "fetched": fetched, "copy": copied, "bytes": kept.base.0.bytes });
    report.figure("restore, whole version", format!("{whole:.2} s (bar: 4 s)"), &beside, value);
    Ok(())
}

/// Loads a version and checks that it is what was stored, as the engine does.
pub async fn load(store: &VersionStore, version: VersionNumber) -> anyhow::Result<State> {
    let (sender, mut segments) = mpsc::channel(SEGMENTS_AHEAD);
    let assembling = tokio::task::spawn_blocking(move || {
        let mut assembler = Assembler::default();
        while let Some(segment) = segments.blocking_recv() {
            assembler.take(&segment)?;
        }
        assembler.finish()
    });
    let manifest = store.load(version, sender).await?;
    let (state, digester) = assembling.await??;
    ensure!(digester.digest() == manifest.digest, "version {version} is not what was stored");
    Ok(state)
}

/// The same without putting it together.
async fn fetch(store: &VersionStore, version: VersionNumber) -> anyhow::Result<()> {
    let (sender, mut segments) = mpsc::channel(SEGMENTS_AHEAD);
    let draining = async { while segments.recv().await.is_some() {} };
    let (loaded, ()) = tokio::join!(store.load(version, sender), draining);
    loaded?;
    Ok(())
}

async fn copy_out(pool: &PgPool, version: VersionNumber) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut pieces = pool.copy_out_raw(&own("payload", version)).await?;
    let mut bytes = 0;
    while let Some(piece) = pieces.try_next().await? {
        bytes += piece.len();
    }
    ensure!(bytes > 0, "version {version} has no bytes");
    Ok(started.elapsed())
}

fn own(columns: &str, version: VersionNumber) -> String {
    format!(
        "copy (select {columns} from version_segments where version = {version} order by table_number, ordinal) \
         to stdout (format binary)"
    )
}
