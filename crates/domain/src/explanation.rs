//! Why an item has its score.

use serde::Serialize;

use super::{Id, Timestamp};

/// What a part of a score comes from (docs/LEARNING.md has the rule that they are the parts of).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// One event of the history, by the vector of its `item`, weighted by its place and age.
    Event,
    /// What the newest `item` of the history calls for, or, without `item`, having no history.
    LastItem,
    /// The user's own vector.
    User,
    /// The circumstance `name`.
    Context,
    /// The vector that was given.
    Vector,
    /// Having met the item before.
    Repeat,
    /// What followed the newest items of the history before.
    Transition,
    /// The item's bias.
    Bias,
    /// The item's popularity.
    Popularity,
    /// What was drawn for this answer.
    Exploration,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contribution {
    /// Where it comes from.
    pub source: Source,
    /// The item met (`event`, `last_item`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Id>,
    /// How it was met, where that is known (`event`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Id>,
    /// When it was met, where that is known (`event`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub at: Option<Timestamp>,
    /// Which circumstance (`context`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Id>,
    /// What it adds to the score.
    pub value: f32,
}

impl Contribution {
    /// A part that needs no more words.
    pub const fn of(source: Source, value: f32) -> Self {
        Self { source, item: None, kind: None, at: None, name: None, value }
    }
}
