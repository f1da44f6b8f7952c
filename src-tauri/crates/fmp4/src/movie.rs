//! The `moov`: without samples at the head of a file of fragments, complete at the end of a whole one.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use media::{SAMPLE_RATE, Track, VIDEO_RTP_RATE};
use mp4_atom::{Dinf, Dref, Edts, Elst, ElstEntry, Hdlr, Mdhd, Mvex, Mvhd, Smhd, Tkhd, Trex, Url, Vmhd};

use crate::atoms::{encoded, narrow};
use crate::boxes::{HEADER, Nested, number, scale, write_table_head};
use crate::tables::Tables;

/// Ticks a second of edit lists and of the whole: an audio sample, so that audio that begins within
/// a frame is placed exactly.
pub(crate) const MOVIE_RATE: u32 = SAMPLE_RATE;
/// A sample that needs others: `sample_depends_on` 1, not a sync sample (ISO/IEC 14496-12 §8.8.3.1).
pub(crate) const DEPENDENT: u32 = 0x0101_0000;
/// A sample that needs none: `sample_depends_on` 2.
pub(crate) const INDEPENDENT: u32 = 0x0200_0000;

/// One track of a file.
#[derive(Debug, Clone)]
pub(crate) struct MovieTrack {
    pub(crate) track: Track,
    /// Ticks a second.
    pub(crate) rate: u32,
    /// Pixels of a frame; zero for audio.
    pub(crate) size: (u32, u32),
    /// Whole boxes (`avc1`, `mp4a`): samples name them by their place, counted from 1.
    pub(crate) entries: Vec<Bytes>,
    pub(crate) tables: Tables,
}

impl MovieTrack {
    pub(crate) fn video(entry: Bytes, size: (u32, u32)) -> Self {
        let tables = Tables::of_video();
        Self { track: Track::Video, rate: VIDEO_RTP_RATE, size, entries: vec![entry], tables }
    }

    pub(crate) fn audio(entry: Bytes, rate: u32) -> Self {
        Self { track: Track::Aac, rate: rate.max(1), size: (0, 0), entries: vec![entry], tables: Tables::of_audio() }
    }

    /// The number of this sample entry, which is added where it is new.
    pub(crate) fn entry(&mut self, entry: &Bytes) -> u32 {
        let known = self.entries.iter().position(|known| known == entry);
        let index = known.unwrap_or_else(|| {
            self.entries.push(entry.clone());
            self.entries.len() - 1
        });
        number(index as u64 + 1)
    }

    fn id(&self) -> u32 {
        track_id(self.track)
    }

    fn in_movie_time(&self, ticks: u64) -> u64 {
        scale(ticks, MOVIE_RATE.into(), self.rate.into())
    }

    /// Everything of the `trak` but its tables, which take `tail` bytes behind it.
    fn head(&self, kind: Kind, tail: u64) -> Vec<u8> {
        let (begins, end) = (self.tables.begins().unwrap_or(0), self.tables.end());
        let duration = end.saturating_sub(begins);
        let is_video = self.track == Track::Video;
        let mut head = Nested::default();
        head.open(b"trak");
        head.add(&encoded(&Tkhd {
            track_id: self.id(),
            duration: self.in_movie_time(end),
            enabled: true,
            in_movie: true,
            volume: if is_video { 0 } else { 1 }.into(),
            width: narrow(self.size.0).into(),
            height: narrow(self.size.1).into(),
            ..Tkhd::default()
        }));
        if kind == Kind::Complete {
            let entries = self.edits(begins, duration);
            head.add(&encoded(&Edts { elst: Some(Elst { entries }) }));
        }
        head.open(b"mdia");
        let language = "und".to_owned();
        head.add(&encoded(&Mdhd { timescale: self.rate, duration, language, ..Mdhd::default() }));
        let (handler, name) = if is_video { (b"vide", "Video") } else { (b"soun", "Audio") };
        head.add(&encoded(&Hdlr { handler: handler.into(), name: name.to_owned() }));
        head.open(b"minf");
        head.add(&if is_video { encoded(&Vmhd::default()) } else { encoded(&Smhd::default()) });
        head.add(&encoded(&Dinf { dref: Dref { entries: vec![Url::default().into()] } }));
        head.open(b"stbl");
        head.add(&self.descriptions());
        head.end(tail)
    }

    /// Sample times begin at zero; the list says when in the program that is.
    fn edits(&self, begins: u64, duration: u64) -> Vec<ElstEntry> {
        let empty = self.in_movie_time(begins);
        let wait = ElstEntry { segment_duration: empty, media_time: None, media_rate: 1.into() };
        // Never shorter than the samples: a player would leave out the last one.
        let shown = (u128::from(duration) * u128::from(MOVIE_RATE)).div_ceil(u128::from(self.rate));
        let play = ElstEntry {
            segment_duration: u64::try_from(shown).unwrap_or(u64::MAX),
            media_time: Some(0),
            media_rate: 1.into(),
        };
        if empty > 0 { vec![wait, play] } else { vec![play] }
    }

    fn descriptions(&self) -> Vec<u8> {
        let size = 16 + self.entries.iter().map(|entry| entry.len() as u64).sum::<u64>();
        let mut stsd = Vec::new();
        write_table_head(&mut stsd, b"stsd", size, self.entries.len()).expect("memory takes everything");
        self.entries.iter().for_each(|entry| stsd.extend_from_slice(entry));
        stsd
    }
}

/// Which `moov`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Announces fragments; its tables are empty.
    Fragmented,
    /// Describes everything.
    Complete,
}

/// The number of a track in every file of ours.
pub(crate) const fn track_id(track: Track) -> u32 {
    match track {
        Track::Video => 1,
        Track::Aac | Track::Opus => 2,
    }
}

/// The `moov` before any fragment of these tracks.
pub(crate) fn fragmented<'a>(tracks: impl Iterator<Item = &'a MovieTrack> + Clone) -> Vec<u8> {
    let mut moov = Nested::default();
    moov.open(b"moov");
    moov.add(&movie_header(0));
    for track in tracks.clone() {
        let empty = MovieTrack { tables: Tables::default(), ..track.clone() };
        let tables = empty.tables.size();
        moov.add(&empty.head(Kind::Fragmented, tables));
        let mut written = Vec::new();
        empty.tables.write(&mut written).expect("memory takes everything");
        moov.add(&written);
    }
    let trex = tracks.map(|track| Trex {
        track_id: track.id(),
        default_sample_description_index: 1,
        default_sample_duration: 0,
        default_sample_size: 0,
        default_sample_flags: if track.track == Track::Video { DEPENDENT } else { INDEPENDENT },
    });
    moov.add(&encoded(&Mvex { mehd: None, trex: trex.collect() }));
    moov.end(0)
}

/// The complete `moov` of these tracks; those without a sample are left out. Writes in small steps:
/// give it a buffer.
pub(crate) fn write_complete(tracks: &[MovieTrack], out: &mut impl Write) -> io::Result<()> {
    let tracks = || tracks.iter().filter(|track| track.tables.samples() > 0);
    let heads: Vec<_> = tracks().map(|track| track.head(Kind::Complete, track.tables.size())).collect();
    let end = tracks().map(|track| track.in_movie_time(track.tables.end())).max().unwrap_or(0);
    let header = movie_header(end);
    let tables: u64 = tracks().map(|track| track.tables.size()).sum();
    let size = HEADER + header.len() as u64 + heads.iter().map(|head| head.len() as u64).sum::<u64>() + tables;
    out.write_all(&number(size).to_be_bytes())?;
    out.write_all(b"moov")?;
    out.write_all(&header)?;
    for (track, head) in tracks().zip(heads) {
        out.write_all(&head)?;
        track.tables.write(out)?;
    }
    out.flush()
}

/// When the last sample of these tracks ends, in file time, which is program time.
pub(crate) fn duration(tracks: &[MovieTrack]) -> Duration {
    let ends = tracks.iter().filter(|track| track.tables.samples() > 0);
    let ends = ends.map(|track| scale(track.tables.end(), 1_000_000_000, track.rate.into()));
    Duration::from_nanos(ends.max().unwrap_or(0))
}

fn movie_header(duration: u64) -> Vec<u8> {
    encoded(&Mvhd {
        creation_time: 0,
        modification_time: 0,
        timescale: MOVIE_RATE,
        duration,
        rate: 1.into(),
        volume: 1.into(),
        matrix: mp4_atom::Matrix::default(),
        next_track_id: 3,
    })
}
