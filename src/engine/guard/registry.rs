//! Registry of a model's guard in this process: read by requests, written by the guard's task.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;

use crate::engine::{EngineError, deployment::readers::Readers, guard::sampler::GuardSampler};
use shelfmark_domain::{Guard, GuardActed, GuardSettings, ModelName, Served, Timestamp, VersionNumber, VersionRef};
use shelfmark_state::{State, Unit};
use shelfmark_store::versions::VersionStore;

/// What a guard is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardState {
    /// It watches in another process, or is about to begin.
    #[default]
    NotHere,
    /// There is nothing to measure against yet: no version, or for `ctr` no split between the live state and a version.
    Waiting,
    /// It watches in this process.
    Watching,
    /// It acted and watches no more until it is armed again.
    Acted,
}

/// How things look to a guard.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
pub struct GuardFigures {
    /// Samples since it began.
    pub samples: u64,
    /// Samples of the window: the newest ones.
    pub window_samples: u64,
    /// The live state over the window; of `ctr` since it began, as is the reference.
    pub live: Option<f64>,
    /// The reference on the same samples.
    pub reference: Option<f64>,
    /// How far the way to an alarm is gone, on a scale of logarithms: 0 nothing speaks for a fall, 1 alarm.
    pub evidence: f64,
}

/// The guard of a model.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GuardStatus {
    /// Its settings.
    #[serde(flatten)]
    pub settings: GuardSettings,
    /// What it is doing.
    pub state: GuardState,
    /// Whether it will act.
    pub armed: bool,
    /// The version that live is measured against now.
    pub measured_against: Option<VersionNumber>,
    /// Who armed it.
    pub actor: String,
    /// When.
    pub armed_at: Timestamp,
    /// How things look; null unless it watches in this process.
    pub figures: Option<GuardFigures>,
    /// What it did.
    pub acted: Option<GuardActed>,
}

/// One model's guard, as far as this process knows.
pub struct GuardRegistry {
    versions: VersionStore,
    /// Told when the guard was changed through this process.
    pub changed: Notify,
    sampler: ArcSwapOption<GuardSampler>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    guard: Option<Guard>,
    here: Option<(GuardState, GuardFigures)>,
}

impl GuardRegistry {
    /// Knows of no guard yet.
    pub fn new(versions: VersionStore) -> Self {
        Self { versions, changed: Notify::new(), sampler: ArcSwapOption::empty(), known: Mutex::default() }
    }

    /// Samples go here from now on; `None`: this process does not watch.
    pub fn set_sampler(&self, sampler: Option<GuardSampler>) {
        self.sampler.store(sampler.map(Arc::new));
    }

    /// A batch is about to be learned.
    pub fn offer(&self, readers: &Readers, state: &State, units: &[Unit]) {
        if let Some(sampler) = &*self.sampler.load() {
            sampler.offer(readers, state, units);
        }
    }

    /// A list of this arm was clicked.
    pub fn clicked(&self, served: Served) {
        if let Some(sampler) = &*self.sampler.load() {
            sampler.clicked(served);
        }
    }

    /// Notes what the table says.
    pub fn set_stored(&self, guard: Option<Guard>) {
        self.with(|known| known.guard = guard);
    }

    /// Notes how things look; `None`: this process does not watch.
    pub fn set_progress(&self, here: Option<(GuardState, GuardFigures)>) {
        self.with(|known| known.here = here);
    }

    /// That the guard acted, in words, until it is armed again or taken away.
    pub fn note(&self, model: &ModelName) -> Option<String> {
        self.with(|known| {
            let guard = known.guard.as_ref()?;
            let GuardActed { at, deployment, .. } = guard.acted.as_ref()?;
            let action = match guard.settings.action {
                shelfmark_domain::GuardAction::Freeze => "froze learning",
                shelfmark_domain::GuardAction::Pin => "pinned a version",
                shelfmark_domain::GuardAction::Restore => "restored a version",
            };
            Some(format!("model {model}: the guard {action} at {at} (deployment {deployment})"))
        })
    }

    /// The guard as the table has it. `None`: there is none.
    pub async fn status(&self) -> Result<Option<GuardStatus>, EngineError> {
        let guard = self.versions.guard().await?;
        self.set_stored(guard.clone());
        Ok(guard.map(|guard| self.status_of(guard)))
    }

    /// Puts a guard in place and arms it. Its reference must be there.
    pub async fn set(&self, settings: &GuardSettings, actor: &str) -> Result<GuardStatus, EngineError> {
        if let Some(reference) = settings.reference {
            self.versions.get(&VersionRef::Number(reference)).await?;
        }
        let guard = self.versions.set_guard(settings, actor).await?;
        Ok(self.put(guard))
    }

    /// Arms the guard again. `None`: there is none.
    pub async fn rearm(&self, actor: &str) -> Result<Option<GuardStatus>, EngineError> {
        Ok(self.versions.rearm_guard(actor).await?.map(|guard| self.put(guard)))
    }

    /// Takes the guard away; `false`: there was none.
    pub async fn clear(&self) -> Result<bool, EngineError> {
        let there = self.versions.clear_guard().await?;
        self.set_stored(None);
        self.changed.notify_one();
        Ok(there)
    }

    fn put(&self, guard: Guard) -> GuardStatus {
        self.set_stored(Some(guard.clone()));
        // What this process saw was for the guard before.
        self.set_progress(None);
        self.changed.notify_one();
        self.status_of(guard)
    }

    fn status_of(&self, guard: Guard) -> GuardStatus {
        let Guard { settings, armed, reference, actor, armed_at, acted } = guard;
        let here = self.with(|known| known.here.filter(|_| armed));
        let state = if armed { here.map_or(GuardState::NotHere, |(state, _)| state) } else { GuardState::Acted };
        let figures = here.map(|(_, figures)| figures);
        GuardStatus { settings, state, armed, measured_against: reference, actor, armed_at, figures, acted }
    }

    fn with<T>(&self, use_known: impl FnOnce(&mut Known) -> T) -> T {
        use_known(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
