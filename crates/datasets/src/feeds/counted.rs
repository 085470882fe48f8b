//! Readers that count the bytes they give, for progress bars.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counter of the bytes read from a file as stored, compressed or not, for progress bars. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReadSoFar(Arc<AtomicU64>);

impl ReadSoFar {
    /// Returns the number of bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Says how far reading is.
    pub(super) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// A reader that counts.
pub(super) struct Counted<R> {
    inner: R,
    read: ReadSoFar,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, read: ReadSoFar) -> Self {
        Self { inner, read }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
