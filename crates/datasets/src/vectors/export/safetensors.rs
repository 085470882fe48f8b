//! ExportRows as a safetensors file, as `super::super::safetensors` reads it.

use super::{
    super::safetensors::HEADER_BYTES_MAX, Encoder, ExportError, ExportPart, ExportTable, rows::ExportRows, text,
};

/// The parts of the file, and its size.
pub(super) fn parts(rows: &ExportRows, table: ExportTable) -> Result<(Vec<ExportPart>, u64), ExportError> {
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
        text::quoted_id(place, id, &mut quoted);
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
