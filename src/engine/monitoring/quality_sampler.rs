//! Sampler of live quality: ranks what came next against the view that stood before it, beside the learner.
//!
//! The learner's thread offers units before it learns them; the sampler takes one when it is idle and otherwise none,
//! so the learner never waits. After each sample it rests as long as its share of a core demands.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    blocking::blocking,
    deployment::readers::Readers,
    monitoring::{
        monitor::Monitor,
        ranking::{Sample, rank, sample},
    },
};
use shelfmark_domain::ModelName;
use shelfmark_serving::SearchScratch;
use shelfmark_state::{State, Unit};

/// Longest rest after a sample, however long it took.
const REST_MAX: Duration = Duration::from_secs(30);

/// Sampler of one model's live quality: room for one sample, open while it is idle.
pub struct QualitySampler {
    name: ModelName,
    readers: Arc<Readers>,
    monitor: Arc<Monitor>,
    idle: AtomicBool,
    slot: Mutex<Option<Sample>>,
    filled: Notify,
    offered: AtomicUsize,
}

impl QualitySampler {
    /// Takes no samples until it runs.
    pub fn new(name: ModelName, readers: Arc<Readers>, monitor: Arc<Monitor>) -> Self {
        Self {
            name,
            readers,
            monitor,
            idle: AtomicBool::new(false),
            slot: Mutex::default(),
            filled: Notify::new(),
            offered: AtomicUsize::new(0),
        }
    }

    /// Offers a batch's units to the sampler: it takes one when it is idle. Costs one load otherwise.
    pub fn offer(&self, state: &State, units: &[Unit]) {
        if units.is_empty() || !self.idle.load(Ordering::Acquire) {
            return;
        }
        let number = self.offered.fetch_add(1, Ordering::Relaxed);
        // All versions that readers are served: the arms of a split, or the pinned one.
        let mut versions = self.readers.arms.versions();
        if versions.is_empty() {
            versions.extend(self.readers.pinned.load_full());
        }
        if let Some(sample) = sample(&self.readers, state, &units[number % units.len()], number as u64, versions) {
            self.idle.store(false, Ordering::Release);
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(sample);
            self.filled.notify_one();
        }
    }

    /// Ranks samples until `stop`, at a `share` of one core.
    pub async fn run(&self, share: f64, stop: CancellationToken) {
        let mut scratch = SearchScratch::default();
        self.idle.store(true, Ordering::Release);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.filled.notified() => {}
            }
            let Some(sample) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { continue };
            let started = Instant::now();
            let ranked;
            (ranked, scratch) = blocking(move || (rank(&sample, &mut scratch), scratch)).await;
            let rest = started.elapsed().mul_f64(1.0 / share.clamp(1e-3, 1.0) - 1.0).min(REST_MAX);
            if rest.is_zero() {
                // Ready for the next one before anybody can know of this one: who waits for it may send at once.
                self.idle.store(true, Ordering::Release);
            }
            match ranked {
                Ok(ranked) => self.monitor.sampled(ranked),
                Err(error) => {
                    tracing::warn!(model = %self.name, %error, "quality.sample_failed: a sample was not ranked")
                }
            }
            if !rest.is_zero() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(rest) => {}
                }
                self.idle.store(true, Ordering::Release);
            }
        }
    }
}
