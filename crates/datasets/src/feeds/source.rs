//! Sources of bytes: a file, plain or packed, a member of a zip archive, or standard input.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use super::{
    archive::{self, ZIP_MAGIC},
    counted::{Counted, ReadSoFar},
    parquet_rows::{PARQUET_MAGIC, ParquetRows},
};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Begin of a frame that zstd passes over, behind a first byte of 0x50 to 0x5f; pzstd writes one at the beginning.
const ZSTD_SKIPPED: &[u8] = &[0x2a, 0x4d, 0x18];
/// Begin and, behind the digit of the block size, the magic number of the first block.
const BZIP2_MAGIC: (&[u8], &[u8]) = (b"BZh", b"1AY&SY");
/// Bytes that tell how a file is packed.
const MAGIC_BYTES: usize = 10;
const BUFFER_BYTES: usize = 128 * 1024;

/// An opened, decompressed stream of bytes.
pub struct FeedSource {
    /// Name, for messages and to recognise the format.
    pub name: String,
    /// Size in bytes as stored; `None` for standard input.
    pub bytes: Option<u64>,
    /// Counter of the bytes read.
    pub read: ReadSoFar,
    pub(crate) reader: Box<dyn BufRead + Send>,
}

impl FeedSource {
    /// Opens a file; `-` is standard input, `archive.zip:member` a member of an archive. The rows of a Parquet file are
    /// read as lines.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", io::stdin());
        }
        let (path, member) = archive::split(path);
        let mut file = File::open(&path)?;
        let mut begin = Vec::new();
        // A pipe with a name cannot go back, and is no archive.
        if file.metadata()?.is_file() {
            Read::by_ref(&mut file).take(ZIP_MAGIC.len() as u64).read_to_end(&mut begin)?;
            file.seek(SeekFrom::Start(0))?;
        }
        if begin == ZIP_MAGIC {
            let read = ReadSoFar::default();
            let archive::Member { name, bytes, reader } = archive::open(&file, &path, member.as_deref(), &read)?;
            let reader = unpacked(reader)?;
            return Ok(Self { name: format!("{}:{name}", path.display()), bytes: Some(bytes), read, reader });
        }
        if begin == PARQUET_MAGIC {
            let (read, bytes) = (ReadSoFar::default(), file.metadata()?.len());
            let reader = Box::new(ParquetRows::open(file, read.clone())?.buffered());
            return Ok(Self { name: path.display().to_string(), bytes: Some(bytes), read, reader });
        }
        if member.is_some() {
            let detail = format!("{} is no zip archive", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        let bytes = file.metadata()?.len();
        let mut source = Self::from_reader(&path.display().to_string(), file)?;
        source.bytes = Some(bytes);
        Ok(source)
    }

    /// Opens a member of an archive.
    pub(crate) fn member(file: &File, path: &Path, name: &str) -> io::Result<Self> {
        let read = ReadSoFar::default();
        let archive::Member { name, bytes, reader } = archive::open(file, path, Some(name), &read)?;
        let reader = Box::new(BufReader::with_capacity(BUFFER_BYTES, reader));
        Ok(Self { name, bytes: Some(bytes), read, reader })
    }

    /// Wraps any reader. Recognises gzip, zstd and bzip2 by their first bytes.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> io::Result<Self> {
        let read = ReadSoFar::default();
        let reader = unpacked(Box::new(Counted::new(reader, read.clone())))?;
        Ok(Self { name: name.to_owned(), bytes: None, read, reader })
    }
}

fn unpacked(packed: Box<dyn Read + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, packed);
    // A pipe may give one byte at first; then the magic bytes are taken out and put back in front.
    let mut magic = [0_u8; MAGIC_BYTES];
    let mut have = 0;
    // A line may be shorter than the longest magic number, and the next one late.
    while have < magic.len() && !magic[..have].contains(&b'\n') {
        match raw.read(&mut magic[have..]) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let magic = &magic[..have];
    let whole = io::Cursor::new(magic.to_vec()).chain(raw);
    let is_zstd = magic.starts_with(ZSTD_MAGIC)
        || (magic.first().is_some_and(|byte| byte & 0xf0 == 0x50) && magic[1..].starts_with(ZSTD_SKIPPED));
    let is_bzip2 = magic.starts_with(BZIP2_MAGIC.0) && magic.get(4..).is_some_and(|rest| rest == BZIP2_MAGIC.1);
    // Multi: `cat a.gz b.gz` and bgzip files are several members in a row; zstd's decoder goes on by itself.
    let unpacked: Box<dyn Read + Send> = if magic.starts_with(GZIP_MAGIC) {
        Box::new(MultiGzDecoder::new(whole))
    } else if is_zstd {
        Box::new(zstd::stream::read::Decoder::with_buffer(whole)?)
    } else if is_bzip2 {
        Box::new(bzip2::read::MultiBzDecoder::new(whole))
    } else {
        return Ok(Box::new(whole));
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked)))
}
