//! Processes on one database: this one tells the others where it stands, and lists them.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::engine::Models;
use shelfmark_domain::Timestamp;
use shelfmark_store::processes::{ModelStanding, ProcessError, ProcessRegister, ProcessReport, SeenProcess};

/// How often a process says where it stands.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);
/// Longest wait for Postgres when the process ends.
const LEAVE_WAIT: Duration = Duration::from_secs(1);

/// This process among the others. Cheap to clone.
#[derive(Clone)]
pub struct Processes {
    register: ProcessRegister,
    models: Models,
    own: Arc<Own>,
}

struct Own {
    id: Uuid,
    address: String,
    started_at: Timestamp,
    read_only: bool,
}

impl Processes {
    /// Nothing is written yet. `address` is what the process listens on.
    pub fn new(register: ProcessRegister, models: Models, address: String, read_only: bool) -> Self {
        let own = Own { id: Uuid::now_v7(), address, started_at: Timestamp::now(), read_only };
        Self { register, models, own: Arc::new(own) }
    }

    /// Says where this process stands, until `stop`; then takes its row away. One that only reads writes nothing.
    pub async fn run(self, stop: CancellationToken) {
        if self.own.read_only {
            return;
        }
        let mut told = true;
        while !stop.is_cancelled() {
            match (self.register.report(&self.report()).await, told) {
                (Ok(()), _) => told = true,
                (Err(error), true) => {
                    told = false;
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "processes.report_failed: others do not see where this process stands");
                }
                (Err(_), false) => {}
            }
            stop.run_until_cancelled(tokio::time::sleep(REPORT_INTERVAL)).await;
        }
        // Its row is old in 20 s anyway.
        let _ = tokio::time::timeout(LEAVE_WAIT, self.register.leave(self.own.id)).await;
    }

    /// Lists this process, then the others that said something of late.
    pub async fn list(&self) -> Result<Vec<SeenProcess>, ProcessError> {
        let mut all = vec![SeenProcess { report: self.report(), seen_ms: 0 }];
        all.extend(self.register.list().await?.into_iter().filter(|other| other.report.id != self.own.id));
        Ok(all)
    }

    fn report(&self) -> ProcessReport {
        let standing = |model: &crate::engine::Model| {
            let (lag_records, lag_ms) = model.lag();
            ModelStanding { model: model.name().to_string(), position: model.live().position(), lag_records, lag_ms }
        };
        ProcessReport {
            id: self.own.id,
            address: self.own.address.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.own.started_at,
            models: self.models.list().iter().map(standing).collect(),
        }
    }
}
