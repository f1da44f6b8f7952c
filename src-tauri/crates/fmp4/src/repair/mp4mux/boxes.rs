//! The boxes at the top of a file (ISO/IEC 14496-12 §4.2), read so that no byte can be trusted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use crate::boxes::{Fields, child, children, header_times, scale};

/// A `moov` or `moof` larger than this is none of ours: a day of recording stays below.
const LARGEST_TABLE: u64 = 256 << 20;

/// One box at the top of the file that is there to its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TopBox {
    pub(super) kind: [u8; 4],
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The whole boxes at the top of a file, in order, up to the first that is cut.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) boxes: Vec<TopBox>,
    pub(super) length: u64,
}

impl Layout {
    /// Reads headers only.
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut boxes = Vec::new();
        let mut offset = 0;
        while length - offset >= 8 {
            file.seek(SeekFrom::Start(offset))?;
            let mut head = [0; 16];
            let known = usize::try_from((length - offset).min(16)).unwrap_or(16);
            file.read_exact(&mut head[..known])?;
            let mut fields = Fields(&head[..known]);
            let (small, kind) = (fields.u32().unwrap_or(0), fields.u32().unwrap_or(0).to_be_bytes());
            let (size, header) = match (small, fields.u64()) {
                (1, Some(size)) => (size, 16),
                (size, _) => (u64::from(size), 8),
            };
            // A size of 0 means "to the end": the one that was being written.
            if size < header || size > length - offset {
                break;
            }
            boxes.push(TopBox { kind, offset, size });
            offset += size;
        }
        Ok(Self { boxes, length })
    }

    /// The first box of this kind.
    pub(super) fn first(&self, kind: &[u8; 4]) -> Option<TopBox> {
        self.boxes.iter().copied().find(|found| &found.kind == kind)
    }

    /// How long the file plays, if it is finished: its `moov` announces no fragments.
    pub(super) fn finished(&self, file: &mut File) -> io::Result<Option<Duration>> {
        let Some(moov) = self.first(b"moov") else { return Ok(None) };
        let body = moov.body(file)?;
        if children(&body).any(|child| child.kind == *b"mvex") {
            return Ok(None);
        }
        let header = child(&body, b"mvhd").and_then(header_times);
        Ok(header.map(|(timescale, duration)| Duration::from_millis(scale(duration, 1000, u64::from(timescale)))))
    }
}

impl TopBox {
    /// Reads what is inside.
    pub(super) fn body(&self, file: &mut File) -> io::Result<Vec<u8>> {
        if self.size > LARGEST_TABLE || self.size < 8 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no recording of ours"));
        }
        file.seek(SeekFrom::Start(self.offset + 8))?;
        let mut body = Vec::new();
        file.take(self.size - 8).read_to_end(&mut body)?;
        Ok(body)
    }
}
