//! Messages of other systems: Segment's and CloudEvents, translated into records of the log.
//!
//! Promises: what is understood is taken, what is wrong is named by its message, and what nothing is made of is told as
//! ignored, never as taken. The mappings are [`shelfmark_datasets::messages`]; the bounds are those of [`super::ingest`].

pub mod cloud_events;
pub mod segment;

use serde_json::{Map, Value, value::RawValue};

use super::{error::ApiError, ingest::ENTRIES_MAX};
use shelfmark_domain::{FieldError, FieldResult};

/// Refuses more messages than a batch may have.
fn check_count(entries: &'static str, messages: usize) -> Result<(), ApiError> {
    if messages > ENTRIES_MAX {
        let detail = format!("at most {ENTRIES_MAX}, has {messages}");
        return Err(FieldError::new(entries, "too_many", detail).into());
    }
    Ok(())
}

/// Reads a message.
fn object(raw: &RawValue) -> FieldResult<Map<String, Value>> {
    // The text is JSON already: only its kind can be wrong, or its depth.
    serde_json::from_str(raw.get()).map_err(|_| FieldError::new("", "invalid_value", "must be an object"))
}
