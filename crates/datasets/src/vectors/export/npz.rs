//! NumPy arrays in one file: a zip with uncompressed entries, as `numpy.savez` writes it
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>). Checksums follow the entries, so that the file is
//! written in one pass.
//!
//! Written here rather than by the crates npyz and zip: they write to a stream, while an export is an iterator of
//! pieces whose total size is known before the first one, for `Content-Length`.

use flate2::Crc;

use super::{encode::Encoder, layout::ExportPart, options::ExportError, rows::ExportRows};

/// Version needed to read: 2.0, that of plain zip.
const VERSION: u16 = 20;
/// Flag of entries whose checksum and sizes follow their content.
const FLAGS: u16 = 1 << 3;
/// Date of the entries, 1980-01-01: equal rows give equal files.
const DATE: u16 = 0x21;
/// Largest archive without zip64.
const BYTES_MAX: u64 = u32::MAX as u64;
/// Bytes of an entry's header, directory entry and trailer, without its name.
const ENTRY_BYTES: u64 = 30 + 46 + 16;
/// Bytes of the end of the directory.
const END_BYTES: u64 = 22;

/// Returns the parts of the file, and its size.
pub(super) fn parts(rows: &ExportRows) -> Result<(Vec<ExportPart>, u64), ExportError> {
    let width = rows.ids().map(|id| id.as_str().chars().count()).max().unwrap_or(1);
    let vectors = array_header("<f4", &format!("({}, {})", rows.len(), rows.dim()));
    let ids = array_header(&format!("<U{width}"), &format!("({},)", rows.len()));
    let arrays = (vectors.len() + ids.len() + rows.len() * (rows.dim() + width) * 4) as u64;
    let names = 2 * ("vectors.npy".len() + "ids.npy".len()) as u64;
    let bytes = arrays + names + 2 * ENTRY_BYTES + END_BYTES;
    if bytes > BYTES_MAX {
        return Err(ExportError::ArchiveTooLong(bytes));
    }
    let parts = vec![
        ExportPart::Open("vectors.npy"),
        ExportPart::Bytes(vectors),
        ExportPart::Rows(Encoder::Values, 0),
        ExportPart::Close,
        ExportPart::Open("ids.npy"),
        ExportPart::Bytes(ids),
        ExportPart::Rows(Encoder::WideId(width), 0),
        ExportPart::Close,
        ExportPart::Directory,
    ];
    Ok((parts, bytes))
}

/// Encodes the header of an array as NumPy does: padded so that the values begin at a multiple of 64.
fn array_header(descr: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&u16::try_from(text.len()).expect("below 200 bytes").to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}

/// Writer of a zip archive.
#[derive(Debug, Default)]
pub(super) struct ZipWriter {
    /// Bytes written so far.
    offset: u32,
    open: Option<ZipEntry>,
    entries: Vec<ZipEntry>,
}

#[derive(Debug)]
struct ZipEntry {
    name: &'static str,
    begin: u32,
    sum: Crc,
}

impl ZipWriter {
    /// Begins an entry.
    pub(super) fn open(&mut self, name: &'static str, out: &mut Vec<u8>) {
        let begin = self.offset;
        out.extend_from_slice(b"PK\x03\x04");
        numbers(out, &[VERSION, FLAGS, 0, 0, DATE]);
        out.extend_from_slice(&[0; 12]);
        numbers(out, &[short(name.len()), 0]);
        out.extend_from_slice(name.as_bytes());
        self.offset += long(30 + name.len());
        self.open = Some(ZipEntry { name, begin, sum: Crc::new() });
    }

    /// Counts bytes that were written into the open entry, if there is one.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        if let Some(entry) = &mut self.open {
            entry.sum.update(bytes);
            self.offset += long(bytes.len());
        }
    }

    /// Ends an entry.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(entry) = self.open.take() {
            out.extend_from_slice(b"PK\x07\x08");
            entry.sums(out);
            self.offset += 16;
            self.entries.push(entry);
        }
    }

    /// Ends the archive.
    pub(super) fn directory(&mut self, out: &mut Vec<u8>) {
        let begin = out.len();
        for entry in &self.entries {
            out.extend_from_slice(b"PK\x01\x02");
            numbers(out, &[VERSION, VERSION, FLAGS, 0, 0, DATE]);
            entry.sums(out);
            numbers(out, &[short(entry.name.len()), 0, 0, 0, 0, 0, 0]);
            out.extend_from_slice(&entry.begin.to_le_bytes());
            out.extend_from_slice(entry.name.as_bytes());
        }
        let bytes = long(out.len() - begin);
        out.extend_from_slice(b"PK\x05\x06");
        let count = short(self.entries.len());
        numbers(out, &[0, 0, count, count]);
        out.extend_from_slice(&bytes.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        numbers(out, &[0]);
    }
}

impl ZipEntry {
    /// Writes checksum, stored size and size.
    fn sums(&self, out: &mut Vec<u8>) {
        for number in [self.sum.sum(), self.sum.amount(), self.sum.amount()] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

fn numbers(out: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn short(number: usize) -> u16 {
    u16::try_from(number).expect("two entries with short names")
}

fn long(number: usize) -> u32 {
    u32::try_from(number).expect("the whole is below 4 GiB")
}
