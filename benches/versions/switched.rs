//! Latency of readers during rollbacks, computed from their answers.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{quantiles::Times, report::Report, wire::Reply};

/// A recommendation that was answered.
pub struct Answer {
    due: Instant,
    sent: Instant,
    received: Instant,
    /// `None`: it failed.
    from: Option<From>,
}

#[derive(Deserialize)]
struct From {
    position: u64,
    version: Value,
}

/// A rollback that was asked for.
pub struct Asked {
    pub sent: Instant,
    pub answered: Instant,
    /// The version that was pinned or restored.
    pub version: u64,
    /// Of a restore: where the live state stands since.
    pub position: Option<u64>,
}

/// What became of all.
pub struct Switched {
    before: Times,
    during: Times,
    visible: Times,
    pins: Times,
    restores: Times,
    told: Times,
    failed: usize,
    stale: usize,
}

impl Answer {
    pub fn read(due: Instant, sent: Instant, reply: &Reply<'_>) -> Self {
        let received = Instant::now();
        let from = if reply.status == 200 { serde_json::from_slice(reply.body).ok() } else { None };
        Self { due, sent, received, from }
    }

    fn took(&self) -> Duration {
        self.received - self.due
    }
}

impl Asked {
    /// Readers see the version itself until its restore is live.
    fn seen_in(&self, answer: &Answer) -> bool {
        answer.from.as_ref().is_some_and(|from| {
            let live = self.position.is_some_and(|position| from.version == json!("live") && from.position >= position);
            live || from.version == json!(self.version)
        })
    }
}

impl Switched {
    pub fn of(answers: &[Answer], asked: &[Asked]) -> anyhow::Result<Self> {
        let first = asked.first().context("a rollback")?.sent;
        let times = |during: bool| {
            Times::new(answers.iter().filter(|a| (a.due >= first) == during).map(Answer::took).collect())
        };
        let failed = answers.iter().filter(|answer| answer.from.is_none()).count();
        let (mut pins, mut restores, mut stale) = (Vec::new(), Vec::new(), 0);
        for (n, rollback) in asked.iter().enumerate() {
            let next = asked.get(n + 1).map_or(Instant::now(), |next| next.sent);
            let within = || answers.iter().filter(|a| a.received >= rollback.sent && a.received < next);
            let seen = within().filter(|a| rollback.seen_in(a)).map(|a| a.received).min();
            let visible = seen.context("no answer came from the state that was rolled back to")? - rollback.sent;
            let kind = if rollback.position.is_none() { &mut pins } else { &mut restores };
            kind.push(visible);
            stale += within().filter(|a| a.sent >= rollback.answered && !rollback.seen_in(a)).count();
        }
        ensure!(!restores.is_empty(), "a restore");
        let told = asked.iter().map(|rollback| rollback.answered - rollback.sent).collect();
        Ok(Self {
            before: times(false)?,
            during: times(true)?,
            visible: Times::new(pins.iter().chain(&restores).copied().collect())?,
            pins: Times::new(pins)?,
            restores: Times::new(restores)?,
            told: Times::new(told)?,
            failed,
            stale,
        })
    }

    pub fn report(&self, report: &mut Report) {
        let Self { before, during, visible, pins, restores, told, failed, stale } = self;
        let beside = format!("before the first rollback: {}", before.text());
        let value = json!({ "during": during.json(), "before": before.json(), "failed": failed, "stale": stale });
        let text = format!("{}; {failed} failed, {stale} from an old state", during.text());
        report.figure("switch, answers", text, &beside, value);
        let beside = format!("pins: {}; restores: {}; bar: p99 under 5 ms", pins.text(), restores.text());
        let value = json!({ "all": visible.json(), "pins": pins.json(), "restores": restores.json() });
        report.figure("switch, asked to seen", visible.text(), &beside, value);
        report.figure("switch, asked to answered", told.text(), "part of it is waiting for commits", told.json());
    }
}
