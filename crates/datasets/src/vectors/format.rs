//! Formats of vector files, and how they are recognised.

use std::fmt;

use super::FILE_DIM_MAX;

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
    /// Tensor of a safetensors file. Ids come from a file of their own or from the header.
    Safetensors,
}

impl VectorFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Word2vec, Self::Word2vecText, Self::Glove, Self::Npy, Self::Safetensors];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Word2vec => "word2vec",
            Self::Word2vecText => "word2vec-text",
            Self::Glove => "glove",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
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
        let mut lines = head.splitn(3, |byte| *byte == b'\n');
        let first = std::str::from_utf8(lines.next()?).ok()?.trim_end();
        if let Some((_, dim)) = count_and_dim(first) {
            // Eight bytes of text are no line of `dim` numbers; a line of numbers is no text by accident.
            let second = lines.next().and_then(|line| std::str::from_utf8(line).ok());
            let is_text = second.is_some_and(|line| numbers_behind(line.trim_end(), dim).is_some());
            return Some(if is_text { Self::Word2vecText } else { Self::Word2vec });
        }
        let dim = first.split([' ', '\t']).count().checked_sub(1).filter(|dim| *dim > 0)?;
        numbers_behind(first, dim).map(|_| Self::Glove)
    }
}

impl fmt::Display for VectorFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Parses the first line of both forms of word2vec: count and dimension.
pub(super) fn count_and_dim(line: &str) -> Option<(u64, usize)> {
    let (count, dim) = line.split_once([' ', '\t'])?;
    let (count, dim) = (count.parse().ok()?, dim.trim().parse().ok()?);
    (1..=FILE_DIM_MAX).contains(&dim).then_some((count, dim))
}

/// Returns the word of a line that ends in `dim` numbers.
fn numbers_behind(line: &str, dim: usize) -> Option<&str> {
    let mut fields = line.rsplitn(dim + 1, [' ', '\t']);
    fields.by_ref().take(dim).all(|field| field.parse::<f32>().is_ok()).then_some(())?;
    fields.next()
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
        assert_eq!(recognise(b"\x93NUMPY\x01\0"), Some(VectorFormat::Npy));
        assert_eq!(recognise(b"\x40\0\0\0\0\0\0\0{\"a\":"), Some(VectorFormat::Safetensors));
        assert_eq!(recognise(b"{\"user\":\"u\"}\n"), None);
        assert_eq!(recognise(b"word\n"), None);
        assert_eq!(recognise(b""), None);
    }
}
