//! Boxes (ISO/IEC 14496-12 §4.2), read so that no byte can be trusted, and written by hand where
//! they are too many for `mp4-atom`'s types.

use std::io::{self, Write};

/// Size and kind.
pub(crate) const HEADER: u64 = 8;

/// A box inside another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) body: &'a [u8],
    /// Header included.
    pub(crate) whole: &'a [u8],
}

/// The boxes inside `body`, up to the first that does not fit.
pub(crate) fn children(mut body: &[u8]) -> impl Iterator<Item = Child<'_>> {
    std::iter::from_fn(move || {
        let (size, kind) = header(body)?;
        let whole = body.get(..usize::try_from(size).ok()?)?;
        let inside = whole.get(8..)?;
        body = &body[whole.len()..];
        Some(Child { kind, body: inside, whole })
    })
}

/// The body of the first child of this kind.
pub(crate) fn child<'a>(body: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    children(body).find(|child| &child.kind == kind).map(|child| child.body)
}

/// Size (header included) and kind of the box that begins here.
pub(crate) fn header(bytes: &[u8]) -> Option<(u32, [u8; 4])> {
    let mut fields = Fields(bytes);
    Some((fields.u32()?, fields.u32()?.to_be_bytes()))
}

/// Timescale and duration of an `mvhd` or `mdhd`.
pub(crate) fn header_times(body: &[u8]) -> Option<(u32, u64)> {
    let mut fields = Fields(body);
    let wide = fields.u32()? >> 24 == 1;
    fields.skip(if wide { 16 } else { 8 })?;
    let timescale = fields.u32().filter(|timescale| *timescale > 0)?;
    let duration = if wide { fields.u64()? } else { u64::from(fields.u32()?) };
    Some((timescale, duration))
}

/// `value` in units of `1 / to`, given in units of `1 / from`, rounded to the nearest.
pub(crate) fn scale(value: u64, to: u64, from: u64) -> u64 {
    let from = u128::from(from.max(1));
    u64::try_from((u128::from(value) * u128::from(to) + from / 2) / from).unwrap_or(u64::MAX)
}

/// Reads big-endian fields one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (field, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*field))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (field, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*field))
    }

    pub(crate) fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }
}

/// Boxes whose sizes are known only when their content stands: all of them end where the last one
/// of them ends.
#[derive(Debug, Default)]
pub(crate) struct Nested {
    bytes: Vec<u8>,
    open: Vec<usize>,
}

impl Nested {
    /// Begins a box inside the one that was opened before.
    pub(crate) fn open(&mut self, kind: &[u8; 4]) {
        self.open.push(self.bytes.len());
        self.bytes.extend(&[0; 4]);
        self.bytes.extend(kind);
    }

    /// Whole boxes.
    pub(crate) fn add(&mut self, boxes: &[u8]) {
        self.bytes.extend(boxes);
    }

    /// Ends every open box `tail` bytes behind what stands here; answers what stands here.
    pub(crate) fn end(mut self, tail: u64) -> Vec<u8> {
        for begin in self.open {
            let size = number((self.bytes.len() - begin) as u64 + tail);
            self.bytes[begin..begin + 4].copy_from_slice(&size.to_be_bytes());
        }
        self.bytes
    }
}

/// Writes the header of a full box of version 0 without flags, with the count of its entries.
pub(crate) fn write_table_head(out: &mut impl Write, kind: &[u8; 4], size: u64, count: usize) -> io::Result<()> {
    out.write_all(&number(size).to_be_bytes())?;
    out.write_all(kind)?;
    out.write_all(&[0; 4])?;
    out.write_all(&number(count as u64).to_be_bytes())
}

/// A count or a size that a field of 32 bits holds; a day of recording stays far below.
pub(crate) fn number(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
