//! Formats of vector files, and how they are recognised.

use std::fmt;

use super::word2vec::{BETWEEN, count_and_dim};

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VectorFormat {
    /// Binary form of word2vec: a line with count and dimension, then each word, a space, and its f32 values.
    Word2vec,
    /// Text form of word2vec, also `.vec` of fastText: the same line, then a line for each word.
    Word2vecText,
    /// GloVe: the lines of the text form, without its first line.
    Glove,
    /// NumPy array. Ids come from a file of their own.
    Npy,
    /// NumPy arrays in a zip, `vectors` and `ids`.
    Npz,
    /// Tensor of a safetensors file. Ids come from a file of their own or from the header.
    Safetensors,
    /// Lines `{"id": ..., "values": [...]}`, and rows of Parquet with these columns.
    Jsonl,
    /// `vectors.tsv` and `metadata.tsv` of the TensorFlow Embedding Projector, in a zip.
    Projector,
}

impl VectorFormat {
    /// All formats.
    pub const ALL: [Self; 8] = [
        Self::Word2vec,
        Self::Word2vecText,
        Self::Glove,
        Self::Npy,
        Self::Npz,
        Self::Safetensors,
        Self::Jsonl,
        Self::Projector,
    ];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Word2vec => "word2vec",
            Self::Word2vecText => "word2vec-text",
            Self::Glove => "glove",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Safetensors => "safetensors",
            Self::Jsonl => "jsonl",
            Self::Projector => "projector",
        }
    }

    /// Recognises the format by the first bytes of the uncompressed file.
    pub fn recognise(head: &[u8]) -> Option<Self> {
        if head.starts_with(super::npy::MAGIC) {
            return Some(Self::Npy);
        }
        if let Some((length, rest)) = head.split_first_chunk::<8>()
            && u64::from_le_bytes(*length) <= super::safetensors::HEADER_BYTES_MAX
            && rest.first() == Some(&b'{')
        {
            return Some(Self::Safetensors);
        }
        if head.trim_ascii_start().starts_with(b"{") {
            let line = head.split(|byte| *byte == b'\n').next()?;
            return [&b"\"id\""[..], b"\"values\""]
                .iter()
                .all(|key| line.windows(key.len()).any(|at| at == *key))
                .then_some(Self::Jsonl);
        }
        let (first, rest) = cut_line(head);
        let first = String::from_utf8_lossy(first.trim_ascii_end());
        if let Some((_, dim)) = count_and_dim(&first) {
            return Some(if is_text(rest, dim) { Self::Word2vecText } else { Self::Word2vec });
        }
        let fields: Vec<&str> = first.split(BETWEEN).filter(|field| !field.is_empty()).collect();
        let (_, numbers) = fields.split_first().filter(|(_, numbers)| !numbers.is_empty())?;
        numbers.iter().all(|field| field.parse::<f32>().is_ok()).then_some(Self::Glove)
    }
}

/// Splits off the first line.
fn cut_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// Whether what follows the first line of a word2vec file is text.
///
/// One odd row must not decide: values in binary form hold control characters, and text holds numbers.
fn is_text(rest: &[u8], dim: usize) -> bool {
    const SAMPLE_BYTES: usize = 16 * 1024;
    const SAMPLE_LINES: usize = 5;
    let sample = &rest[..rest.len().min(SAMPLE_BYTES)];
    let is_number = |field: &str| field.replace(',', ".").parse::<f32>().is_ok();
    let numbers = |line: &[u8]| String::from_utf8_lossy(line).split(BETWEEN).filter(|field| is_number(field)).count();
    let mut lines = sample.split(|byte| *byte == b'\n').take(SAMPLE_LINES);
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t');
    let needed = if sample.iter().any(control) { dim } else { dim.div_ceil(2) };
    lines.any(|line| numbers(line) >= needed)
}

impl fmt::Display for VectorFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        let recognise = VectorFormat::recognise;
        assert_eq!(recognise(b"2 3\nthe 0.1 -2 3e-4\nof 1 2 3\n"), Some(VectorFormat::Word2vecText));
        assert_eq!(recognise(b"2 2\nthe \0\0\x80\x3f\0\0\0\x40\nof "), Some(VectorFormat::Word2vec));
        assert_eq!(recognise(b"the 0.1 -2 3e-4\nof 1 2 3\n"), Some(VectorFormat::Glove));
        assert_eq!(recognise(b"{\"id\":\"a\",\"values\":[1,2]}\n"), Some(VectorFormat::Jsonl));
        assert_eq!(recognise(b"\x93NUMPY\x01\0"), Some(VectorFormat::Npy));
        assert_eq!(recognise(b"\x40\0\0\0\0\0\0\0{\"a\":"), Some(VectorFormat::Safetensors));
        assert_eq!(recognise(b"{\"user\":\"u\"}\n"), None);
        assert_eq!(recognise(b"word\n"), None);
        assert_eq!(recognise(b""), None);
    }

    #[test]
    fn an_odd_first_row_does_not_make_a_text_binary() {
        for row in ["p0  0.2  0.4  0.5", "p0 0.2 0.4", "p0 0,2 0,4 0,5", "caf\u{e9} 0.1 0.1 0.1", "p 1 0.2 0.4 0.5"] {
            let text = format!("3 3\n{row}\np1 0.1 0.2 0.3\np2 0.1 0.2 0.3\n");
            assert_eq!(VectorFormat::recognise(text.as_bytes()), Some(VectorFormat::Word2vecText), "{row}");
        }
        assert_eq!(VectorFormat::recognise(b"2 3\ncaf\xe9 0.1 0.1 0.1\np1 1 2 3\n"), Some(VectorFormat::Word2vecText));
    }
}
