//! Kinds of events that a request names to leave something out: an unknown one would leave out nothing, in silence.

use std::collections::BTreeSet;

use crate::engine::Model;
use shelfmark_domain::{FieldError, FieldResult, ModelConfig};
use shelfmark_serving::View;

/// Most characters of a kind that an error repeats.
const REPEATED_CHARS_MAX: usize = 64;

/// Checks that each of `kinds` is known: the model's configuration has it, or the view's, or an event that the view
/// learned from.
pub fn check_known<'a>(
    field: &str,
    kinds: impl IntoIterator<Item = &'a String>,
    model: &Model,
    view: &View,
) -> FieldResult<()> {
    let (now, then, learned) = (model.config(), &view.inference().config, &view.inference().kinds);
    let is_known =
        |kind: &str| now.kinds.contains_key(kind) || then.kinds.contains_key(kind) || learned.get(kind).is_some();
    let Some(kind) = kinds.into_iter().find(|kind| !is_known(kind)) else { return Ok(()) };
    let mut known: BTreeSet<&str> = now.kinds.keys().chain(then.kinds.keys()).map(String::as_str).collect();
    known.extend(learned.ids().map(|(_, kind)| kind.as_str()));
    let known: Vec<&str> = known.into_iter().take(ModelConfig::KINDS_MAX).collect();
    let kind: String = kind.chars().take(REPEATED_CHARS_MAX).collect();
    Err(FieldError::new(field, "unknown_kind", format!("{kind:?} is not among {}", known.join(", "))))
}
