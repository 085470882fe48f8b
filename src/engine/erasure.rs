//! Erasure of a user (P10) from log and versions, with a receipt and a record for every learner, in one transaction.
//!
//! There is no "in the middle" for a crash to leave: before the commit nothing has happened, after it everything has.
//! The id gives way to a salted hash in every record and version at once, so the log still leads from every version to
//! the next one (P4, P7), with digests that differ by the one id.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::engine::{
    EngineError,
    deployment::readers::Readers,
    operations::{OperationContext, Started},
    rollback::{self, Rollbacks},
    stores::Stores,
};
use shelfmark_domain::{Digest, ForgottenUser, Id, Position, Timestamp, UserNames, VersionNumber};
use shelfmark_store::operations;
use shelfmark_store::versions;

/// Longest wait for the learner to meet the record.
const APPLY_TIMEOUT: Duration = Duration::from_secs(120);
/// The kind of its operations.
const KIND: &str = "forget";
/// Share of the operation at which the user is forgotten.
const FORGOTTEN: f64 = 0.3;

/// What was taken out of where. Names nobody.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasureReceipt {
    /// Where in this model's log the user is forgotten.
    pub position: Position,
    /// Time of the erasure.
    pub at: Timestamp,
    /// The logs: of this model and of those that share stored rows with it (forks).
    pub logs: Vec<ErasedLog>,
    /// The versions that held the user.
    pub versions: Vec<ErasedVersion>,
}

/// A log without the user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasedLog {
    /// The model.
    pub model: String,
    /// Position of the record that makes its learners forget the user.
    pub position: Position,
    /// Events that named the user.
    pub records: u64,
    /// Where the first of them stands.
    pub first: Option<Position>,
}

/// A version without the user's id.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasedVersion {
    /// The model.
    pub model: String,
    /// The version.
    pub version: VersionNumber,
    /// Its digest before.
    pub before: Digest,
    /// Its digest since.
    pub after: Digest,
}

/// What becomes of what was learned from a forgotten user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlearn {
    /// The user's own row goes; what others learned from the user stays.
    Rows,
    /// The log is learned again without the user, from before the first event.
    Replay,
}

/// Forgets a user as an operation: not beside a rollback.
pub async fn start(rollbacks: &Rollbacks, user: Id, unlearn: Unlearn, actor: String) -> Result<Started, EngineError> {
    let claim = rollbacks.deployments.slot.claim(KIND, &actor)?;
    let (ours, by) = (rollbacks.clone(), actor.clone());
    let work = move |context: OperationContext| async move {
        claim.runs_as(context.id);
        let (receipt, forgotten) = Box::pin(forget(ours.stores(), ours.readers(), &user)).await?;
        context.progress(FORGOTTEN);
        let first = receipt.logs.iter().find(|log| log.position == receipt.position).and_then(|log| log.first);
        let deployment = match (unlearn, first) {
            (Unlearn::Replay, Some(first)) => Some(Box::pin(ours.unlearn(&forgotten, first, by, &context)).await?),
            (Unlearn::Replay, None) | (Unlearn::Rows, _) => None,
        };
        Ok(json!({ "receipt": receipt, "deployment": deployment }))
    };
    match rollbacks.stores().operations.start(KIND, &actor, rollback::KINDS, work).await {
        Err(EngineError::OperationRunning(running)) => Err(EngineError::RollbackRunning(Box::new((*running).into()))),
        started => started,
    }
}

/// Forgets users again in a restored database that knows them still, by their pseudonyms: the user of the first model
/// of each pair, and of those that share rows with it. Nobody runs the models meanwhile. Returns the events that named
/// them.
pub async fn forget_again(
    connection: &mut sqlx::PgConnection,
    users: &[(i32, ForgottenUser)],
) -> Result<u64, EngineError> {
    let mut records = 0;
    for (model_id, forgotten) in users {
        let related = versions::related_models(connection, *model_id).await?;
        let names = shelfmark_log::names_of(connection, &related, forgotten).await?;
        versions::erase_user(connection, &related, forgotten).await?;
        for model_id in &related {
            let head = shelfmark_log::lock_head(connection, *model_id).await?;
            let after = Position::ZERO;
            let erased = shelfmark_log::erase_user(connection, *model_id, &names, forgotten, after).await?;
            records += erased.records;
            shelfmark_log::append_forget(connection, head, forgotten).await?;
        }
        let pseudonyms = names.users.iter().map(|id| (id, forgotten.user(id.as_str())));
        let pseudonyms = pseudonyms.chain(names.sessions.iter().map(|id| (id, forgotten.session(id.as_str()))));
        for (id, pseudonym) in pseudonyms {
            if let Some(pseudonym) = pseudonym {
                operations::erase_user(connection, &related, id, &pseudonym).await?;
            }
        }
    }
    Ok(records)
}

/// Forgets a user; returns once this process's readers have, with the name that stands in the id's place. A user whom
/// nothing names is forgotten too: an event may have been on its way.
pub async fn forget(
    stores: &Stores,
    readers: &Readers,
    user: &Id,
) -> Result<(ErasureReceipt, ForgottenUser), EngineError> {
    let own = stores.log.model_id();
    let mut transaction = stores.versions.pool().begin().await.map_err(versions::VersionError::from)?;
    let related_models = versions::related_models(&mut transaction, own).await?;
    let models = shelfmark_log::model_names(&mut transaction, &related_models).await?;
    let name = |model_id: i32| models.get(&model_id).cloned().unwrap_or_default();
    // The long part, while appends go on; then, under the locks of the heads, what came meanwhile.
    let names = shelfmark_log::linked_names(&mut transaction, &related_models, UserNames::new(user.clone()));
    let names = names.await?;
    let mut forgotten = ForgottenUser::new(user, rand::random()).with_names(&names);
    let mut versions = versions::erase_user(&mut transaction, &related_models, &forgotten).await?;
    let mut early = Vec::with_capacity(related_models.len());
    for model_id in &related_models {
        let after = Position::ZERO;
        early.push(shelfmark_log::erase_user(&mut transaction, *model_id, &names, &forgotten, after).await?);
    }
    let mut heads = Vec::with_capacity(related_models.len());
    for model_id in &related_models {
        heads.push(shelfmark_log::lock_head(&mut transaction, *model_id).await?);
    }
    let all_names = shelfmark_log::linked_names(&mut transaction, &related_models, names.clone()).await?;
    if all_names != names {
        forgotten = forgotten.with_names(&all_names);
        versions.extend(versions::erase_user(&mut transaction, &related_models, &forgotten).await?);
    }
    let mut logs = Vec::with_capacity(related_models.len());
    let mut position = Position::ZERO;
    for ((model_id, head), early) in related_models.iter().zip(heads).zip(early) {
        let after = if all_names == names { early.through } else { Position::ZERO };
        let late = shelfmark_log::erase_user(&mut transaction, *model_id, &all_names, &forgotten, after).await?;
        let forget = shelfmark_log::append_forget(&mut transaction, head, &forgotten).await?;
        if *model_id == own {
            position = forget;
        }
        logs.push(ErasedLog {
            model: name(*model_id),
            position: forget,
            records: early.records + late.records,
            first: early.first.or(late.first),
        });
    }
    let versions = versions
        .into_iter()
        .map(|erased| ErasedVersion {
            model: name(erased.model_id),
            version: erased.version,
            before: erased.before,
            after: erased.after,
        })
        .collect();
    let receipt = ErasureReceipt { position, at: Timestamp::now(), logs, versions };
    for id in &all_names.users {
        if let Some(name) = forgotten.user(id.as_str()) {
            operations::erase_user(&mut transaction, &related_models, id, &name).await?;
        }
    }
    for id in &all_names.sessions {
        if let Some(name) = forgotten.session(id.as_str()) {
            operations::erase_user(&mut transaction, &related_models, id, &name).await?;
        }
    }
    let text = serde_json::to_string(&receipt).expect("a receipt has a JSON form");
    versions::insert_receipt(&mut transaction, own, position, receipt.at, &text).await?;
    transaction.commit().await.map_err(versions::VersionError::from)?;
    readers.wait_applied(position, APPLY_TIMEOUT).await?;
    tracing::info!(model = %stores.name, %position, "user.forgotten: at position {position}");
    Ok((receipt, forgotten))
}
