//! Recommendation queries and answers.

use serde::{Deserialize, Serialize};

use super::{
    Boost, Contribution, Embedding, FieldResult, Filter, GroupBy, Id, Item, Timestamp, count_within, field::in_range,
};

/// Subject of a query: what the recommended items have to suit.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A user, by history; an unknown one gets a fallback.
    User(Id),
    /// The items of a visit, oldest first, without a stored history.
    Session(Vec<Id>),
    /// A stored session, by id.
    SessionId(Id),
    /// An item: what goes with it. The item itself is not answered, unless `among` names it.
    Item(Id),
    /// A user who looks at an item: what goes with it for this user. The item itself is not answered, unless `among`
    /// names it.
    UserWithItem {
        /// The user, by history; an unknown one gets a fallback.
        user: Id,
        /// The item, which counts as met just now.
        item: Id,
    },
    /// A vector, `[dim]`.
    Vector(Vec<f32>),
    /// Nobody: popular items.
    Nobody,
}

/// Which items of the subject's history are excluded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExcludeSeen {
    /// None.
    #[default]
    No,
    /// All in the stored history.
    All,
    /// Those with an event of one of these kinds.
    Kinds(Vec<String>),
}

/// A query for recommendations.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Subject of the query.
    pub subject: Subject,
    /// Number of items, at most [`Query::LIMIT_MAX`].
    pub limit: usize,
    /// Condition on the metadata of answered items.
    pub filter: Filter,
    /// Candidates, at most [`Query::AMONG_MAX`]; all items when `None`.
    pub among: Option<Vec<Id>>,
    /// Items that are excluded.
    pub exclude: Vec<Id>,
    /// Items of the subject's history that are excluded.
    pub exclude_seen: ExcludeSeen,
    /// Weight of diversity in re-ranking (maximal marginal relevance): 0 is none, 1 ignores scores.
    pub diversity: f32,
    /// What is added to the scores of items that meet conditions, at most [`Boost::BOOSTS_MAX`].
    pub boosts: Vec<Boost>,
    /// Most items of a group.
    pub group_by: Option<GroupBy>,
    /// Circumstances such as `device:mobile`; those that no event has named are ignored.
    pub context: Vec<String>,
    /// Seed of the exploration noise of this answer.
    pub seed: u64,
    /// Time of the request, from which the gaps to the history are measured.
    pub at: Timestamp,
    /// Whether to return the items' metadata.
    pub with_item: bool,
    /// Whether to return the items' vectors.
    pub with_embedding: bool,
    /// Whether to return explanations of the scores.
    pub with_explanation: bool,
}

impl Subject {
    /// Returns the item that somebody looks at.
    pub const fn looked_at(&self) -> Option<&Id> {
        match self {
            Self::Item(item) | Self::UserWithItem { item, .. } => Some(item),
            Self::User(_) | Self::Session(_) | Self::SessionId(_) | Self::Vector(_) | Self::Nobody => None,
        }
    }
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

    /// Checks all rules that do not depend on a view.
    pub fn check(&self) -> FieldResult<()> {
        Self::check_limit(self.limit)?;
        count_within("exclude", self.exclude.len(), Self::EXCLUDE_MAX)?;
        count_within("items", self.among.as_ref().map_or(0, Vec::len), Self::AMONG_MAX)?;
        if let Subject::Session(items) = &self.subject {
            count_within("session", items.len(), Self::SESSION_MAX)?;
        }
        self.filter.check("filter")?;
        count_within("boost", self.boosts.len(), Boost::BOOSTS_MAX)?;
        self.boosts.iter().enumerate().try_for_each(|(index, boost)| boost.check(index))?;
        self.group_by.iter().try_for_each(GroupBy::check)?;
        in_range("diversity", self.diversity, 0.0, 1.0)
    }

    /// Checks a limit.
    pub fn check_limit(limit: usize) -> FieldResult<()> {
        in_range("limit", limit, 1, Self::LIMIT_MAX)
    }

    /// Creates a query for `limit` items as of `at`, with defaults for the rest.
    pub fn new(subject: Subject, limit: usize, at: Timestamp) -> Self {
        Self {
            subject,
            limit,
            filter: Filter::default(),
            among: None,
            exclude: Vec::new(),
            exclude_seen: ExcludeSeen::No,
            diversity: 0.0,
            boosts: Vec::new(),
            group_by: None,
            context: Vec::new(),
            seed: 0,
            at,
            with_item: false,
            with_embedding: false,
            with_explanation: false,
        }
    }
}

/// Fallback of an answer that is less personal than requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The user is unknown; the session given in the request was used.
    Session,
    /// The subject is unknown; the items are popular ones.
    Popular,
}

/// An item of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoredItem {
    /// Id of the item.
    pub id: Id,
    /// Score: higher is better; comparable within one answer.
    pub score: f32,
    /// Metadata, when requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Item>))]
    pub item: Option<std::sync::Arc<Item>>,
    /// Vector, when requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// Terms of the score, largest first, when requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Contribution>>,
}

/// Answer to a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendations {
    /// Fallback that was used, if any.
    pub fallback: Option<Fallback>,
    /// Items, best first; with diversity, in the order of re-ranking.
    pub items: Vec<ScoredItem>,
}
