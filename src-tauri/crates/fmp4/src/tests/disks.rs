//! Disks that remember, and disks that fail.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::Disk;

/// What changes a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate(u64),
    Sync,
}

impl Change {
    /// Bytes that it writes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Write { bytes, .. } => bytes.len(),
            Self::Truncate(_) | Self::Sync => 0,
        }
    }

    /// Makes the first `bytes` bytes of the change; all of it where it writes none.
    pub(crate) fn apply(&self, file: &mut Vec<u8>, bytes: usize) {
        match self {
            Self::Write { offset, bytes: all } => {
                let (offset, written) = (usize::try_from(*offset).unwrap(), &all[..bytes]);
                file.resize(file.len().max(offset + written.len()), 0);
                file[offset..offset + written.len()].copy_from_slice(written);
            }
            Self::Truncate(length) => file.resize(usize::try_from(*length).unwrap(), 0),
            Self::Sync => {}
        }
    }
}

/// What a change meets: `Some` part of its bytes is written, and then it fails.
type Fault = Box<dyn FnMut(usize, &Change) -> Option<(usize, io::ErrorKind)> + Send>;

/// A file in memory. Clones are the same file.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    file: Vec<u8>,
    /// What was tried, failed or not.
    log: Vec<Change>,
    fault: Option<Fault>,
}

impl MemoryDisk {
    pub(crate) fn holding(file: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().file = file;
        disk
    }

    /// `fault` is asked before every change, with its number.
    pub(crate) fn failing(
        self,
        fault: impl FnMut(usize, &Change) -> Option<(usize, io::ErrorKind)> + Send + 'static,
    ) -> Self {
        self.state().fault = Some(Box::new(fault));
        self
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        self.state().file.clone()
    }

    pub(crate) fn log(&self) -> Vec<Change> {
        self.state().log.clone()
    }

    pub(crate) fn changes(&self) -> usize {
        self.state().log.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        let number = state.log.len();
        let fault = state.fault.as_mut().and_then(|fault| fault(number, &change));
        let all = change.len();
        match fault {
            None => change.apply(&mut state.file, all),
            Some((bytes, _)) if matches!(change, Change::Write { .. }) => change.apply(&mut state.file, bytes.min(all)),
            Some(_) => {}
        }
        state.log.push(change);
        fault.map_or(Ok(()), |(_, kind)| Err(kind.into()))
    }
}

impl Disk for MemoryDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(Change::Write { offset, bytes: bytes.to_vec() })
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let state = self.state();
        let rest = state.file.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.state().file.len() as u64)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.change(Change::Truncate(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.change(Change::Sync)
    }
}

/// A file that is only written where somebody will look: the data of large fragments is a hole.
pub(crate) struct SparseDisk(pub(crate) File);

/// More than any `moof`.
const LOOKED_AT: usize = 32 << 10;

impl Disk for SparseDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() <= 2 * LOOKED_AT || bytes[4..8] != *b"moof" {
            return self.0.write_at(offset, bytes);
        }
        self.0.set_len(offset + bytes.len() as u64)?;
        self.0.write_at(offset, &bytes[..LOOKED_AT])
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn length(&mut self) -> io::Result<u64> {
        Disk::length(&mut self.0)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}
