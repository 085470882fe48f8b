//! What is asked of a view, and what it answers.

use serde::{Deserialize, Serialize};

use super::{Contribution, Embedding, FieldError, FieldResult, Filter, Id, Item, Timestamp, count_within};

/// For whom or what items are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A user, by their history; falls back when never seen.
    User(Id),
    /// Items of a visit in the order they were met (oldest first), without a stored history.
    Session(Vec<Id>),
    /// A stored session, by its id.
    SessionId(Id),
    /// Somebody who looks at this item, of whom nothing else is known: what goes with it, without itself
    /// unless `among` names it.
    Item(Id),
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
    /// The only items that may be answered, by their metadata.
    pub filter: Filter,
    /// The only items that may be answered, by name, at most [`Query::AMONG_MAX`]; all when `None`.
    pub among: Option<Vec<Id>>,
    /// Items never wanted in the answer.
    pub exclude: Vec<Id>,
    /// Own items left out.
    pub exclude_seen: ExcludeSeen,
    /// How much an item's likeness to those above it counts against it, 0 (not at all) to 1 (nothing else counts).
    pub diversity: f32,
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
    /// Return what items' scores are made of.
    pub with_explanation: bool,
}

impl Query {
    /// Largest `limit`.
    pub const LIMIT_MAX: usize = 1000;
    /// Most items of `exclude`.
    pub const EXCLUDE_MAX: usize = 10_000;
    /// Most items of a session.
    pub const SESSION_MAX: usize = 1000;
    /// Most items of `among`.
    pub const AMONG_MAX: usize = 1000;

    /// Checks every rule that needs no view.
    pub fn check(&self) -> FieldResult<()> {
        Self::check_limit(self.limit)?;
        count_within("exclude", self.exclude.len(), Self::EXCLUDE_MAX)?;
        count_within("items", self.among.as_ref().map_or(0, Vec::len), Self::AMONG_MAX)?;
        if let Subject::Session(items) = &self.subject {
            count_within("session", items.len(), Self::SESSION_MAX)?;
        }
        self.filter.check("filter")?;
        // Written so that NaN fails.
        if !(0.0..=1.0).contains(&self.diversity) {
            let detail = format!("must be 0 to 1, is {}", self.diversity);
            return Err(FieldError::new("diversity", "out_of_range", detail));
        }
        Ok(())
    }

    /// Checks a number of items.
    pub fn check_limit(limit: usize) -> FieldResult<()> {
        if (1..=Self::LIMIT_MAX).contains(&limit) {
            return Ok(());
        }
        let detail = format!("must be 1 to {}, is {limit}", Self::LIMIT_MAX);
        Err(FieldError::new("limit", "out_of_range", detail))
    }

    /// A query for `limit` of all items, as of `at`, without any wish beyond that.
    pub fn new(subject: Subject, limit: usize, at: Timestamp) -> Self {
        Self {
            subject,
            limit,
            filter: Filter::default(),
            among: None,
            exclude: Vec::new(),
            exclude_seen: ExcludeSeen::No,
            diversity: 0.0,
            context: Vec::new(),
            seed: 0,
            at,
            with_item: false,
            with_embedding: false,
            with_explanation: false,
        }
    }
}

/// Why an answer is less personal than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The user is unknown; the session given along was used.
    Session,
    /// Nothing is known; popular items.
    Popular,
}

/// One item of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoredItem {
    /// The item.
    pub id: Id,
    /// Its score: higher is better, comparable within one answer.
    pub score: f32,
    /// Metadata, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Item>))]
    pub item: Option<std::sync::Arc<Item>>,
    /// Vector, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// What adds up to the score, largest first, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Contribution>>,
}

/// The answer of a view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendations {
    /// How the subject was replaced, if it was.
    pub fallback: Option<Fallback>,
    /// Best first; with diversity, in the order of choice.
    pub items: Vec<ScoredItem>,
}
