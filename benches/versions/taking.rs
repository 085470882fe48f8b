//! Steps and recommendations while a version of the whole model is taken and while two states are compared, beside the
//! same while nothing else is done.

use std::time::Instant;

use anyhow::Context;
use serde_json::json;
use shelfmark::engine::{Model, TakeVersion};
use shelfmark_domain::{ModelConfig, VersionNumber, VersionRef};
use shelfmark_monitor::diff::DiffOptions;

use super::{beside::Beside, learning::Engine, memory, million::DIM, report::Report};

/// Entries of each list of a diff and places compared: what its route takes when nothing is said.
const DIFF: DiffOptions = DiffOptions { top: 20, k: 10 };

pub async fn measure(report: &mut Report, url: &str, items: u32, base: VersionNumber) -> anyhow::Result<()> {
    Report::step("the engine starts from the stored version");
    let engine = Engine::start(url, ModelConfig { dim: DIM, ..ModelConfig::default() }).await?;
    let mut beside = Beside::new(&engine.model, items).await?;
    taking(report, &engine.model, &mut beside).await?;
    comparing(report, &engine.model, &mut beside, base).await?;
    engine.stop().await;
    Ok(())
}

async fn taking(report: &mut Report, model: &Model, beside: &mut Beside<'_>) -> anyhow::Result<()> {
    Report::step("the same while a version is taken");
    let take = TakeVersion { label: None, reason: None, actor: "bench".to_owned() };
    let started = Instant::now();
    let manifest = beside.report(report, "taking", Box::pin(model.take_version(take))).await??;
    Report::step(&format!("{} bytes in {:.1} s", manifest.raw_bytes, started.elapsed().as_secs_f64()));
    Ok(())
}

/// The stored base, which has to be loaded first, and the same again when it is kept, with the live state.
async fn comparing(
    report: &mut Report,
    model: &Model,
    beside: &mut Beside<'_>,
    base: VersionNumber,
) -> anyhow::Result<()> {
    for (name, what) in [("comparing, loaded", "diff, a side is loaded"), ("comparing, kept", "diff, both are kept")] {
        Report::step(what);
        let before = memory::bytes("self", "VmRSS:")?;
        std::fs::write("/proc/self/clear_refs", "5").context("forget the peak of memory")?;
        let started = Instant::now();
        let from = Some(VersionRef::Number(base));
        let diff = beside.report(report, name, model.compare(from, None, DIFF)).await??;
        let took = started.elapsed().as_secs_f64();
        let more = memory::bytes("self", "VmHWM:")?.saturating_sub(before) >> 20;
        let moved: u64 = diff.tables.iter().map(|table| table.moved).sum();
        let value = json!({ "unit": "s", "time": took, "moved": moved, "memory_mib": more });
        report.figure(
            what,
            format!("{took:.2} s, {moved} rows moved"),
            &format!("peak memory: {more} MiB more"),
            value,
        );
    }
    Ok(())
}
