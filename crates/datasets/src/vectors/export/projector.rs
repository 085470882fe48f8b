//! The two files of the TensorFlow Embedding Projector in a zip: `vectors.tsv` and `metadata.tsv`.
//!
//! Metadata of items has the columns id, title and category, behind a header. That of other tables is the ids alone,
//! without one, as the projector wants a single column.

use super::{
    encode::{self, Encoder},
    layout::ExportPart,
    options::{ExportError, ExportTable},
    rows::ExportRows,
};

/// Longest text of a value: a sign, nine digits, a point, an exponent, and what ends it.
const VALUE_BYTES: u64 = 17;
/// Bytes of the archive beside its entries, at most.
const ARCHIVE_BYTES: u64 = 1024;

/// Returns the parts of the archive.
pub(super) fn parts(rows: &ExportRows, table: ExportTable) -> Result<Vec<ExportPart>, ExportError> {
    if let Some(id) = rows.ids().find(|id| id.as_str().trim() != id.as_str()) {
        return Err(ExportError::WhiteSpace(id.to_string()));
    }
    let mut line = Vec::new();
    let mut metadata = 0;
    for place in 0..rows.len() {
        line.clear();
        encode::metadata_line(&rows.metadata(place), &mut line);
        metadata += line.len() as u64;
    }
    let bytes = (rows.len() * rows.dim()) as u64 * VALUE_BYTES + metadata + ARCHIVE_BYTES;
    if bytes > u64::from(u32::MAX) {
        return Err(ExportError::ArchiveTooLong(bytes));
    }
    let header: &[u8] = if table == ExportTable::Items { b"id\ttitle\tcategory\n" } else { b"" };
    Ok(vec![
        ExportPart::Open("vectors.tsv"),
        ExportPart::Rows(Encoder::TabLine, 0),
        ExportPart::Close,
        ExportPart::Open("metadata.tsv"),
        ExportPart::Bytes(header.to_vec()),
        ExportPart::Rows(Encoder::MetadataLine, 0),
        ExportPart::Close,
        ExportPart::Directory,
    ])
}
