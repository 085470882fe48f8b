//! Layout of files: the parts of a safetensors and of a word2vec file.

use super::{
    super::safetensors::HEADER_BYTES_MAX,
    encode::{self, Encoder},
    options::{ExportError, ExportTable},
    rows::ExportRows,
};

/// A part of the file that is still to be written.
#[derive(Debug)]
pub(super) enum ExportPart {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// An encoding of each row, from this one on.
    Rows(Encoder, usize),
    /// Start of an entry of an archive.
    Open(&'static str),
    /// End of the entry.
    Close,
    /// Directory of the archive.
    Directory,
}

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
        encode::quoted_id(place, id, &mut quoted);
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
