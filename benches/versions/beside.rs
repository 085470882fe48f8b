//! Steps and recommendations of an engine while something else is done.

use std::time::{Duration, Instant};

use anyhow::Context;
use shelfmark::engine::Model;
use shelfmark_domain::{Event, Id, NewRecord, Query, RecordBody, Subject, Timestamp};
use shelfmark_log::AppendOutcome;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{million::item, quantiles::Times, report::Report};

/// How long the times are taken while nothing else is done.
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

/// Times of steps and of recommendations, alone and beside something.
pub struct Beside<'a> {
    model: &'a Model,
    items: u32,
    alone: (Times, Times),
    rounds: u32,
}

impl<'a> Beside<'a> {
    /// Makes the users known, then takes the times while nothing else is done.
    pub async fn new(model: &'a Model, items: u32) -> anyhow::Result<Self> {
        let mut n = 0;
        let appended =
            model.append((0..WARM_EVENTS).map(|_| event(items, 0, &mut n)).collect(), Duration::ZERO).await?;
        let Some(AppendOutcome::Accepted(position)) = appended.outcomes.last() else {
            anyhow::bail!("not all were new")
        };
        model.wait_applied(*position, PATIENCE).await?;
        Report::step("steps and recommendations while nothing else is done");
        let (alone, ()) = beside(model, items, 1, tokio::time::sleep(ALONE)).await?;
        Ok(Self { model, items, alone, rounds: 1 })
    }

    /// Takes the times while `work` lasts and reports them as those of `name`; gives what the work gave.
    pub async fn report<T>(
        &mut self,
        report: &mut Report,
        name: &str,
        work: impl Future<Output = T>,
    ) -> anyhow::Result<T> {
        self.rounds += 1;
        let started = Instant::now();
        let (during, done) = beside(self.model, self.items, self.rounds, work).await?;
        let took = started.elapsed().as_secs_f64();
        for (what, alone, during) in
            [("append to visible", &self.alone.0, &during.0), ("recommendation", &self.alone.1, &during.1)]
        {
            let value = serde_json::json!({ "during": during.json(), "alone": alone.json(), "took_s": took });
            report.figure(&format!("{what}, {name}"), during.text(), &format!("alone: {}", alone.text()), value);
        }
        Ok(done)
    }
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
        let appended = model.append(records, Duration::ZERO).await?;
        let Some(AppendOutcome::Accepted(position)) = appended.outcomes.last() else {
            anyhow::bail!("not all were new")
        };
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
