//! Pure values: the words of the design as types. Nothing here does I/O, knows HTTP or SQL, or imports another room.
//!
//! Every other room may use this one. Everything that a caller can get wrong is refused here with an error that names
//! the field ([`FieldError`]), so that the edges (HTTP, command line) only translate.

mod config;
mod embedding;
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
