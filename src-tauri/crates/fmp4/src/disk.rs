//! The little that is asked of a disk, so that a test can put one in that fails.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// One file.
pub(crate) trait Disk {
    /// Writes all of it, or fails; on failure any part of it may be written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Fills `into` as far as the file reaches; answers how far.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    fn length(&mut self) -> io::Result<u64>;
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Returns when all that was written is on disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.seek(SeekFrom::Start(offset))?;
        let mut filled = 0;
        while filled < into.len() {
            match self.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Writes from an offset on, in large pieces.
pub(crate) struct Appender<'a, D> {
    disk: &'a mut D,
    offset: u64,
    waiting: Vec<u8>,
}

/// The tables of ten hours are eleven of them.
const PIECE: usize = 1 << 20;

impl<'a, D: Disk> Appender<'a, D> {
    pub(crate) fn new(disk: &'a mut D, offset: u64) -> Self {
        Self { disk, offset, waiting: Vec::new() }
    }

    /// The end of what is written.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }
}

impl<D: Disk> Write for Appender<'_, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.disk.write_at(self.offset, &self.waiting)?;
            self.offset += self.waiting.len() as u64;
            self.waiting.clear();
        }
        Ok(())
    }
}
