//! Encodings of one row: its id, its values, or both on a line.

use std::io::Write;

use serde::Serialize;

use shelfmark_domain::Id;

/// Encoding of one row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoder {
    /// Values as little-endian f32.
    Values,
    /// Id as an element of a JSON list within a string of JSON.
    QuotedId,
    /// Id as little-endian UTF-32, filled with zeros to this number of characters.
    WideId(usize),
    /// A line of word2vec's text form.
    WordLine,
    /// A line of JSON.
    JsonLine,
    /// A line of values with tabs between them.
    TabLine,
    /// A line of metadata of the projector.
    MetadataLine,
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

pub(super) fn tab_line(values: &[f32], out: &mut Vec<u8>) {
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            out.push(b'\t');
        }
        json(value, out);
    }
    out.push(b'\n');
}

/// Writes texts with tabs between them; what would end one becomes a space.
pub(super) fn metadata_line(texts: &[&str], out: &mut Vec<u8>) {
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            out.push(b'\t');
        }
        out.extend_from_slice(text.replace(['\t', '\n', '\r'], " ").as_bytes());
    }
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
