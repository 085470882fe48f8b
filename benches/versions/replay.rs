//! A replay through the engine beside the learner alone on the same appends.
//!
//! The replay leaves out one user and is timed whole: from asking for it until readers see its result. The learner
//! alone has the appends in memory. Both begin with the state of the same version, and they take turns.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::json;
use shelfmark::engine::{Model, RolledBack, TakeVersion};
use shelfmark_domain::{
    Append, Exclusions, Id, ModelConfig, NewRecord, Position, RecordBody, RollbackMode, RollbackRequest,
    RollbackTarget, VersionNumber, VersionRef,
};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_log::AppendOutcome;
use shelfmark_state::State;
use shelfmark_store::operations::OperationState;

use super::{learning::Engine, million::DIM, report::Report, shop::shop, stored::load};

const ITEMS: usize = 2_000;
const REQUEST_RECORDS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(report: &mut Report, url: &str, count: usize) -> anyhow::Result<()> {
    let engine = Engine::start(url, ModelConfig { dim: DIM, ..ModelConfig::default() }).await?;
    let model = &engine.model;
    let shop = shop(ITEMS);
    let items: Vec<RecordBody> = shop.items().map(RecordBody::PutItem).collect();
    let base = append(model, items).await?;
    let take = TakeVersion { label: None, reason: None, actor: "bench".to_owned() };
    let version = model.take_version(take).await?.version;
    let events: Vec<_> = shop.take(count).collect();
    let left_out = events.first().and_then(|event| event.user.clone()).context("an event of a user")?;
    Report::step(&format!("replay: {count} events, d = {DIM}"));
    let head = append(model, events.into_iter().map(RecordBody::Event).collect()).await?;
    let appends = read(model, base, head).await?;

    let (mut alone, mut replayed) = (Duration::ZERO, Duration::ZERO);
    let mut shown = Vec::new();
    for dry_run in [true, false] {
        let state = load(model.versions(), version).await?;
        let (given, learned) = (appends.clone(), Instant::now());
        let took = tokio::task::spawn_blocking(move || learn(state, &given)).await??;
        Report::step(&format!("the learner alone: {took:.2?} (with its thread's start {:.2?})", learned.elapsed()));
        alone += took;
        let started = Instant::now();
        rolled_back(model, version, left_out.clone(), dry_run).await?;
        let took = started.elapsed();
        Report::step(&format!("{}: {took:.2?}", if dry_run { "dry run" } else { "replay" }));
        replayed += if dry_run { Duration::ZERO } else { took };
        shown.push(took.as_secs_f64());
    }
    engine.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = |took: Duration, times: f64| count as f64 * times / took.as_secs_f64();
    report.rate("replay (bar: 70%)", "events/s", rate(replayed, 1.0), "the learner alone", rate(alone, 2.0));
    report.figure(
        "replay, dry run",
        format!("{:.2} s", shown[0]),
        "with the difference that it would make",
        json!(shown[0]),
    );
    Ok(())
}

/// Appends in requests, one after the other, and waits until all is learned.
async fn append(model: &Model, bodies: Vec<RecordBody>) -> anyhow::Result<Position> {
    let mut head = Position::ZERO;
    for chunk in bodies.chunks(REQUEST_RECORDS) {
        let outcomes = model.log().append(chunk.iter().cloned().map(NewRecord::own).collect()).await?;
        let Some(AppendOutcome::Accepted(position)) = outcomes.last() else { anyhow::bail!("not all were new") };
        head = *position;
    }
    model.wait_applied(head, PATIENCE).await?;
    Ok(head)
}

async fn read(model: &Model, after: Position, through: Position) -> anyhow::Result<Vec<Append>> {
    let (mut appends, mut reached) = (Vec::new(), after);
    while reached < through {
        let page = model.log().read_after(reached, 4096).await?;
        reached = page.last().context("the log goes on to its head")?.last();
        appends.extend(page);
    }
    Ok(appends)
}

fn learn(mut state: State, appends: &[Append]) -> anyhow::Result<Duration> {
    prepare_thread();
    let mut learner = Learner::with_statistics_every(0);
    let started = Instant::now();
    for append in appends {
        learner.apply(&mut state, append, &BTreeMap::new(), &mut ())?;
    }
    Ok(started.elapsed())
}

async fn rolled_back(model: &Model, version: VersionNumber, user: Id, dry_run: bool) -> anyhow::Result<()> {
    let request = RollbackRequest {
        to: RollbackTarget::Version(VersionRef::Number(version)),
        mode: RollbackMode::Replay,
        except: Exclusions { users: [user].into(), ..Exclusions::default() },
        dry_run,
        reason: None,
        actor: "bench".to_owned(),
        details: None,
    };
    let RolledBack::Started(started) = model.rollback(request).await? else { anyhow::bail!("a replay takes a while") };
    started.ended.await?;
    let operation = model.operations().store().get(started.id).await?;
    ensure!(operation.state == OperationState::Done, "{:?}: {:?}", operation.state, operation.error);
    Ok(())
}
