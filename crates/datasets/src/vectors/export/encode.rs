//! Encodings of rows: the parts of a safetensors and of a word2vec file, and the forms of ids and lines.

use std::io::Write;

use serde::Serialize;

use shelfmark_domain::Id;

use super::{super::safetensors::HEADER_BYTES_MAX, Encoder, ExportError, ExportPart, ExportTable, rows::ExportRows};

/// Returns the parts of a safetensors file, and its size.
pub(super) fn safetensors(rows: &ExportRows, table: ExportTable) -> Result<(Vec<ExportPart>, u64), ExportError> {
    let data = (rows.len() * rows.dim() * 4) as u64;
    let before = r#"{"__metadata__":{"format":"shelfmark","ids":"["#;
    let mut after = format!(
        r#"]"}},"{table}":{{"dtype":"F32","shape":[{},{}],"data_offsets":[0,{data}]}}}}"#,
        rows.len(),
        rows.dim()
    );
    let mut ids = 0;
    let mut quoted = Vec::new();
    for (place, id) in rows.ids().enumerate() {
        quoted.clear();
        quoted_id(place, id, &mut quoted);
        ids += quoted.len() as u64;
    }
    // The values begin at a multiple of eight, so that they can be used where they lie.
    let header = (before.len() + after.len()) as u64 + ids;
    let filled = header.next_multiple_of(8);
    (header..filled).for_each(|_| after.push(' '));
    if filled > HEADER_BYTES_MAX {
        return Err(ExportError::HeaderTooLong(filled));
    }
    let mut begin = filled.to_le_bytes().to_vec();
    begin.extend_from_slice(before.as_bytes());
    let parts = vec![
        ExportPart::Bytes(begin),
        ExportPart::Rows(Encoder::QuotedId, 0),
        ExportPart::Bytes(after.into_bytes()),
        ExportPart::Rows(Encoder::Values, 0),
    ];
    Ok((parts, 8 + filled + data))
}

/// Returns the parts of the text form of word2vec.
pub(super) fn word2vec(rows: &ExportRows) -> Result<Vec<ExportPart>, ExportError> {
    if let Some(id) = rows.ids().find(|id| id.as_str().contains(char::is_whitespace)) {
        return Err(ExportError::WhiteSpace(id.to_string()));
    }
    let head = format!("{} {}\n", rows.len(), rows.dim());
    Ok(vec![ExportPart::Bytes(head.into_bytes()), ExportPart::Rows(Encoder::WordLine, 0)])
}

pub(super) fn word_line(id: &Id, values: &[f32], out: &mut Vec<u8>) {
    out.extend_from_slice(id.as_str().as_bytes());
    for value in values {
        out.push(b' ');
        json(value, out);
    }
    out.push(b'\n');
}

pub(super) fn json_line(id: &Id, values: &[f32], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'a Id,
        values: &'a [f32],
    }
    json(&Line { id, values }, out);
    out.push(b'\n');
}

/// Writes an element of a JSON list that is itself a string of JSON.
pub(super) fn quoted_id(place: usize, id: &Id, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
    let element = serde_json::to_string(id).expect("text has a JSON form");
    let quoted = serde_json::to_string(&element).expect("text has a JSON form");
    out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
}

/// Writes an element of a NumPy array of texts: UTF-32, filled with zeros.
pub(super) fn wide_id(id: &Id, width: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    for character in id.as_str().chars() {
        out.extend_from_slice(&u32::from(character).to_le_bytes());
    }
    out.resize(begin + width * 4, 0);
}

/// Writes JSON. Numbers are the shortest that read back as the same bits.
fn json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out.by_ref(), value).expect("rows are finite (P8) and memory takes what is written");
}
