//! What is whole of an unfinished recording.

use std::io;

use bytes::Bytes;
use media::Track;

use crate::boxes::{Fields, HEADER, child, children, header, header_times};
use crate::disk::Disk;
use crate::fragment;
use crate::layout::MOVIE;
use crate::movie::{MovieTrack, track_id};
use crate::tables::Tables;

/// A `moof`, a `uuid` or a fragmented `moov` that is larger is none of ours.
const LARGEST: u64 = 16 << 20;
/// One reading takes in most fragments' `moof` and the header behind it.
const GLANCE: usize = 2048;
/// More samples than three days have are none of ours.
const SAMPLES: usize = 1 << 25;

/// Every whole fragment of a file.
#[derive(Debug)]
pub(super) struct Fragments {
    pub(super) tracks: Vec<MovieTrack>,
    /// Where the last one ends.
    pub(super) end: u64,
}

impl Fragments {
    /// Reads the fragmented `moov` and all fragments up to the first that is not whole; none where
    /// not even one is.
    pub(super) fn read(disk: &mut impl Disk, length: u64) -> io::Result<Option<Self>> {
        let mut scan = Scan { disk, length, bytes: Vec::new() };
        let Some(moov) = scan.whole_box(MOVIE)?.filter(|found| found.kind == *b"moov") else { return Ok(None) };
        let Some(tracks) = tracks(&scan.bytes[8..]) else { return Ok(None) };
        let mut found = Self { tracks, end: MOVIE + moov.size };
        let begin = found.end;
        let mut entries: Vec<Bytes> = found.tracks.iter().map(|track| track.entries[0].clone()).collect();
        let mut position = found.end;
        while let Some(next) = scan.whole_box(position)? {
            match &next.kind {
                b"uuid" => {
                    let Some((id, entry)) = fragment::read_switch(&scan.bytes) else { break };
                    let Some(place) = found.place(id) else { break };
                    entries[place] = Bytes::copy_from_slice(entry);
                    position += next.size;
                }
                b"moof" => {
                    let Some(data) = next.data else { break };
                    if found.add(&scan.bytes, data - HEADER, position, &entries).is_none() {
                        break;
                    }
                    position += next.size + data;
                    found.end = position;
                }
                _ => break,
            }
        }
        Ok((found.end > begin).then_some(found))
    }

    fn place(&self, id: u32) -> Option<usize> {
        self.tracks.iter().position(|known| track_id(known.track) == id)
    }

    /// Adds a whole fragment that begins at `position`, or nothing of it.
    fn add(&mut self, moof: &[u8], data: u64, position: u64, entries: &[Bytes]) -> Option<()> {
        let chunks = fragment::read(moof, data)?;
        let known: usize = self.tracks.iter().map(|track| track.tables.samples()).sum();
        let new: usize = chunks.iter().map(|(_, chunk)| chunk.samples.len()).sum();
        if known + new > SAMPLES || chunks.iter().any(|(id, _)| self.place(*id).is_none()) {
            return None;
        }
        for (id, mut chunk) in chunks {
            let place = self.place(id)?;
            chunk.offset += position;
            // Not before there is a sample that it describes.
            chunk.entry = self.tracks[place].entry(&entries[place]);
            self.tracks[place].tables.add(&chunk);
        }
        Some(())
    }
}

/// Whether the file ends before its first fragment does: there was never more in it.
pub(super) fn ends_in_the_first(disk: &mut impl Disk, length: u64) -> io::Result<bool> {
    let mut position = MOVIE;
    loop {
        let mut begin = [0; HEADER as usize];
        if disk.read_at(position, &mut begin)? < begin.len() {
            return Ok(true);
        }
        let Some((size, kind)) = header(&begin).map(|(size, kind)| (u64::from(size), kind)) else { return Ok(false) };
        let is_expected = [b"moov", b"uuid", b"moof", b"mdat"].contains(&&kind) && (HEADER..=LARGEST).contains(&size);
        if !is_expected || position + size > length {
            return Ok(is_expected);
        }
        if kind == *b"mdat" {
            return Ok(false);
        }
        position += size;
    }
}

/// Reads the boxes at the top of a file.
struct Scan<'a, D> {
    disk: &'a mut D,
    length: u64,
    /// The last box that was read.
    bytes: Vec<u8>,
}

/// A box that is there to its last byte.
#[derive(Debug, Clone, Copy)]
struct TopBox {
    kind: [u8; 4],
    size: u64,
    /// Size of the `mdat` behind it, if there is one that is whole, too.
    data: Option<u64>,
}

impl<D: Disk> Scan<'_, D> {
    /// Reads the box that begins at `position`, if it is whole.
    fn whole_box(&mut self, position: u64) -> io::Result<Option<TopBox>> {
        let mut known = self.fill(position, GLANCE)?;
        let Some((size, kind)) = header(&self.bytes).map(|(size, kind)| (u64::from(size), kind)) else {
            return Ok(None);
        };
        if !(HEADER..=LARGEST).contains(&size) || size > self.length - position {
            return Ok(None);
        }
        let wanted = usize::try_from(size + HEADER).unwrap_or(usize::MAX);
        if known < wanted {
            known = self.fill(position, wanted)?;
        }
        let whole = wanted - HEADER as usize;
        if known < whole {
            return Ok(None);
        }
        let data = header(&self.bytes[whole..]).filter(|(_, kind)| kind == b"mdat").map(|(data, _)| u64::from(data));
        let data = data.filter(|data| (HEADER..=self.length - position - size).contains(data));
        self.bytes.truncate(whole);
        Ok(Some(TopBox { kind, size, data }))
    }

    /// Reads up to `wanted` bytes; answers how many there are.
    fn fill(&mut self, position: u64, wanted: usize) -> io::Result<usize> {
        self.bytes.resize(wanted, 0);
        let read = self.disk.read_at(position, &mut self.bytes)?;
        self.bytes.truncate(read);
        Ok(read)
    }
}

/// The tracks of a fragmented `moov`; none where it is not one that we wrote.
fn tracks(moov: &[u8]) -> Option<Vec<MovieTrack>> {
    child(moov, b"mvex")?;
    let tracks = children(moov).filter(|child| child.kind == *b"trak").map(|trak| track(trak.body));
    let tracks: Vec<_> = tracks.collect::<Option<_>>()?;
    let mut ids: Vec<_> = tracks.iter().map(|track| track_id(track.track)).collect();
    ids.sort_unstable();
    ids.dedup();
    (!tracks.is_empty() && ids.len() == tracks.len()).then_some(tracks)
}

fn track(trak: &[u8]) -> Option<MovieTrack> {
    let mut header = Fields(child(trak, b"tkhd")?);
    let wide = header.u32()? >> 24 == 1;
    header.skip(if wide { 16 } else { 8 })?;
    let id = header.u32()?;
    // Reserved, duration, reserved, layer, group, volume, reserved, matrix.
    header.skip(if wide { 12 } else { 8 } + 8 + 8 + 36)?;
    let size = (header.u32()? >> 16, header.u32()? >> 16);
    let media = child(trak, b"mdia")?;
    let (rate, _) = header_times(child(media, b"mdhd")?)?;
    let descriptions = child(child(child(media, b"minf")?, b"stbl")?, b"stsd")?;
    let entry = Bytes::copy_from_slice(children(descriptions.get(8..)?).next()?.whole);
    let (track, tables) = match id {
        1 => (Track::Video, Tables::of_video()),
        2 => (Track::Aac, Tables::of_audio()),
        _ => return None,
    };
    Some(MovieTrack { track, rate, size, entries: vec![entry], tables })
}
