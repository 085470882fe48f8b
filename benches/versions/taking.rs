//! Steps and recommendations while a version of the whole model is taken, beside the same while none is.

use std::time::{Duration, Instant};

use anyhow::Context;
use shelfmark::{
    domain::{Event, Id, ModelConfig, NewRecord, Query, RecordBody, Subject, Timestamp},
    engine::{Model, TakeVersion},
    log::Outcome,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    learning::Engine,
    million::{DIM, item},
    quantiles::Times,
    report::Report,
};

/// How long the times are taken while no version is.
const ALONE: Duration = Duration::from_secs(10);
/// Between two requests of events, and between two recommendations.
const PAUSE: Duration = Duration::from_millis(20);
/// Events of a request: one step.
const REQUEST_EVENTS: u32 = 16;
/// Users of all events; all are known before anything is timed, so that every recommendation is a search.
const USERS: u32 = 100;
/// Events before anything is timed.
const WARM_EVENTS: u32 = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn measure(report: &mut Report, url: &str, items: u32) -> anyhow::Result<()> {
    Report::step("the engine starts from the stored version");
    let engine = Engine::start(url, ModelConfig { dim: DIM, ..ModelConfig::default() }).await?;
    let model = &engine.model;
    let mut n = 0;
    let outcomes = model.append((0..WARM_EVENTS).map(|_| event(items, 0, &mut n)).collect(), Duration::ZERO).await?;
    let Some(Outcome::Accepted(position)) = outcomes.last() else { anyhow::bail!("not all were new") };
    model.wait_applied(*position, PATIENCE).await?;
    Report::step("steps and recommendations while no version is taken");
    let (alone, _) = beside(model, items, 1, tokio::time::sleep(ALONE)).await?;
    Report::step("and while one is");
    let take = TakeVersion { label: None, reason: None, actor: "bench".to_owned() };
    let started = Instant::now();
    let (during, taken) = beside(model, items, 2, model.take_version(take)).await?;
    let (manifest, took) = (taken?, started.elapsed());
    for (name, alone, during) in
        [("append to visible, taking", &alone.0, &during.0), ("recommendation, taking", &alone.1, &during.1)]
    {
        let beside = format!("while none is taken: {}", alone.text());
        let value =
            serde_json::json!({ "during": during.json(), "alone": alone.json(), "taking_s": took.as_secs_f64() });
        report.figure(name, during.text(), &beside, value);
    }
    Report::step(&format!("a version of {} bytes took {:.1} s meanwhile", manifest.raw_bytes, took.as_secs_f64()));
    engine.stop().await;
    Ok(())
}

/// Times of requests of events, each until the live view holds it, and of recommendations, for as long as `work` lasts.
async fn beside<T>(
    model: &Model,
    items: u32,
    round: u32,
    work: impl Future<Output = T>,
) -> anyhow::Result<((Times, Times), T)> {
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let steps = tasks.spawn(steps(model.clone(), items, round, stop.clone()));
    let reads = tasks.spawn(reads(model.clone(), stop.clone()));
    let done = work.await;
    stop.cancel();
    Ok(((Times::new(steps.await??)?, Times::new(reads.await??)?), done))
}

async fn steps(model: Model, items: u32, round: u32, stop: CancellationToken) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut n = 0;
    while !stop.is_cancelled() {
        let records = (0..REQUEST_EVENTS).map(|_| event(items, round, &mut n)).collect();
        let started = Instant::now();
        let outcomes = model.append(records, Duration::ZERO).await?;
        let Some(Outcome::Accepted(position)) = outcomes.last() else { anyhow::bail!("not all were new") };
        model.wait_applied(*position, PATIENCE).await?;
        times.push(started.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

fn event(items: u32, round: u32, n: &mut u32) -> NewRecord {
    *n += 1;
    // A cheap scatter: which items and users they are does not matter.
    let scattered = n.wrapping_mul(0x9e37_79b9) >> 4;
    NewRecord::own(RecordBody::Event(Event {
        event_id: Id::new("id", &format!("e{round}-{n}")).expect("an id"),
        user: Some(user(scattered % USERS)),
        session: None,
        item: item(scattered % items),
        kind: "click".to_owned(),
        value: None,
        ts: Timestamp::from_seconds(1.7e9 + f64::from(*n)).expect("a time"),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }))
}

fn user(n: u32) -> Id {
    Id::new("id", &format!("user-{n}")).expect("an id")
}

async fn reads(model: Model, stop: CancellationToken) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut n = 0;
    while !stop.is_cancelled() {
        n += 1;
        let query = Query { seed: 1, ..Query::new(Subject::User(user(n % USERS)), 20, Timestamp::now()) };
        let started = Instant::now();
        model.recommend(model.served(), query).await.context("a recommendation")?;
        times.push(started.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}
