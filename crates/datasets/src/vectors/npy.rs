//! Headers of NumPy arrays (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! Read here rather than by the crate npyz: it parses the header with two general parsers (of Python literals and of
//! large numbers), and its errors do not name the byte.

use super::{
    byte_reader::ByteReader,
    error::Fault,
    matrix::{Element, Shape},
};

/// First bytes of the file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header, in bytes.
const HEADER_BYTES_MAX: usize = 65_536;

/// Reads the header, up to the first row.
pub(super) fn header(bytes: &mut ByteReader) -> Result<Shape, Fault> {
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
    shape(&String::from_utf8_lossy(&header)).map_err(|detail| Fault::at_byte(at, detail))
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (13250, 100), }`: a dictionary that NumPy writes in this
/// form.
fn shape(header: &str) -> Result<Shape, String> {
    let value = |key: &str| {
        let after = header.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
        after.ok_or_else(|| format!("the header has no {key}"))
    };
    let descr = value("descr")?;
    let descr = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or(descr, |(descr, _)| descr);
    let element = match descr {
        "<f4" => Element::F32,
        "<f8" => Element::F64,
        "<f2" => Element::F16,
        other => return Err(format!("must hold little-endian floats (<f2, <f4 or <f8), holds {other}")),
    };
    if !value("fortran_order")?.starts_with("False") {
        return Err("must be in C order: save numpy.ascontiguousarray(a)".to_owned());
    }
    let list = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(list, _)| list);
    let list = list.ok_or("the header's shape is not a tuple")?;
    let numbers = list.split(',').map(str::trim).filter(|number| !number.is_empty()).map(str::parse);
    let numbers = numbers.collect::<Result<Vec<u64>, _>>().map_err(|_| format!("shape ({list}) has no numbers"))?;
    Shape::new(element, &numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_or_refused_with_its_reason() {
        let header = |descr: &str, fortran: &str, dims: &str| {
            shape(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({dims}), }}   \n"))
        };
        assert_eq!(header("<f8", "False", "3, 2"), Ok(Shape { element: Element::F64, rows: 3, dim: 2 }));
        for (found, why) in [
            (header(">f4", "False", "3, 2"), "little-endian"),
            (header("<i4", "False", "3, 2"), "holds <i4"),
            (header("<f4", "True", "3, 2"), "C order"),
            (header("<f4", "False", "3,"), "two dimensions"),
            (header("<f4", "False", "3, 5000"), "1 to 4096"),
            (header("<f4", "False", "3, x"), "no numbers"),
            (shape("{}"), "no descr"),
        ] {
            assert!(found.as_ref().is_err_and(|detail| detail.contains(why)), "{why}: {found:?}");
        }
    }
}
