//! Subject of a query, and what a view knows of it.

use shelfmark_domain::{ExcludeSeen, FieldError, Id, Query, Subject, Timestamp};
use shelfmark_state::{Actor, Context, ContextScratch, History, InferenceState, PastEvent, Stance};

/// Largest magnitude of a value in a vector given along with a query: keeps scores finite.
const VECTOR_VALUE_MAX: f32 = 1e6;
/// Kind of an event of which no kind is known.
const NO_KIND: u8 = u8::MAX;

/// What is known of the subject.
pub(super) enum Known {
    /// A stored history.
    Actor(Actor),
    /// A stored history, and the same with an item that is looked at now.
    Looking(Actor, History),
    /// The visit that the query gave, oldest first.
    Visit(History),
    /// A vector.
    Vector(Vec<f32>),
    /// Nothing.
    Nothing,
}

/// An event of the subject's as the query counts it.
pub(super) struct Met {
    pub(super) past: PastEvent,
    /// Whether kind and time are an event's; an item of a visit has none.
    pub(super) stored: bool,
}

impl Known {
    /// Looks the subject up; a vector must have the model's length.
    pub(super) fn of(inference: &InferenceState, query: &Query) -> Result<Self, FieldError> {
        Ok(match &query.subject {
            Subject::User(id) => inference.user(id.as_str()).map_or(Self::Nothing, Self::Actor),
            Subject::SessionId(id) => inference.session(id.as_str()).map_or(Self::Nothing, Self::Actor),
            Subject::Session(ids) => Self::visit(inference, query, ids),
            Subject::Item(id) => Self::visit(inference, query, std::slice::from_ref(id)),
            Subject::UserWithItem { user, item } => {
                inference.user(user.as_str()).map_or(Self::Nothing, |user| Self::looking(inference, query, user, item))
            }
            Subject::Vector(vector) => {
                let dim = inference.config.dim;
                if vector.len() != dim {
                    let detail = format!("must have {dim} numbers, has {}", vector.len());
                    return Err(FieldError::new("vector", "bad_dimension", detail));
                }
                // Written so that NaN fails.
                if !vector.iter().all(|value| value.abs() <= VECTOR_VALUE_MAX) {
                    let detail = format!("must hold finite numbers of at most {VECTOR_VALUE_MAX} either way");
                    return Err(FieldError::new("vector", "out_of_range", detail));
                }
                Self::Vector(vector.clone())
            }
            Subject::Nobody => Self::Nothing,
        })
    }

    fn visit(inference: &InferenceState, query: &Query, ids: &[Id]) -> Self {
        let mut visit = History::default();
        let rows = ids.iter().filter_map(|id| inference.catalog.row(id.as_str()));
        for (item, at) in rows.zip(moments_before(query.at, ids.len())) {
            visit.push(PastEvent { item, at, kind: NO_KIND, stance: Stance::Liked });
        }
        if visit.is_empty() { Self::Nothing } else { Self::Visit(visit) }
    }

    fn looking(inference: &InferenceState, query: &Query, user: Actor, item: &Id) -> Self {
        let Some(item) = inference.catalog.row(item.as_str()) else { return Self::Actor(user) };
        let mut history = inference.history(user).clone();
        // The newest, whatever clocks say.
        let newest = history.newest(0).next().map_or(query.at, |newest| newest.at.max(query.at));
        history.push(PastEvent { item, at: newest, kind: NO_KIND, stance: Stance::Liked });
        Self::Looking(user, history)
    }

    /// The context of the query without its circumstances. A vector has none, and nobody an empty one.
    pub(super) fn context(
        &self,
        inference: &InferenceState,
        query: &Query,
        scratch: &mut ContextScratch,
    ) -> Option<Context> {
        match self {
            Self::Actor(actor) => Some(inference.context(*actor, query.at, scratch)),
            Self::Looking(actor, history) => Some(inference.context_with(*actor, history, query.at, scratch)),
            Self::Visit(visit) => Some(inference.context_of(visit, query.at, scratch)),
            Self::Nothing => Some(inference.context_of(&History::default(), query.at, scratch)),
            Self::Vector(_) => None,
        }
    }

    /// The events that the context's history is of, newest first.
    pub(super) fn met(&self, inference: &InferenceState) -> Vec<Met> {
        let (history, given) = match self {
            Self::Actor(actor) => (inference.history(*actor), 0),
            Self::Looking(_, history) => (history, 1),
            Self::Visit(visit) => (visit, visit.len()),
            Self::Vector(_) | Self::Nothing => return Vec::new(),
        };
        let met = inference.query_history(history).enumerate();
        met.map(|(place, past)| Met { past, stored: place >= given }).collect()
    }

    /// Rows of the subject's own items that the query leaves out.
    pub(super) fn seen(&self, inference: &InferenceState, exclude_seen: &ExcludeSeen) -> Vec<u32> {
        match (exclude_seen, self) {
            // Items given in the request were not met by any kind.
            (ExcludeSeen::No, _) | (_, Self::Vector(_) | Self::Nothing) | (ExcludeSeen::Kinds(_), Self::Visit(_)) => {
                Vec::new()
            }
            (ExcludeSeen::All, Self::Actor(actor) | Self::Looking(actor, _)) => {
                let remembered = inference.history(*actor).remembered(&inference.history_kinds());
                remembered.map(|(item, _)| item).collect()
            }
            (ExcludeSeen::All, Self::Visit(visit)) => visit.items().to_vec(),
            (ExcludeSeen::Kinds(kinds), Self::Actor(actor) | Self::Looking(actor, _)) => {
                let kinds: Vec<u32> = kinds.iter().filter_map(|kind| inference.kinds.get(kind)).collect();
                let remembered = inference.history(*actor).remembered(&inference.history_kinds());
                remembered.filter(|(_, kind)| kinds.contains(&u32::from(*kind))).map(|(item, _)| item).collect()
            }
        }
    }
}

/// Times of a visit's events, in order, of which the last is just before `at`: each is a unit of its own.
fn moments_before(at: Timestamp, count: usize) -> impl Iterator<Item = Timestamp> {
    let back = move |back: i64| Timestamp::from_micros(at.micros().saturating_sub(back)).unwrap_or(at);
    (0..i64::try_from(count).unwrap_or(0)).rev().map(back)
}
