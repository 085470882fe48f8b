//! Progress of a load, and how far learning is behind meanwhile.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use indicatif::HumanCount;
use shelfmark_client::Client;
use shelfmark_loadgen::{Lag, Load, PerKind, Quantiles, RequestKind, Step};

use super::display::short;
use crate::commands::progress_bar::{WorkProgress, whole};

/// Pause between two readings.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Longest wait for the status of the model, which is then left out until the next reading.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reader of the load and of the status of the model.
pub struct LoadMonitor<'a> {
    client: &'a Client,
    progress: WorkProgress,
    /// Duration of a step, warm-up included.
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
        Self {
            client,
            progress: WorkProgress::new("bench", all, "requests", quiet),
            time,
            before: 0,
            lag: Lag::default(),
        }
    }

    /// Reads and shows a step until dropped.
    pub async fn run(&mut self, step: &Step, rates: &PerKind<f64>) -> Infallible {
        self.lag = Lag::default();
        let begun = Instant::now();
        loop {
            tokio::time::sleep(POLL_EVERY).await;
            if let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, self.client.status()).await
                && step.elapsed(Instant::now()) > Duration::ZERO
            {
                let lag = status.lag_records;
                self.lag = Lag { records_max: self.lag.records_max.max(Some(lag)), records_last: Some(lag) };
            }
            let done = self.before + requests(rates, begun.elapsed().min(self.time));
            let lag = self.lag;
            self.progress.update(done, || note(step, rates, lag));
        }
    }

    /// Ends a step, and returns how far learning was behind.
    pub fn ended(&mut self, rates: &PerKind<f64>) -> Lag {
        self.before += requests(rates, self.time);
        self.lag
    }

    /// Removes the display.
    pub fn finish(&self) {
        self.progress.finish();
    }
}

/// Counts the requests that are due within a time.
fn requests(rates: &PerKind<f64>, time: Duration) -> usize {
    let rate: f64 = RequestKind::ALL.iter().map(|kind| rates[*kind]).sum();
    usize::try_from(whole(rate * time.as_secs_f64())).unwrap_or(usize::MAX)
}

/// Describes the step so far.
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
        HumanCount(refused),
        HumanCount(lost),
        lag.records_last.map_or_else(|| "-".to_owned(), |lag| HumanCount(lag).to_string())
    )
}
