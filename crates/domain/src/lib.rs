//! Values of the embedding service: ids, positions, records, events, items, configuration, filters and queries.
//!
//! **Promises.** Every value is checked when it is made. A value that breaks its rule is refused with a [`FieldError`]
//! that names the field, so that HTTP and the command line only translate. A text that is read and written again says
//! the same.
//!
//! **Must not know** any other crate of the workspace, a file, a socket, HTTP or SQL. Only [`Timestamp::now`] reads a
//! clock, and the learner never calls it.
//!
//! **Used by** every other crate. The feature `openapi` derives schemas for the OpenAPI document of the service.

mod config;
mod embedding;
mod error_kind;
mod event;
mod except;
mod explanation;
mod field;
mod filter;
mod forgotten;
mod fork;
mod guard;
mod item;
mod key;
mod list_id;
mod modality;
mod position;
mod query;
mod ranges;
mod record;
mod rollback;
mod schedule;
mod serving;
mod timestamp;
mod vector;
mod version;

pub use config::{LearningRates, ModelConfig, Optimizer};
pub use embedding::{Embedding, Rows};
pub use error_kind::ErrorKind;
pub use event::Event;
pub use except::{Except, LeftOut};
pub use explanation::{Contribution, Source};
pub use field::{FieldError, FieldResult, Id, ModelName, count_within, text_within};
pub use filter::{Condition, Filter, Labels};
pub use forgotten::Forgotten;
pub use fork::ForkOrigin;
pub use guard::{Guard, GuardActed, GuardAction, GuardMetric, GuardSettings};
pub use item::{Item, PropertyValue};
pub use key::{ApiKey, KeyHash, Scope};
pub use list_id::ListId;
pub use modality::{Modalities, Modality};
pub use position::{Interval, Position};
pub use query::{ExcludeSeen, Fallback, Query, Recommendations, ScoredItem, Subject};
pub use ranges::Ranges;
pub use record::{Append, NewRecord, Record, RecordBody};
pub use rollback::{Derived, RollbackMode, RollbackRequest, RollbackTarget};
pub use schedule::Schedule;
pub use serving::{Arm, ArmText, Serving, Split};
pub use timestamp::Timestamp;
pub use vector::{PackedVector, RowVector, VectorTable, VectorValues, named_vectors};
pub use version::{
    Deployment, DeploymentMode, Digest, Served, VersionKind, VersionManifest, VersionNumber, VersionRef, check_label,
};
