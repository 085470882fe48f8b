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

mod api_key;
mod config;
mod embedding;
mod event;
mod except;
mod explanation;
mod field;
mod filter;
mod forgotten_user;
mod fork;
mod guard;
mod item;
mod modality;
mod position;
mod position_set;
mod query;
mod recommendation_id;
mod record;
mod rollback;
mod schedule;
mod serving;
mod splitmix64;
mod timestamp;
mod vector;
mod version;

pub use api_key::{ApiKey, KeyHash, Scope};
pub use config::{LearningRates, ModelConfig, Optimizer};
pub use embedding::{Embedding, Rows};
pub use event::Event;
pub use except::{Except, ExclusionReason};
pub use explanation::{Contribution, Source};
pub use field::{FieldError, FieldResult, Id, ModelName, count_within, text_within};
pub use filter::{Condition, Filter, Labels};
pub use forgotten_user::ForgottenUser;
pub use fork::ForkOrigin;
pub use guard::{Guard, GuardActed, GuardAction, GuardMetric, GuardSettings};
pub use item::{Item, PropertyValue};
pub use modality::{Modalities, Modality};
pub use position::{Interval, Position};
pub use position_set::PositionSet;
pub use query::{ExcludeSeen, Fallback, Query, Recommendations, ScoredItem, Subject};
pub use recommendation_id::RecommendationId;
pub use record::{Append, NewRecord, Record, RecordBody};
pub use rollback::{Derived, RollbackRequest, RollbackTarget};
pub use schedule::Schedule;
pub use serving::{Arm, ArmText, Serving, Split};
pub use splitmix64::{SPLITMIX64_GAMMA, splitmix64_mix};
pub use timestamp::Timestamp;
pub use vector::{PackedVector, RowVector, VectorTable, VectorValues, named_vectors};
pub use version::{
    Deployment, DeploymentMode, Digest, Served, VersionKind, VersionManifest, VersionNumber, VersionRef, check_label,
};
