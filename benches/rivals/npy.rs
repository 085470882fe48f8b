//! Arrays as numpy reads them.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// Writes rows of `columns` numbers of four bytes, as `.npy` version 1.0.
pub fn write(path: &Path, kind: &str, columns: usize, values: impl Iterator<Item = [u8; 4]> + Clone) {
    let rows = values.clone().count() / columns;
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let mut file = BufWriter::new(File::create(path).unwrap());
    // Magic, version, length and header are a multiple of 64 bytes and end in a new line.
    let length = (header.len() + 11).next_multiple_of(64) - 10;
    file.write_all(b"\x93NUMPY\x01\x00").unwrap();
    file.write_all(&u16::try_from(length).unwrap().to_le_bytes()).unwrap();
    writeln!(file, "{header:<width$}", width = length - 1).unwrap();
    values.for_each(|value| file.write_all(&value).unwrap());
}
