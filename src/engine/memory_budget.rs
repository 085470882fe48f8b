//! Admission of new rows by `--memory-budget`: counts the rows of this process's models and refuses new ones beyond it.
//!
//! The log must stay deterministic and the budget is one process's own, so it is looked at where records come in, not
//! where they are learned: beyond it, what would make a new row is refused, and all else is taken. Between two looks,
//! and from other processes, more may come in: the budget is passed by what that is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytesize::ByteSize;
use metrics::{counter, gauge};
use shelfmark_metrics::{MODEL, MetricInfo, MetricSection};
use tokio_util::sync::CancellationToken;

use crate::engine::{blocking::blocking, deployment::readers::Readers};
use shelfmark_domain::{FieldError, Id, ModelName, RecordBody, VectorTable};
use shelfmark_state::{IdMap, TableFootprint};

const MEMORY_ROWS: &str = "shelfmark_memory_rows_bytes";
const MEMORY_BUDGET: &str = "shelfmark_memory_budget_bytes";
const MEMORY_REFUSED: &str = "shelfmark_memory_refused_total";

/// Metrics of memory.
pub const METRICS: MetricSection = MetricSection::new(
    "Memory",
    &[
        MetricInfo::gauge(MEMORY_ROWS, "bytes", "Memory that the rows of a model take, as counted").labels(&[MODEL]),
        MetricInfo::gauge(MEMORY_BUDGET, "bytes", "Memory that the rows of all models may take; 0 without a budget"),
        MetricInfo::counter(
            MEMORY_REFUSED,
            "records",
            "Records refused because the memory budget has no room for the row that they would have made",
        )
        .labels(&[MODEL]),
    ],
);

/// How often it is counted.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Admission of new rows to one model.
pub struct MemoryBudget {
    name: ModelName,
    readers: Arc<Readers>,
    /// `--memory-budget` in bytes; 0 = none.
    budget: u64,
    /// What the rows of all models take, in bytes; 0 within the budget.
    used_over_budget: AtomicU64,
}

/// Counts what the rows of all models take until `stop`.
pub async fn run(budget: u64, models: impl Fn() -> Vec<Arc<MemoryBudget>>, stop: CancellationToken) {
    gauge!(MEMORY_BUDGET).set(as_gauge(budget));
    let mut before = 0;
    loop {
        let models = models();
        let count = move || {
            let used: u64 = models.iter().map(|model| model.weigh()).sum();
            let used_over_budget = if budget > 0 && used >= budget { used } else { 0 };
            models.iter().for_each(|model| model.used_over_budget.store(used_over_budget, Ordering::Relaxed));
            used_over_budget
        };
        let used_over_budget = blocking(count).await;
        let (used, allowed) = (ByteSize(used_over_budget), ByteSize(budget));
        match (before > 0, used_over_budget > 0) {
            (false, true) => {
                tracing::warn!(%used, "memory.over_budget: rows take {used} of {allowed}, new ones are refused")
            }
            (true, false) => tracing::info!("memory.within_budget: there is room for new rows again"),
            (true, true) | (false, false) => {}
        }
        before = used_over_budget;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

impl MemoryBudget {
    /// Refuses nothing until it was counted.
    pub fn new(name: ModelName, readers: Arc<Readers>, budget: u64) -> Self {
        Self { name, readers, budget, used_over_budget: AtomicU64::new(0) }
    }

    /// What the live state takes, table by table.
    pub fn footprint(&self) -> Vec<TableFootprint> {
        self.readers.live.load_full().footprint()
    }

    /// Counts the live state.
    fn weigh(&self) -> u64 {
        let bytes = self.footprint().iter().map(|table| table.bytes).sum();
        gauge!(MEMORY_ROWS, "model" => self.name.as_str().to_owned()).set(as_gauge(bytes));
        bytes
    }

    /// Whether new rows may be made.
    pub fn is_within_budget(&self) -> bool {
        self.used_over_budget.load(Ordering::Relaxed) == 0
    }

    /// Why new rows are refused, in words.
    pub fn over_budget(&self) -> Option<String> {
        let used = ByteSize(Some(self.used_over_budget.load(Ordering::Relaxed)).filter(|used| *used > 0)?);
        let budget = ByteSize(self.budget);
        Some(format!("the rows of this process take {used} of --memory-budget {budget}"))
    }

    /// Why a record is refused that would make a row while there is no room for one (code `memory_budget`). It is
    /// looked for in the live view: an id that came in a moment ago may not be in it yet.
    pub fn refusal(&self, record: &RecordBody) -> Option<FieldError> {
        let over_budget = self.over_budget()?;
        let live = self.readers.live.load_full();
        let inference = live.inference();
        // Who was dropped has left a row to the next one; a pull may hold users' rows back.
        let fits = |ids: &IdMap, id: &Id| ids.get(id.as_str()).is_some() || ids.count() < ids.len();
        let known = |user: &Id| inference.users.get(user.as_str()).is_some();
        let admits = |user: &Id| if inference.config.pull > 0.0 { known(user) } else { fits(&inference.users, user) };
        let item = |id: &Id| inference.catalog.row(id.as_str()).is_some();
        let (field, what) = match record {
            RecordBody::Event(event) => {
                let new = match (&event.user, &event.session) {
                    (Some(user), _) => (!admits(user)).then_some("user"),
                    (None, Some(session)) => (!fits(&inference.sessions, session)).then_some("session"),
                    (None, None) => None,
                };
                let new = new.or_else(|| (!item(&event.item)).then_some("item"))?;
                (new, new)
            }
            RecordBody::PutItem(new) if !item(&new.id) => ("id", "item"),
            RecordBody::PatchItem(patch) if !item(&patch.id) => ("id", "item"),
            RecordBody::Merge(merge) if !admits(&merge.into) => ("id", "user"),
            RecordBody::UpdateProfile(update) if !admits(&update.user) => ("id", "user"),
            RecordBody::RemoveItem { item: gone } if !item(gone) => ("id", "item"),
            RecordBody::PutVector(row) if row.into == VectorTable::Items && !item(&row.id) => ("id", "item"),
            RecordBody::PutItem(_)
            | RecordBody::PatchItem(_)
            | RecordBody::Merge(_)
            | RecordBody::Retract(_)
            | RecordBody::UpdateProfile(_)
            | RecordBody::ResetModality { .. }
            | RecordBody::PutVector(_)
            | RecordBody::RemoveItem { .. }
            | RecordBody::Restore { .. }
            | RecordBody::Configure { .. }
            | RecordBody::Forget(_) => return None,
        };
        counter!(MEMORY_REFUSED, "model" => self.name.as_str().to_owned()).increment(1);
        let detail = format!("there is no room for a new {what}: {over_budget}; what names known ones is taken");
        Some(FieldError::new(field, "memory_budget", detail))
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are f64")]
fn as_gauge(bytes: u64) -> f64 {
    bytes as f64
}
