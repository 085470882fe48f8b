//! Members of zip archives.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::counted::{Counted, ReadSoFar};

/// First bytes of an archive that is not empty.
pub(crate) const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Most members that are looked at.
const MEMBERS_MAX: usize = 10_000;

/// An opened member.
pub(super) struct Member {
    pub name: String,
    /// Size as stored.
    pub bytes: u64,
    pub reader: Box<dyn Read + Send>,
}

/// Splits `archive.zip:member` where no file has that name.
pub(super) fn split(path: &Path) -> (PathBuf, Option<String>) {
    let whole = (path.to_owned(), None);
    let Some(text) = path.to_str().filter(|_| !path.exists()) else { return whole };
    match text.rsplit_once(".zip:").filter(|(_, member)| !member.is_empty()) {
        Some((archive, member)) => (PathBuf::from(format!("{archive}.zip")), Some(member.to_owned())),
        None => whole,
    }
}

/// Returns the names of an archive's members, without folders and what macOS adds.
pub(crate) fn members(file: &File) -> io::Result<Vec<String>> {
    Ok(entries(file)?.into_iter().map(|entry| entry.name).collect())
}

/// Opens the member of a name, or the only one.
pub(super) fn open(file: &File, archive: &Path, name: Option<&str>, read: &ReadSoFar) -> io::Result<Member> {
    let mut entries = entries(file)?;
    let place = match name {
        Some(name) => entries.iter().position(|entry| entry.name == name),
        None => (entries.len() == 1).then_some(0),
    };
    let Some(place) = place else {
        let names: Vec<&str> = entries.iter().take(20).map(|entry| entry.name.as_str()).collect();
        let (list, archive) = (names.join(", "), archive.display());
        return Err(invalid(match (name, names.first()) {
            (_, None) => "the archive holds no file".to_owned(),
            (Some(name), Some(_)) => format!("the archive has no member {name:?}; it holds {list}"),
            (None, Some(first)) => format!("the archive holds several files, name one as {archive}:{first}: {list}"),
        }));
    };
    let Entry { name, begin, end, method, sum, size } = entries.swap_remove(place);
    let file = FromOffset { file: file.try_clone()?, offset: begin };
    let stored = BufReader::new(Counted::new(file, read.clone())).take(end - begin);
    let reader: Box<dyn Read + Send> = match method {
        CompressionMethod::STORE => Box::new(stored),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(stored)),
        CompressionMethod::BZIP2 => Box::new(bzip2::read::BzDecoder::new(stored)),
        CompressionMethod::ZSTD => Box::new(zstd::stream::read::Decoder::new(stored)?),
        other => return Err(invalid(format!("member {name} is packed by a method that is not read ({other})"))),
    };
    let reader = Verified { reader, found: flate2::Crc::new(), bytes: 0, sum, size };
    Ok(Member { name, bytes: end - begin, reader: Box::new(reader) })
}

/// A reader with a place of its own: handles that were cloned share theirs, and members are read side by side.
struct FromOffset {
    file: File,
    offset: u64,
}

impl Read for FromOffset {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

struct Entry {
    name: String,
    begin: u64,
    end: u64,
    method: CompressionMethod,
    /// Checksum and size of the unpacked bytes.
    sum: u32,
    size: u64,
}

fn entries(file: &File) -> io::Result<Vec<Entry>> {
    let broken = |error: rawzip::Error| invalid(format!("the zip archive is broken: {error}"));
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file.try_clone()?, &mut buffer).map_err(broken)?;
    let mut found = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let path = entry.file_path();
        let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
        if entry.is_dir() || name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") {
            continue;
        }
        if found.len() == MEMBERS_MAX {
            return Err(invalid(format!("the archive has more than {MEMBERS_MAX} members")));
        }
        if entry.flags().is_encrypted() {
            return Err(invalid(format!("member {name} is encrypted")));
        }
        let method = entry.compression_method();
        let local = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        let (begin, end) = local.compressed_data_range();
        let (sum, size) = (entry.crc32(), entry.uncompressed_size_hint());
        found.push(Entry { name, begin, end, method, sum, size });
    }
    Ok(found)
}

/// A reader that compares what it read with the archive's checksum and size at the end.
struct Verified {
    reader: Box<dyn Read + Send>,
    found: flate2::Crc,
    bytes: u64,
    sum: u32,
    size: u64,
}

impl Read for Verified {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.found.update(&buffer[..count]);
        self.bytes += count as u64;
        if count == 0 && !buffer.is_empty() && (self.bytes, self.found.sum()) != (self.size, self.sum) {
            return Err(invalid(
                "a member of the archive does not have the size and checksum that it should".to_owned(),
            ));
        }
        Ok(count)
    }
}

fn invalid(detail: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail)
}
