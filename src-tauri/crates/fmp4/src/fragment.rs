//! `moof` and `mdat`: written, and read again by a repair.

use media::Track;
use mp4_atom::{Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry};

use crate::atoms::encoded;
use crate::boxes::{Fields, HEADER, child, children, number};
use crate::movie::{DEPENDENT, INDEPENDENT, track_id};
use crate::sample::Sample;
use crate::tables::{Chunk, SampleInfo};

/// Samples of one track that stand behind one another.
pub(crate) struct Run<'a> {
    pub(crate) track: Track,
    pub(crate) samples: &'a [Sample],
    /// One for each.
    pub(crate) infos: Vec<SampleInfo>,
}

/// Appends a fragment; answers where in `out` the samples of each run begin. Empty runs have no
/// place in it.
pub(crate) fn write(sequence: u32, runs: &[Run<'_>], out: &mut Vec<u8>) -> Vec<u64> {
    let mut moof = Moof { mfhd: Mfhd { sequence_number: sequence }, traf: runs.iter().map(traf).collect() };
    let mut data = encoded(&moof).len() as u64 + HEADER;
    let mut offsets = Vec::new();
    for (traf, run) in moof.traf.iter_mut().zip(runs) {
        // The size of the box does not depend on it.
        traf.trun[0].data_offset = Some(number(data).cast_signed());
        offsets.push(out.len() as u64 + data);
        data += run.samples.iter().map(|sample| sample.data.len() as u64).sum::<u64>();
    }
    let moof = encoded(&moof);
    out.extend(&moof);
    out.extend(number(data - moof.len() as u64).to_be_bytes());
    out.extend(b"mdat");
    runs.iter().flat_map(|run| run.samples).for_each(|sample| out.extend_from_slice(&sample.data));
    offsets
}

fn traf(run: &Run<'_>) -> Traf {
    let is_video = run.track == Track::Video;
    let entries = run.infos.iter().map(|info| TrunEntry {
        duration: Some(info.duration),
        size: Some(info.size),
        flags: is_video.then_some(if info.sync { INDEPENDENT } else { DEPENDENT }),
        cts: None,
    });
    Traf {
        tfhd: Tfhd {
            track_id: track_id(run.track),
            // The fragmented `moov` has one entry for each track; see `switch`.
            sample_description_index: Some(1),
            default_base_is_moof: true,
            ..Tfhd::default()
        },
        tfdt: Some(Tfdt { base_media_decode_time: run.samples.first().map_or(0, |sample| sample.time) }),
        trun: vec![Trun { data_offset: Some(0), samples: entries.collect::<Vec<_>>().into() }],
        ..Traf::default()
    }
}

/// What a whole `moof` says: the chunks of each track, their offsets counted from its first byte.
/// None where it is not one that [`write`] wrote, in front of `data` bytes.
pub(crate) fn read(moof: &[u8], data: u64) -> Option<Vec<(u32, Chunk)>> {
    let begin = moof.len() as u64 + HEADER;
    let mut chunks = Vec::new();
    for traf in children(moof.get(8..)?).filter(|child| child.kind == *b"traf") {
        let (track, chunk) = read_track(traf.body)?;
        let size: u64 = chunk.samples.iter().map(|sample| u64::from(sample.size)).sum();
        if chunk.offset < begin || chunk.offset + size > begin + data {
            return None;
        }
        chunks.push((track, chunk));
    }
    (!chunks.is_empty()).then_some(chunks)
}

fn read_track(traf: &[u8]) -> Option<(u32, Chunk)> {
    let mut header = Fields(child(traf, b"tfhd")?);
    let (flags, track, entry) = (header.u32()?, header.u32()?, header.u32()?);
    if flags != TRACK_FLAGS {
        return None;
    }
    let mut decode_time = Fields(child(traf, b"tfdt")?);
    let time = if decode_time.u32()? >> 24 == 1 { decode_time.u64()? } else { decode_time.u32()?.into() };
    let mut run = Fields(child(traf, b"trun")?);
    let flags = run.u32()? & 0x00ff_ffff;
    let (count, offset) = (run.u32()?, run.u32()?);
    if flags & !(FIRST_FLAGS | SAMPLE_FLAGS) != PLAIN_RUN {
        return None;
    }
    let is_video = track == track_id(Track::Video);
    let mut first = if flags & FIRST_FLAGS != 0 { Some(run.u32()?) } else { None };
    let width = if flags & SAMPLE_FLAGS != 0 { 12 } else { 8 };
    // As many as there is room for: a lie about it costs no memory.
    if run.0.len() as u64 != u64::from(count) * width {
        return None;
    }
    let mut samples = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let (duration, size) = (run.u32()?, run.u32()?);
        let own = if flags & SAMPLE_FLAGS != 0 { Some(run.u32()?) } else { None };
        let sync = !is_video || first.take().or(own) == Some(INDEPENDENT);
        samples.push(SampleInfo { size, duration, sync });
    }
    (!samples.is_empty()).then_some((track, Chunk { time, offset: offset.into(), entry, samples }))
}

/// `default-base-is-moof`, and a sample description index.
const TRACK_FLAGS: u32 = 0x02_0002;
/// Data offset; duration and size of each sample.
const PLAIN_RUN: u32 = 0x301;
/// Flags of the first sample, which `mp4-atom` writes where it is the only one.
const FIRST_FLAGS: u32 = 0x4;
/// Flags of each sample.
const SAMPLE_FLAGS: u32 = 0x400;

/// Marks our `uuid` boxes.
const SWITCH: [u8; 16] = *b"antenne.switch\0\x01";

/// A `uuid` box that says: from the next fragment on, the samples of this track are described by
/// this sample entry.
///
/// A fragment can only name entries of the fragmented `moov`, which stands before anybody knows
/// that the configuration will change. Until the file is finished, players therefore read the new
/// parameter sets in front of their keyframe, where the units carry them; the complete `moov` has
/// an entry for each, and a repair finds them in these boxes.
pub(crate) fn switch(track: Track, entry: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    whole.extend(number(28 + entry.len() as u64).to_be_bytes());
    whole.extend(b"uuid");
    whole.extend(SWITCH);
    whole.extend(track_id(track).to_be_bytes());
    whole.extend(entry);
    whole
}

/// Track and sample entry of a whole `uuid` box of [`switch`].
pub(crate) fn read_switch(whole: &[u8]) -> Option<(u32, &[u8])> {
    let mut fields = Fields(whole.get(8..)?.strip_prefix(&SWITCH)?);
    let track = fields.u32()?;
    let entry = children(fields.0).next().filter(|entry| entry.whole.len() == fields.0.len())?;
    Some((track, entry.whole))
}
