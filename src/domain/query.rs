//! What is asked of a view, and what it answers.

use serde::{Deserialize, Serialize};

use super::{Embedding, Id, Item, Timestamp};

/// For whom or what items are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A user, by their history; falls back when never seen.
    User(Id),
    /// Items of a visit in the order they were met (oldest first), without a stored history.
    Session(Vec<Id>),
    /// A stored session, by its id.
    SessionId(Id),
    /// A raw vector `[dim]`.
    Vector(Vec<f32>),
    /// Nobody: what is popular.
    Nobody,
}

/// Which of the subject's own items are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExcludeSeen {
    /// None.
    #[default]
    No,
    /// All in the kept history.
    All,
    /// Those met by one of these kinds.
    Kinds(Vec<String>),
}

/// One request for items.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// For whom.
    pub subject: Subject,
    /// How many, at most [`Query::LIMIT_MAX`].
    pub limit: usize,
    /// Items never wanted in the answer.
    pub exclude: Vec<Id>,
    /// Own items left out.
    pub exclude_seen: ExcludeSeen,
    /// Circumstances such as `device:mobile`; those that no event named say nothing.
    pub context: Vec<String>,
    /// Keys what is drawn for this answer, where the model explores.
    pub seed: u64,
    /// Time of the request: gaps to the history are measured from here.
    pub at: Timestamp,
    /// Return items' metadata.
    pub with_item: bool,
    /// Return items' vectors.
    pub with_embedding: bool,
}

impl Query {
    /// Largest `limit`.
    pub const LIMIT_MAX: usize = 1000;
    /// Most items of `exclude`.
    pub const EXCLUDE_MAX: usize = 10_000;
    /// Most items of a session.
    pub const SESSION_MAX: usize = 1000;
}

/// Why an answer is less personal than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The user is unknown; the session given along was used.
    Session,
    /// Nothing is known; popular items.
    Popular,
}

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ScoredItem {
    /// The item.
    pub id: Id,
    /// Its score: higher is better, comparable within one answer.
    pub score: f32,
    /// Metadata, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Item>)]
    pub item: Option<std::sync::Arc<Item>>,
    /// Vector, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
}

/// The answer of a view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendations {
    /// How the subject was replaced, if it was.
    pub fallback: Option<Fallback>,
    /// Best first.
    pub items: Vec<ScoredItem>,
}
