//! Where bytes come from: a plain or gzip file, or standard input.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 128 * 1024;

/// Bytes read from the file so far, as stored (compressed): what a progress bar measures. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReadSoFar(Arc<AtomicU64>);

impl ReadSoFar {
    /// The number of bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An opened, decompressed stream of bytes.
pub struct FeedSource {
    /// Name for messages and for the format's hint.
    pub name: String,
    /// Size as stored; `None` when unknown (standard input).
    pub bytes: Option<u64>,
    /// How far it was read.
    pub read: ReadSoFar,
    pub(crate) reader: Box<dyn BufRead + Send>,
}

impl FeedSource {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", io::stdin());
        }
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut source = Self::from_reader(&path.display().to_string(), file)?;
        source.bytes = Some(bytes);
        Ok(source)
    }

    /// Wraps any reader; gzip is recognised by its first two bytes.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> io::Result<Self> {
        let read = ReadSoFar::default();
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, Counted { inner: reader, read: read.clone() });
        // A pipe may give one byte at first; then the two magic bytes are taken out and put back in front.
        let mut magic = [0_u8; 2];
        let mut have = 0;
        while have < magic.len() {
            match raw.read(&mut magic[have..]) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let whole = io::Cursor::new(magic[..have].to_vec()).chain(raw);
        let reader: Box<dyn BufRead + Send> = if magic[..have] == GZIP_MAGIC {
            // Multi: `cat a.gz b.gz` and bgzip files are several members in a row.
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole)))
        } else {
            Box::new(whole)
        };
        Ok(Self { name: name.to_owned(), bytes: None, read, reader })
    }
}

struct Counted<R> {
    inner: R,
    read: ReadSoFar,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
