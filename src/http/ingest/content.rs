//! JSON bodies of appends: one event, or a batch.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ENTRIES_MAX, EntryKind,
    context::EntryContext,
    entry::{self, EntryRun},
    offsets::{self, OffsetIn},
};
use crate::http::{decode, error::ApiError};
use shelfmark_domain::{FieldError, OffsetCommit};

/// A JSON batch: `{"events": [...]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Events<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    #[serde(default)]
    offsets: Vec<OffsetIn>,
}

/// A JSON batch: `{"items": [...]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Items<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// A JSON batch: `{"vectors": [...]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors<'a> {
    #[serde(borrow)]
    vectors: Vec<&'a RawValue>,
}

/// What a JSON body held.
pub(super) enum Content {
    /// One event, alone.
    One(EntryRun),
    /// A batch.
    Batch(BatchIn),
}

/// A batch of entries.
pub(super) struct BatchIn {
    /// The entries.
    pub run: EntryRun,
    /// How many came.
    pub count: usize,
    /// Places in streams outside that they were read up to. With any, the entries are taken all or none.
    pub offsets: Vec<OffsetCommit>,
}

/// Parses a JSON body. Its first key tells a batch from an event: no event has a field `events` or `offsets`.
pub(super) fn content(kind: &EntryKind, bytes: &[u8], arrival: &EntryContext) -> Result<Content, ApiError> {
    let mut offsets = Vec::new();
    let entries = match kind {
        EntryKind::Events if !begins_with_key(bytes, kind.key()) && !begins_with_key(bytes, "offsets") => {
            // Malformed text is a 400 here: there is no batch whose other events could be taken.
            let parsed = entry::parse(kind, bytes, &mut arrival.clone(), &mut Vec::new()).map_err(|error| {
                if error.code == "malformed" { ApiError::Malformed { detail: error.detail } } else { error.into() }
            })?;
            return Ok(Content::One(EntryRun::one(parsed)));
        }
        EntryKind::Events => {
            let batch = decode::json::<Events<'_>>(bytes)?;
            offsets = offsets::checked(&batch.offsets)?;
            batch.events
        }
        EntryKind::Items | EntryKind::Patches { .. } => decode::json::<Items<'_>>(bytes)?.items,
        EntryKind::Vectors { .. } => decode::json::<Vectors<'_>>(bytes)?.vectors,
    };
    if entries.len() > ENTRIES_MAX {
        let detail = format!("at most {ENTRIES_MAX}, has {}; send application/x-ndjson for more", entries.len());
        return Err(FieldError::new(kind.key(), "too_many", detail).into());
    }
    let count = entries.len();
    let entries = entries.iter().enumerate();
    let run = EntryRun::parse(kind, entries.map(|(index, raw)| (index as u64, raw.get().as_bytes())), arrival);
    Ok(Content::Batch(BatchIn { run, count, offsets }))
}

fn begins_with_key(bytes: &[u8], key: &str) -> bool {
    let rest = bytes.trim_ascii_start().strip_prefix(b"{");
    let rest = rest.and_then(|rest| rest.trim_ascii_start().strip_prefix(b"\""));
    let rest = rest.and_then(|rest| rest.strip_prefix(key.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ingest::AppendSummary;
    use shelfmark_domain::Timestamp;

    fn arrival() -> EntryContext {
        EntryContext {
            config: std::sync::Arc::default(),
            modalities: std::sync::Arc::default(),
            at: Timestamp::default(),
            source: None,
        }
    }

    #[test]
    fn a_batch_keeps_its_valid_events_and_names_the_others_by_index() {
        let text = br#" { "events" : [
            {"event_id":"a","user":"u","item":"i","kind":"click"},
            {"user":"u","item":"i","kind":"warp"},
            ["e","u",null,"i","click",null,null,[],null,null],
            {"user":"u","item":"i","kind":"click"} ] }"#;
        let Ok(Content::Batch(BatchIn { run, count: 4, .. })) = content(&EntryKind::Events, text, &arrival()) else {
            panic!("a batch of four");
        };
        assert_eq!(run.indexes, [0, 3]);
        let named: Vec<_> = run.rejected.iter().map(|r| (r.index, r.code)).collect();
        assert_eq!(named, [(1, "unknown_kind"), (2, "invalid_value")]);
        let ids = AppendSummary::event_ids(&run, 4).expect("one was made");
        assert_eq!(ids[0].as_ref().map(shelfmark_domain::Id::as_str), Some("a"));
        assert!(ids[1].is_none() && ids[2].is_none() && ids[3].is_some());
    }

    #[test]
    fn a_batch_beyond_the_limit_is_refused_and_broken_text_is_malformed() {
        let many = format!(r#"{{"events":[{}1]}}"#, "1,".repeat(ENTRIES_MAX));
        let error = content(&EntryKind::Events, many.as_bytes(), &arrival()).err();
        assert!(matches!(error, Some(ApiError::Invalid(errors)) if errors[0].code == "too_many"));
        for broken in [&b"{\"events\":[{]}"[..], b"{\"user\":", b"\xff\xfe", b""] {
            let error = content(&EntryKind::Events, broken, &arrival()).err();
            assert!(matches!(error, Some(ApiError::Malformed { .. })), "{broken:?}: {error:?}");
        }
    }

    #[test]
    fn a_batch_of_items_is_checked_item_by_item() {
        let text =
            br#"{"items":[{"id":"i1","title":"Kettle"},{"id":"i2","properties":{"price":[[1]]}},{"title":"x"}]}"#;
        let Ok(Content::Batch(BatchIn { run, count: 3, .. })) = content(&EntryKind::Items, text, &arrival()) else {
            panic!("a batch of three");
        };
        assert_eq!(run.indexes, [0]);
        let fields: Vec<_> = run.rejected.iter().map(|r| r.field.as_str()).collect();
        assert_eq!(fields, ["properties.price", "id"]);
    }

    #[test]
    fn the_first_vector_of_a_batch_says_how_long_those_after_it_are() {
        let text = br#"{"items":[{"id":"a","vectors":{"image":[1,2]}},{"id":"b","vectors":{"image":[1]}},
            {"id":"c","vectors":{"audio":[1],"image":[1,2,3]}},{"id":"d","vectors":{"audio":[1,2]}}]}"#;
        let mut arrival = arrival();
        let Ok(Content::Batch(BatchIn { run, count: 4, .. })) = content(&EntryKind::Items, text, &arrival) else {
            panic!("a batch of four");
        };
        assert_eq!(run.indexes, [0, 3], "a refused item says nothing about audio");
        let named: Vec<_> = run.rejected.iter().map(|r| (r.index, r.field.as_str(), r.code)).collect();
        assert_eq!(named, [(1, "vectors.image", "bad_dimension"), (2, "vectors.image", "bad_dimension")]);
        arrival.config = std::sync::Arc::new(shelfmark_domain::ModelConfig { modalities: false, ..Default::default() });
        let Ok(Content::Batch(BatchIn { run, count: 4, .. })) = content(&EntryKind::Items, text, &arrival) else {
            panic!("a batch of four");
        };
        assert!(run.rejected.is_empty());
    }

    #[test]
    fn offsets_come_before_or_after_the_events_of_a_batch() {
        let offset = r#"{"topic":"t","partition":3,"start_offset":"7","next_offset":9}"#;
        for text in
            [format!(r#"{{"events":[],"offsets":[{offset}]}}"#), format!(r#"{{"offsets":[{offset}],"events":[]}}"#)]
        {
            let Ok(Content::Batch(batch)) = content(&EntryKind::Events, text.as_bytes(), &arrival()) else {
                panic!("a batch: {text}");
            };
            let [offset] = &batch.offsets[..] else { panic!("one offset") };
            let texts = (offset.of.partition.as_str(), offset.start.as_ref().map(shelfmark_domain::Id::as_str));
            assert_eq!(texts, ("3", Some("7")));
        }
    }
}
