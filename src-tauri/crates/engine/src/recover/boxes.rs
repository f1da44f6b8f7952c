//! Boxes of an MP4 file (ISO/IEC 14496-12 §4.2), read so that no byte can be trusted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use domain::ProgramMs;

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
            let (small, kind) = (u64::from(be32(&head)), [head[4], head[5], head[6], head[7]]);
            let (size, header) = match small {
                1 if known == 16 => (be64(&head[8..]), 16),
                size => (size, 8),
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
    pub(super) fn finished(&self, file: &mut File) -> io::Result<Option<ProgramMs>> {
        let Some(moov) = self.first(b"moov") else { return Ok(None) };
        let body = moov.body(file)?;
        if children(&body).any(|child| child.kind == *b"mvex") {
            return Ok(None);
        }
        let header = child(&body, b"mvhd").and_then(header_times);
        Ok(header.map(|(timescale, duration)| ProgramMs(scale(duration, 1000, u64::from(timescale)))))
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

/// A box inside another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child<'a> {
    pub(super) kind: [u8; 4],
    pub(super) body: &'a [u8],
}

/// The boxes inside `body`, up to the first that does not fit.
pub(super) fn children(mut body: &[u8]) -> impl Iterator<Item = Child<'_>> {
    std::iter::from_fn(move || {
        let head = body.get(..8)?;
        let size = usize::try_from(be32(head)).ok()?;
        let inside = body.get(8..size)?;
        let kind = [head[4], head[5], head[6], head[7]];
        body = &body[size..];
        Some(Child { kind, body: inside })
    })
}

/// The body of the first child of this kind.
pub(super) fn child<'a>(body: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(body).find(|child| &child.kind == kind).map(|child| child.body)
}

/// Timescale and duration of an `mvhd` or `mdhd`.
pub(super) fn header_times(body: &[u8]) -> Option<(u32, u64)> {
    let mut fields = Fields(body);
    let wide = fields.u32()? >> 24 == 1;
    fields.skip(if wide { 16 } else { 8 })?;
    let timescale = fields.u32().filter(|timescale| *timescale > 0)?;
    let duration = if wide { fields.u64()? } else { u64::from(fields.u32()?) };
    Some((timescale, duration))
}

/// `value` in units of `1 / to`, given in units of `1 / from`, rounded.
pub(super) fn scale(value: u64, to: u64, from: u64) -> u64 {
    let from = u128::from(from.max(1));
    u64::try_from((u128::from(value) * u128::from(to) + from / 2) / from).unwrap_or(u64::MAX)
}

/// Reads big-endian fields one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (field, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*field))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let (field, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*field))
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk::<4>().map_or(0, |field| u32::from_be_bytes(*field))
}

fn be64(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |field| u64::from_be_bytes(*field))
}
