//! An interaction of someone with an item: the most common record.

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, Id, Timestamp, text_within};

/// One interaction as it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The client's id, or one that the service made.
    pub event_id: Id,
    /// Who; a user or a session is always there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Id>,
    /// Visit of somebody; the actor when `user` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Id>,
    /// With what.
    pub item: Id,
    /// Name that the model's configuration gives a weight: `click`, `purchase`, ...
    pub kind: String,
    /// Quantity, price or rating, as the sender means it; finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// When it happened, by the sender's clock; arrival time when the sender gave none.
    pub ts: Timestamp,
    /// Circumstances such as `device:mobile`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// The recommendation that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_id: Option<Id>,
    /// Anything else of the sender's; kept, not learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub properties: Option<serde_json::Value>,
}

impl Event {
    /// Most entries of `context`.
    pub const CONTEXT_MAX: usize = 32;
    /// Longest entry of `context` and longest `kind`, in bytes.
    pub const CONTEXT_BYTES_MAX: usize = 256;
    /// Largest `properties`, in bytes of JSON.
    pub const PROPERTIES_BYTES_MAX: usize = 8192;

    /// Whether two neighbouring events belong to one unit: same actor, same time (a basket). Nothing cuts between them
    /// without need, so that the learner scores a basket from the state before it.
    #[inline]
    pub fn same_unit(&self, other: &Self) -> bool {
        fn actor(event: &Event) -> (Option<&Id>, Option<&Id>) {
            match &event.user {
                Some(user) => (Some(user), None),
                None => (None, event.session.as_ref()),
            }
        }
        self.ts == other.ts && actor(self) == actor(other)
    }

    /// Checks every rule that needs no configuration.
    pub fn check(&self) -> FieldResult<()> {
        if self.user.is_none() && self.session.is_none() {
            return Err(FieldError::new("user", "missing", "an event needs a user or a session"));
        }
        text_within("kind", &self.kind, Self::CONTEXT_BYTES_MAX)?;
        if self.value.is_some_and(|value| !value.is_finite()) {
            return Err(FieldError::new("value", "not_finite", "must be a finite number"));
        }
        if self.context.len() > Self::CONTEXT_MAX {
            let detail = format!("at most {} entries, has {}", Self::CONTEXT_MAX, self.context.len());
            return Err(FieldError::new("context", "too_many", detail));
        }
        for entry in &self.context {
            text_within("context", entry, Self::CONTEXT_BYTES_MAX)?;
        }
        if let Some(properties) = &self.properties {
            let bytes = properties.to_string().len();
            if bytes > Self::PROPERTIES_BYTES_MAX {
                let detail = format!("at most {} bytes of JSON, has {bytes}", Self::PROPERTIES_BYTES_MAX);
                return Err(FieldError::new("properties", "too_long", detail));
            }
        }
        Ok(())
    }
}
