//! What a person sees while the load runs, and how far learning is behind meanwhile.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use super::{
    display::short,
    load::{Load, Step},
    record::{PerKind, RequestKind},
    report::{Lag, Quantiles},
};
use crate::commands::{client::Client, progress_bar::WorkProgress, stats::grouped};

/// Pause between looks.
const EVERY: Duration = Duration::from_millis(250);
/// A service that does not say where it stands within this is asked again at the next look.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks at the load and at the model.
pub struct LoadMonitor<'a> {
    client: &'a Client,
    bar: WorkProgress,
    /// Of a step, warming up included.
    time: Duration,
    /// Requests of the steps before.
    before: usize,
    lag: Lag,
}

impl<'a> LoadMonitor<'a> {
    /// `quiet`: shows nothing.
    pub fn new(client: &'a Client, load: &Load, steps: &[PerKind<f64>], quiet: bool) -> Self {
        let time = load.warmup + load.duration;
        let all = steps.iter().map(|rates| requests(rates, time)).sum();
        Self { client, bar: WorkProgress::of("bench", all, "requests", quiet), time, before: 0, lag: Lag::default() }
    }

    /// Looks at a step until dropped.
    pub async fn over(&mut self, step: &Step, rates: &PerKind<f64>) -> Infallible {
        self.lag = Lag::default();
        let begun = Instant::now();
        loop {
            tokio::time::sleep(EVERY).await;
            if let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, self.client.status()).await
                && step.elapsed(Instant::now()) > Duration::ZERO
            {
                let lag = status.lag_records;
                self.lag = Lag { records_max: self.lag.records_max.max(Some(lag)), records_last: Some(lag) };
            }
            let done = self.before + requests(rates, begun.elapsed().min(self.time));
            let lag = self.lag;
            self.bar.at(done, || note(step, rates, lag));
        }
    }

    /// Ends a step: how far learning was behind.
    pub fn ended(&mut self, rates: &PerKind<f64>) -> Lag {
        self.before += requests(rates, self.time);
        self.lag
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish();
    }
}

/// How many requests are due within a time.
fn requests(rates: &PerKind<f64>, time: Duration) -> usize {
    let rate: f64 = RequestKind::ALL.iter().map(|kind| rates[*kind]).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and for a bar")]
    let requests = (rate * time.as_secs_f64()) as usize;
    requests
}

/// What a person may want to know by now.
fn note(step: &Step, rates: &PerKind<f64>, lag: Lag) -> String {
    let record = step.record.lock();
    let busiest =
        if rates[RequestKind::Recommendations] > 0.0 { RequestKind::Recommendations } else { RequestKind::Events };
    let requests = &record.requests[busiest];
    let (p99, refused) = (Quantiles::of(&requests.response).map(|q| short(q.p99)), requests.refused());
    let lost = requests.failed + requests.unsent;
    drop(record);
    format!(
        "{} at {:.0}/s: p99 {} ms, refused {}, lost {}, lag {}",
        busiest.name(),
        rates[busiest],
        p99.as_deref().unwrap_or("-"),
        grouped(refused),
        grouped(lost),
        lag.records_last.map_or_else(|| "-".to_owned(), grouped)
    )
}
