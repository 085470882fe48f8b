//! Headers of NumPy arrays (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! Read here rather than by the crate npyz: it parses the header with two general parsers (of Python literals and of
//! large numbers), and its errors do not name the byte.

use super::{
    byte_reader::ByteReader,
    element::{Element, Shape},
    error::Fault,
};

/// First bytes of the file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header, in bytes.
const HEADER_BYTES_MAX: usize = 65_536;
/// Longest text in an array, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Type, order and shape of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArrayHeader {
    descr: String,
    /// Whether the first index varies fastest.
    is_fortran: bool,
    shape: Vec<u64>,
}

/// Type of an array of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdElement {
    /// UTF-32, little-endian, filled with zeros to this number of bytes.
    Wide(usize),
    /// Bytes, filled with zeros.
    Bytes(usize),
    /// Whole numbers of this number of bytes, little-endian.
    Signed(usize),
    /// The same, without sign.
    Unsigned(usize),
}

/// Reads the header, up to the first value.
pub(super) fn header(bytes: &mut ByteReader) -> Result<ArrayHeader, Fault> {
    let mut begin = [0; 8];
    bytes.exact(&mut begin, "the first 8 bytes")?;
    if !begin.starts_with(MAGIC) {
        return Err(Fault::at_byte(0, "does not begin as a npy file"));
    }
    let length = match begin[6] {
        1 => {
            let mut length = [0; 2];
            bytes.exact(&mut length, "the length of the header")?;
            usize::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            bytes.exact(&mut length, "the length of the header")?;
            u32::from_le_bytes(length) as usize
        }
        other => return Err(Fault::at_byte(6, format!("version {other} of npy is not known"))),
    };
    if length > HEADER_BYTES_MAX {
        return Err(Fault::at_byte(8, format!("the header has {length} bytes, at most {HEADER_BYTES_MAX}")));
    }
    let at = bytes.offset();
    let mut header = vec![0; length];
    bytes.exact(&mut header, "the header")?;
    parse(&String::from_utf8_lossy(&header)).map_err(|detail| Fault::at_byte(at, detail))
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (13250, 100), }`: a dictionary that NumPy writes in this
/// form.
fn parse(header: &str) -> Result<ArrayHeader, String> {
    let value = |key: &str| {
        let after = header.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
        after.ok_or_else(|| format!("the header has no {key}"))
    };
    let descr = value("descr")?;
    let descr = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or(descr, |(descr, _)| descr);
    let is_fortran = value("fortran_order")?.starts_with("True");
    let list = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(list, _)| list);
    let list = list.ok_or("the header's shape is not a tuple")?;
    let numbers = list.split(',').map(str::trim).filter(|number| !number.is_empty()).map(str::parse);
    let shape = numbers.collect::<Result<Vec<u64>, _>>().map_err(|_| format!("shape ({list}) has no numbers"))?;
    Ok(ArrayHeader { descr: descr.to_owned(), is_fortran, shape })
}

impl ArrayHeader {
    /// Returns the number of dimensions.
    pub(super) fn dimensions(&self) -> usize {
        self.shape.len()
    }

    /// Whether the values are floats.
    pub(super) fn has_floats(&self) -> bool {
        matches!(self.descr.as_str(), "<f2" | "<f4" | "<f8")
    }

    /// Returns the shape of a matrix of floats.
    pub(super) fn matrix(&self) -> Result<Shape, String> {
        let element = match self.descr.as_str() {
            "<f4" => Element::F32,
            "<f8" => Element::F64,
            "<f2" => Element::F16,
            other => return Err(format!("must hold little-endian floats (<f2, <f4 or <f8), holds {other}")),
        };
        Ok(Shape { is_fortran: self.is_fortran, ..Shape::new(element, &self.shape)? })
    }

    /// Returns the type and number of a list of ids.
    pub(super) fn ids(&self) -> Result<(IdElement, u64), String> {
        let [count] = self.shape[..] else {
            return Err(format!("must be a list, has shape {:?}", self.shape));
        };
        let known = || {
            let width = |prefix: &str| self.descr.strip_prefix(prefix)?.parse::<usize>().ok();
            let text = |width: usize| (1..=TEXT_BYTES_MAX).contains(&width).then_some(width);
            let number = |width: usize| matches!(width, 1 | 2 | 4 | 8).then_some(width);
            let wide = || width("<U")?.checked_mul(4).and_then(text).map(IdElement::Wide);
            let bytes = || width("|S").and_then(text).map(IdElement::Bytes);
            let signed = || width("<i").or_else(|| width("|i")).and_then(number).map(IdElement::Signed);
            let unsigned = || width("<u").or_else(|| width("|u")).and_then(number).map(IdElement::Unsigned);
            wide().or_else(bytes).or_else(signed).or_else(unsigned)
        };
        let element = known().ok_or_else(|| match self.descr.as_str() {
            "|O" => "holds Python objects: save ids.astype(str)".to_owned(),
            other => format!("must hold texts or whole numbers (<U, |S, <i or <u), holds {other}"),
        })?;
        Ok((element, count))
    }
}

impl IdElement {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Wide(bytes) | Self::Bytes(bytes) | Self::Signed(bytes) | Self::Unsigned(bytes) => bytes,
        }
    }

    /// Decodes one id.
    pub(super) fn decode(self, raw: &[u8], id: &mut String) {
        let number = |fill: u8| {
            let mut whole = [fill; 8];
            whole[..raw.len()].copy_from_slice(raw);
            whole
        };
        match self {
            Self::Wide(_) => {
                let characters = raw.as_chunks().0.iter().map(|character| u32::from_le_bytes(*character));
                let characters: Vec<u32> = characters.collect();
                let end = characters.iter().rposition(|character| *character != 0).map_or(0, |last| last + 1);
                let text = characters[..end].iter();
                id.extend(text.map(|number| char::from_u32(*number).unwrap_or(char::REPLACEMENT_CHARACTER)));
            }
            Self::Bytes(_) => {
                let end = raw.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                id.push_str(&String::from_utf8_lossy(&raw[..end]));
            }
            Self::Signed(_) => {
                let fill = if raw.last().is_some_and(|byte| *byte >= 0x80) { 0xff } else { 0 };
                id.push_str(&i64::from_le_bytes(number(fill)).to_string());
            }
            Self::Unsigned(_) => id.push_str(&u64::from_le_bytes(number(0)).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(descr: &str, fortran: &str, dims: &str) -> Result<ArrayHeader, String> {
        parse(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({dims}), }}   \n"))
    }

    #[test]
    fn a_header_is_read_or_refused_with_its_reason() {
        let matrix = |descr, fortran, dims| array(descr, fortran, dims)?.matrix();
        let shape = Shape { element: Element::F64, rows: 3, dim: 2, is_fortran: false };
        assert_eq!(matrix("<f8", "False", "3, 2"), Ok(shape));
        assert_eq!(matrix("<f8", "True", "3, 2"), Ok(Shape { is_fortran: true, ..shape }));
        for (found, why) in [
            (matrix(">f4", "False", "3, 2"), "little-endian"),
            (matrix("<i4", "False", "3, 2"), "holds <i4"),
            (matrix("<f4", "False", "3,"), "two dimensions"),
            (matrix("<f4", "False", "3, 5000"), "1 to 4096"),
            (matrix("<f4", "False", "3, x"), "no numbers"),
            (parse("{}").and_then(|header| header.matrix()), "no descr"),
        ] {
            assert!(found.as_ref().is_err_and(|detail| detail.contains(why)), "{why}: {found:?}");
        }
    }

    #[test]
    fn ids_are_texts_bytes_or_whole_numbers() {
        let decoded = |descr: &str, raw: &[u8]| {
            let (element, count) = array(descr, "False", "7,")?.ids()?;
            assert_eq!((count, element.bytes()), (7, raw.len()));
            let mut id = String::new();
            element.decode(raw, &mut id);
            Ok::<String, String>(id)
        };
        assert_eq!(decoded("<U3", b"a\0\0\0\xe9\0\0\0\0\0\0\0"), Ok("a\u{e9}".to_owned()));
        assert_eq!(decoded("|S4", b"ab\0\0"), Ok("ab".to_owned()));
        assert_eq!(decoded("<i4", &(-5_i32).to_le_bytes()), Ok("-5".to_owned()));
        assert_eq!(decoded("<i8", &5_i64.to_le_bytes()), Ok("5".to_owned()));
        assert_eq!(decoded("|u1", &[200]), Ok("200".to_owned()));
        assert!(decoded("|O", b"").is_err_and(|detail| detail.contains("astype(str)")));
        assert!(decoded("<f8", b"").is_err());
    }
}
