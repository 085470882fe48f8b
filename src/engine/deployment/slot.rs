//! Mutual exclusion of rollbacks: a second one is told which is running.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use shelfmark_domain::Timestamp;
use shelfmark_store::operations::{Operation, OperationId};

/// A rollback that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RunningRollback {
    /// `pin`, `unpin`, `split`, `restore`, `replay` or `dry_run`.
    pub kind: String,
    /// When it began.
    pub since: Timestamp,
    /// Who asked for it.
    pub actor: String,
    /// Its operation, when it takes long.
    pub operation: Option<OperationId>,
}

impl std::fmt::Display for RunningRollback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {} since {}", self.kind, self.actor, self.since)?;
        self.operation.map_or(Ok(()), |id| write!(f, " as operation {id}"))
    }
}

impl From<Operation> for RunningRollback {
    fn from(operation: Operation) -> Self {
        let Operation { id, kind, created_at, actor, .. } = operation;
        Self { kind, since: created_at, actor, operation: Some(id) }
    }
}

/// The place of the one rollback of this process. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub struct RollbackSlot(Arc<Mutex<Option<RunningRollback>>>);

/// The place, taken; free again when dropped.
#[derive(Debug)]
pub struct Claim(Arc<Mutex<Option<RunningRollback>>>);

impl RollbackSlot {
    /// Takes the place, or says who has it.
    pub fn claim(&self, kind: &str, actor: &str) -> Result<Claim, Box<RunningRollback>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Err(Box::new(running.clone()));
        }
        let (kind, actor) = (kind.to_owned(), actor.to_owned());
        *running = Some(RunningRollback { kind, since: Timestamp::now(), actor, operation: None });
        Ok(Claim(Arc::clone(&self.0)))
    }
}

impl Claim {
    /// Names the operation that goes on with it.
    pub fn runs_as(&self, operation: OperationId) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &mut *running {
            running.operation = Some(operation);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
