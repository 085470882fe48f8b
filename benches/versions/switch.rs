//! 100 rollbacks of the real binary under 500 recommendations a second, as readers see them.
//!
//! Open loop: requests are due at fixed times, and time counts from when one was due. Rollbacks to two versions in
//! memory take turns: a pin of the first, a restore of the second. Every answer says which state it came from, so that
//! the first one from the new state, and one from the old state that was asked for after the rollback's answer, are
//! seen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::{
    million::DIM,
    report::Report,
    service::Service,
    shop::{EVENTS, ITEMS, batches, events, post_in_order, shop},
    switched::{Answer, Asked, Switched},
    wire::{Wire, request},
};

const ITEM_COUNT: usize = 10_000;
const PER_SECOND: u32 = 500;
/// Each may have one request under way.
const CONNECTIONS: u32 = 32;
const ROLLBACKS: u32 = 100;
/// From the answer to a rollback to the next one.
const PAUSE: Duration = Duration::from_millis(100);
/// Before the first rollback.
const ALONE: Duration = Duration::from_secs(5);
const MODEL: &str = "/v1/models/default";

pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    Report::step(&format!("switch: {ITEM_COUNT} items x {DIM}, {PER_SECOND} requests/s, {ROLLBACKS} rollbacks"));
    let mut shop = shop(ITEM_COUNT);
    let items: Vec<_> = shop.items().collect();
    let history = events(&mut shop, 30_000);
    let service = Service::start(&json!({ "dim": DIM })).await?;
    let mut wire = Wire::connect(&service.address).await?;
    post_in_order(&mut wire, &batches(ITEMS, &items, 2_000)?).await?;
    let mut versions = Vec::new();
    for half in history.chunks(history.len() / 2) {
        let head = post_in_order(&mut wire, &batches(EVENTS, half, 2_000)?).await?;
        service.applied(head).await?;
        let taken = wire.succeed(&request("POST", &format!("{MODEL}/versions"), b"{}")).await?;
        let taken: Value = serde_json::from_slice(taken)?;
        versions.push(taken["version"].as_u64().context("a version's number")?);
    }
    let users: Vec<Bytes> = history
        .iter()
        .filter_map(|event| event.user.as_ref())
        .take(2_000)
        .map(|user| {
            let body = json!({ "user": user, "limit": 20 }).to_string();
            request("POST", &format!("{MODEL}/recommendations"), body.as_bytes())
        })
        .collect();

    let done = Arc::new(AtomicBool::new(false));
    let begin = Instant::now() + Duration::from_millis(100);
    let mut loops = readers(&service.address, Arc::new(users), begin, &done).await?;
    tokio::time::sleep_until(begin + ALONE).await;
    let asked = rollbacks(&mut wire, &versions).await;
    done.store(true, Ordering::Relaxed);
    let mut answers = Vec::new();
    while let Some(read) = loops.join_next().await {
        answers.extend(read??);
    }
    let switched = Switched::of(&answers, &asked?)?;
    service.stop().await?;
    switched.report(report);
    Ok(())
}

/// Asks for every rollback in turn.
async fn rollbacks(wire: &mut Wire, versions: &[u64]) -> anyhow::Result<Vec<Asked>> {
    #[derive(Deserialize)]
    struct Deployment {
        position: Option<u64>,
    }
    let mut asked = Vec::new();
    let [first, second] = versions else { anyhow::bail!("two versions") };
    for n in 0..ROLLBACKS {
        let (version, mode) = if n % 2 == 0 { (first, "pin") } else { (second, "restore") };
        let body = json!({ "to": { "version": version }, "mode": mode }).to_string();
        let rollback = request("POST", &format!("{MODEL}/rollback"), body.as_bytes());
        let sent = Instant::now();
        let Deployment { position } = serde_json::from_slice(wire.succeed(&rollback).await?)?;
        let answered = Instant::now();
        asked.push(Asked { sent, answered, version: *version, position });
        tokio::time::sleep_until(answered + PAUSE).await;
    }
    Ok(asked)
}

async fn readers(
    address: &str,
    requests: Arc<Vec<Bytes>>,
    begin: Instant,
    done: &Arc<AtomicBool>,
) -> anyhow::Result<JoinSet<anyhow::Result<Vec<Answer>>>> {
    let mut loops = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut wire = Wire::connect(address).await?;
        let (requests, done) = (Arc::clone(&requests), Arc::clone(done));
        loops.spawn(async move {
            let mut answers = Vec::new();
            for number in (first..).step_by(CONNECTIONS as usize) {
                let due = begin + Duration::from_secs(1) * number / PER_SECOND;
                tokio::time::sleep_until(due).await;
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let sent = Instant::now();
                let reply = wire.send(&requests[number as usize % requests.len()]).await?;
                answers.push(Answer::read(due, sent, &reply));
            }
            anyhow::Ok(answers)
        });
    }
    Ok(loops)
}
