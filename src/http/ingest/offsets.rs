//! Offsets of streams outside, as a batch of events names them.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use shelfmark_domain::{FieldError, FieldResult, GivenId, Id, OffsetCommit, StreamPartition};

/// How far a partition of a stream outside was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OffsetIn {
    /// Name of the stream: 1 to 256 bytes.
    #[schema(example = "clicks")]
    topic: GivenId,
    /// Name or number of the partition; a number stands for its digits.
    #[schema(example = "3")]
    partition: GivenId,
    /// Offset that was read from, which must be the stored one; null when none is stored.
    #[schema(example = "1041")]
    start_offset: Option<GivenId>,
    /// Offset of the next message to read; null to store none any more. Offsets are compared as text and never counted with.
    #[schema(example = "1545")]
    next_offset: Option<GivenId>,
}

/// Checks the offsets of a request.
pub(super) fn checked(offsets: &[OffsetIn]) -> FieldResult<Vec<OffsetCommit>> {
    shelfmark_domain::count_within("offsets", offsets.len(), OffsetCommit::COUNT_MAX)?;
    let mut seen = BTreeSet::new();
    let mut checked = Vec::with_capacity(offsets.len());
    for (index, OffsetIn { topic, partition, start_offset, next_offset }) in offsets.iter().enumerate() {
        let id = |field: &str, text: &GivenId| Id::new(&format!("offsets[{index}].{field}"), text);
        let offset = |field: &str, text: &Option<GivenId>| text.as_ref().map(|text| id(field, text)).transpose();
        let of = StreamPartition { topic: id("topic", topic)?, partition: id("partition", partition)? };
        let commit = OffsetCommit {
            of,
            start: offset("start_offset", start_offset)?,
            next: offset("next_offset", next_offset)?,
        };
        if commit.start.is_none() && commit.next.is_none() {
            let detail = "must not be null beside a start_offset that is null";
            return Err(FieldError::new(format!("offsets[{index}].next_offset"), "missing", detail));
        }
        if !seen.insert(commit.of.clone()) {
            let detail = "the partition is named twice";
            return Err(FieldError::new(format!("offsets[{index}].partition"), "duplicate", detail));
        }
        checked.push(commit);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, &'static str) {
        let offsets: Vec<OffsetIn> = serde_json::from_str(text).expect(text);
        let error = checked(&offsets).expect_err(text);
        (error.field, error.code)
    }

    #[test]
    fn every_bad_offset_names_its_field() {
        let bad = [
            (r#"[{"topic":"","partition":0,"start_offset":1,"next_offset":2}]"#, ("offsets[0].topic", "empty")),
            (r#"[{"topic":"t","partition":"\u0001","next_offset":2}]"#, ("offsets[0].partition", "control_character")),
            (
                r#"[{"topic":"t","partition":0,"start_offset":null,"next_offset":null}]"#,
                ("offsets[0].next_offset", "missing"),
            ),
            (
                r#"[{"topic":"t","partition":0,"next_offset":1},{"topic":"t","partition":"0","next_offset":2}]"#,
                ("offsets[1].partition", "duplicate"),
            ),
        ];
        for (text, (field, code)) in bad {
            assert_eq!(refused(text), (field.to_owned(), code), "{text}");
        }
        let long = format!(r#"[{{"topic":"t","partition":0,"next_offset":"{}"}}]"#, "9".repeat(257));
        assert_eq!(refused(&long), ("offsets[0].next_offset".to_owned(), "too_long"));
        let many = vec![r#"{"topic":"t","partition":0,"next_offset":1}"#; OffsetCommit::COUNT_MAX + 1].join(",");
        assert_eq!(refused(&format!("[{many}]")), ("offsets".to_owned(), "too_many"));
    }
}
