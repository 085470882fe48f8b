//! Domain values of the service: ids, positions, records, events, items, configuration, filters and queries.
//!
//! **Promises.** Every value is checked when it is created. An invalid one is rejected with a [`FieldError`] that names
//! the field, so that HTTP and the command line only translate. Formatting and parsing a value gives the same value.
//!
//! **Must not know** any other crate of the workspace, files, sockets, HTTP or SQL. Only [`Timestamp::now`] reads a
//! clock, and the learner never calls it.
//!
//! **Used by** all other crates. The feature `openapi` derives schemas for the OpenAPI document of the service.

mod api_key;
mod config;
mod error_kind;
mod event;
mod exclusions;
mod explanation;
mod field;
mod filter;
mod forgotten_user;
mod given_id;
mod guard;
mod item;
mod item_patch;
mod kind_weight;
mod learning_rates;
mod list_wishes;
mod merge;
mod modality;
mod number;
mod offset_commit;
mod origin;
mod position;
mod position_set;
mod property_value;
mod query;
mod rate_schedule;
mod recommendation_id;
mod record;
mod retraction;
mod rollback;
mod serving;
mod splitmix64;
mod timestamp;
mod user_profile;
mod vector;
mod version;
mod word_rule;

pub use api_key::{ApiKey, KeyHash, Scope};
pub use config::{ModelConfig, Optimizer};
pub use error_kind::ErrorKind;
pub use event::Event;
pub use exclusions::{ExclusionReason, Exclusions};
pub use explanation::{Contribution, ContributionSource};
pub use field::{FieldError, FieldResult, Id, ModelName, count_within, not_null, text_within};
pub use filter::{CATEGORY_SEPARATOR, Condition, Filter, Labels, category_path};
pub use forgotten_user::{ForgottenUser, UserNames, is_pseudonym};
pub use given_id::{GivenId, id_text};
pub use guard::{Guard, GuardActed, GuardAction, GuardMetric, GuardSettings};
pub use item::Item;
pub use item_patch::{Change, ItemPatch};
pub use kind_weight::{Between, KindWeight, ValueTable, ValueWeight};
pub use learning_rates::LearningRates;
pub use list_wishes::{Boost, GroupBy};
pub use merge::{Merge, MergeSource};
pub use modality::{Modalities, Modality};
pub use number::{Number, NumberKey};
pub use offset_commit::{OffsetCommit, OffsetMismatch, StoredOffset, StreamPartition};
pub use origin::Origin;
pub use position::{Interval, Position};
pub use position_set::PositionSet;
pub use property_value::PropertyValue;
pub use query::{ExcludeSeen, Fallback, Query, Recommendations, ScoredItem, Subject};
pub use rate_schedule::RateSchedule;
pub use recommendation_id::RecommendationId;
pub use record::{Append, NewRecord, Record, RecordBody};
pub use retraction::Retraction;
pub use rollback::{CutOrigin, Derived, ReplayOrigin, RollbackMode, RollbackRequest, RollbackTarget};
pub use serving::{Arm, ArmText, Serving, Split};
pub use splitmix64::{SPLITMIX64_GAMMA, splitmix64_mix};
pub use timestamp::Timestamp;
pub use user_profile::{ProfilePatch, ProfileUpdate, UserProfile};
pub use vector::{DenseVector, Embedding, PackedVector, RowVector, VectorTable, VectorValues, named_vectors};
pub use version::{
    Deployment, DeploymentMode, Digest, ForkOrigin, Served, VersionKind, VersionManifest, VersionNumber, VersionRef,
    check_label,
};
pub use word_rule::WordRule;
