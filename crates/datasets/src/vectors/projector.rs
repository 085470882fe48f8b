//! The two files of the TensorFlow Embedding Projector in a zip: `vectors.tsv`, a row of numbers with tabs between them
//! each line, and `metadata.tsv`, whose first column is the id. Metadata of several columns has a header.

use std::{fs::File, path::Path};

use super::{FILE_DIM_MAX, VectorRow, error::Fault, word2vec::line};
use crate::feeds::{FeedSource, LineReader, ReadSoFar};

/// Names of the two members.
pub(super) const MEMBERS: [&str; 2] = ["vectors.tsv", "metadata.tsv"];

/// Whether an archive has both members.
pub(super) fn is_projector(names: &[String]) -> bool {
    MEMBERS.iter().all(|member| names.iter().any(|name| name == member))
}

/// Reader of both files side by side.
pub(super) struct ProjectorReader {
    vectors: LineReader,
    ids: LineReader,
    dim: usize,
    /// Whether the current lines were read already and are still to be given.
    held: bool,
}

/// An opened archive.
pub(super) struct Projector {
    pub rows: ProjectorReader,
    pub bytes: Option<u64>,
    pub read: ReadSoFar,
}

/// Opens both members.
pub(super) fn open(file: &File, path: &Path) -> Result<Projector, Fault> {
    let [vectors, metadata] = MEMBERS.map(|name| FeedSource::member(file, path, name));
    let FeedSource { bytes, read, reader, .. } = vectors?;
    let (mut vectors, mut ids) = (LineReader::new(reader), LineReader::new(metadata?.reader));
    if !line(&mut vectors)? || !line(&mut ids)? {
        return Err(Fault::Unclear("holds no vectors, or no metadata".to_owned()));
    }
    let has_header = ids.current().contains(&b'\t');
    if has_header && !line(&mut ids)? {
        return Err(Fault::Unclear("has metadata without rows".to_owned()));
    }
    let dim = vectors.current().split(|byte| *byte == b'\t').count();
    if !(1..=FILE_DIM_MAX).contains(&dim) {
        return Err(Fault::at_line(vectors.number(), format!("must have 1 to {FILE_DIM_MAX} values, has {dim}")));
    }
    Ok(Projector { rows: ProjectorReader { vectors, ids, dim, held: true }, bytes, read })
}

impl ProjectorReader {
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        if !std::mem::take(&mut self.held) {
            match (line(&mut self.vectors)?, line(&mut self.ids)?) {
                (true, true) => {}
                (false, false) => return Ok(false),
                (has_vector, _) => {
                    let more = if has_vector { "vectors" } else { "metadata" };
                    return Err(Fault::Unclear(format!("has more rows of {more} than of the other")));
                }
            }
        }
        let number = self.vectors.number();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let values = self.vectors.current().split(|byte| *byte == b'\t').map(|value| text(value).trim().parse::<f32>());
        row.values.clear();
        for value in values {
            row.values.push(value.map_err(|error| Fault::at_line(number, format!("{error} in {}", MEMBERS[0])))?);
        }
        if row.values.len() != self.dim {
            let detail = format!("has {} values, the first line has {}", row.values.len(), self.dim);
            return Err(Fault::at_line(number, detail));
        }
        row.id = self.ids.current().split(|byte| *byte == b'\t').next().map(text).unwrap_or_default();
        Ok(true)
    }
}
