//! Ids and lines as text.

use std::io::Write;

use serde::Serialize;

use shelfmark_domain::Id;

use super::{Encoder, ExportError, ExportPart, rows::ExportRows};

/// The text form of word2vec.
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

/// An element of a JSON list that itself stands in a JSON text.
pub(super) fn quoted_id(place: usize, id: &Id, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
    let element = serde_json::to_string(id).expect("text has a JSON form");
    let quoted = serde_json::to_string(&element).expect("text has a JSON form");
    out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
}

/// An element of a numpy array of texts.
pub(super) fn wide_id(id: &Id, width: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    for character in id.as_str().chars() {
        out.extend_from_slice(&u32::from(character).to_le_bytes());
    }
    out.resize(begin + width * 4, 0);
}

/// Numbers are the shortest that read back as the same bits.
fn json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out.by_ref(), value).expect("rows are finite (P8) and memory takes what is written");
}
