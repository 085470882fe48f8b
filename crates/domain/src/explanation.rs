//! Explanations: the terms that make up an item's score.

use serde::Serialize;

use super::{Id, Timestamp};

/// Source of a term of the score (docs/LEARNING.md defines them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContributionSource {
    /// An event of the history, by the vector of its `item`, weighted by position and age.
    Event,
    /// An item that the user disliked, by its vector.
    Dislike,
    /// The last-item vector of the newest `item`; without `item`, that of an empty history.
    LastItem,
    /// The user vector.
    User,
    /// The circumstance `name`.
    Context,
    /// The vector given in the request.
    Vector,
    /// The item is in the history.
    Repeat,
    /// The transition memory of the newest items of the history.
    Transition,
    /// The item's bias.
    Bias,
    /// The item's popularity.
    Popularity,
    /// How many began their visits with the item.
    EntryPopularity,
    /// The boost `name` of the query.
    Boost,
    /// Exploration noise drawn for this answer.
    Exploration,
}

/// A term of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Source of the term.
    pub source: ContributionSource,
    /// Item of the history (`event`, `dislike`, `last_item`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Id>,
    /// Kind of the event, where known (`event`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Id>,
    /// Time of the event, where known (`event`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub at: Option<Timestamp>,
    /// Name of the circumstance (`context`), or of the boost (`boost`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Id>,
    /// Value that the term adds to the score.
    pub value: f32,
}

impl Contribution {
    /// Creates a term with source and value only.
    pub const fn of(source: ContributionSource, value: f32) -> Self {
        Self { source, item: None, kind: None, at: None, name: None, value }
    }
}
