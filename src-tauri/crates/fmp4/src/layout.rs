//! The first 48 bytes of a recording, and how its life shows in them.

use std::io;

use mp4_atom::Ftyp;

use crate::atoms::encoded;
use crate::disk::Disk;

/// Where the slot stands. A multiple of its size: no write of it crosses a page or a sector.
pub(crate) const SLOT: u64 = 32;
/// Where the fragmented `moov` begins.
pub(crate) const MOVIE: u64 = 48;
/// The slot of an unfinished file: an empty box.
pub(crate) const PLACEHOLDER: [u8; 16] = *b"\0\0\0\x10free\0\0\0\0\0\0\0\0";
/// Says whose file this is, and in which form: `ANT` and 1.
const MARK: u32 = 0x414e_5401;

/// `ftyp` and the slot of a new file.
pub(crate) fn head() -> Vec<u8> {
    let brands = [b"isom", b"iso6", b"avc1", b"mp41"];
    let file_type = Ftyp {
        major_brand: b"isom".into(),
        minor_version: MARK,
        compatible_brands: brands.into_iter().map(Into::into).collect(),
    };
    let mut head = encoded(&file_type);
    head.extend(PLACEHOLDER);
    head
}

/// The slot of a finished file whose complete `moov` begins at `movie`.
pub(crate) fn data_header(movie: u64) -> [u8; 16] {
    let mut slot = *b"\0\0\0\x01mdat\0\0\0\0\0\0\0\0";
    slot[8..].copy_from_slice(&(movie - SLOT).to_be_bytes());
    slot
}

/// What the beginning of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    /// A recording of ours. Where its slot says so, the complete `moov` begins at `movie`; a kill
    /// within the slot's write leaves any mixture, which says nothing.
    Ours { movie: Option<u64> },
    /// A recording of ours that was killed before all of its head was there.
    Begun,
    /// Another file.
    Other,
}

impl Head {
    pub(crate) fn read(disk: &mut impl Disk) -> io::Result<Self> {
        let ours = head();
        let mut found = vec![0; ours.len()];
        let length = disk.read_at(0, &mut found)?;
        let (file_type, slot) = found.split_at(SLOT as usize);
        if length < ours.len() {
            return Ok(if ours.starts_with(&found[..length]) { Self::Begun } else { Self::Other });
        }
        if *file_type != ours[..SLOT as usize] {
            return Ok(Self::Other);
        }
        let (kind, size) = slot.split_at(8);
        let size = size.first_chunk().map_or(0, |size| u64::from_be_bytes(*size));
        let movie = size.checked_add(SLOT).filter(|movie| kind == b"\0\0\0\x01mdat" && *movie >= MOVIE);
        Ok(Self::Ours { movie })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_recording_never_changes() {
        // Every version finds the recordings of those before it by these bytes.
        let head = head();
        assert_eq!(head.len() as u64, MOVIE);
        assert_eq!(&head[..32], b"\0\0\0\x20ftypisomANT\x01isomiso6avc1mp41");
        assert_eq!(&head[32..], PLACEHOLDER);
    }
}
