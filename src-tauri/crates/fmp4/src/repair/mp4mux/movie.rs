//! Everything that can be played of an unfinished file.

use std::fs::File;
use std::io;

use super::boxes::Layout;
use super::tables::{Defaults, Sample, from_fragment, from_tables};
use crate::boxes::{Fields, child, children, header_times, scale};

/// The `moov` of the first fragment, and all samples of it and the others.
#[derive(Debug)]
pub(super) struct Movie {
    /// The body of the `moov` as it was written.
    pub(super) moov: Vec<u8>,
    /// Units of its durations, a second.
    pub(super) timescale: u32,
    pub(super) tracks: Vec<Track>,
}

/// One track.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    /// Units of its samples' durations, a second.
    pub(super) timescale: u32,
    pub(super) samples: Vec<Sample>,
}

impl Track {
    /// How long its samples last together, in units of its timescale.
    pub(super) fn duration(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.duration)).sum()
    }
}

impl Movie {
    /// Reads all tables that are whole; none where not even the first fragment is.
    pub(super) fn read(file: &mut File, layout: &Layout) -> io::Result<Option<Self>> {
        let Some(first) = layout.first(b"moov") else { return Ok(None) };
        let moov = first.body(file)?;
        let Some(mut movie) = Self::from_moov(moov) else { return Ok(None) };
        for fragment in layout.boxes.iter().filter(|found| found.kind == *b"moof") {
            let moof = fragment.body(file)?;
            if movie.add(&moof, fragment.offset).is_none() {
                // What comes after a broken fragment would stand at the wrong time.
                break;
            }
        }
        for track in &movie.tracks {
            let beyond = |sample: &Sample| sample.offset.saturating_add(u64::from(sample.size)) > layout.length;
            if track.samples.iter().any(beyond) {
                return Ok(None);
            }
        }
        Ok(movie.tracks.iter().any(|track| !track.samples.is_empty()).then_some(movie))
    }

    fn from_moov(moov: Vec<u8>) -> Option<Self> {
        let (timescale, _) = header_times(child(&moov, b"mvhd")?)?;
        let tracks = children(&moov).filter(|child| child.kind == *b"trak").map(|trak| track(trak.body));
        let tracks = tracks.collect::<Option<Vec<_>>>()?;
        Some(Self { moov, timescale, tracks })
    }

    /// Adds a whole fragment, or nothing.
    fn add(&mut self, moof: &[u8], offset: u64) -> Option<()> {
        let extends = child(&self.moov, b"mvex").unwrap_or_default();
        let defaults = |track| {
            let fitting =
                children(extends).filter(|child| child.kind == *b"trex").find_map(|trex| defaults(trex.body, track));
            fitting.unwrap_or_default()
        };
        let additions = children(moof).filter(|child| child.kind == *b"traf");
        let mut additions =
            additions.map(|traf| from_fragment(traf.body, offset, defaults)).collect::<Option<Vec<_>>>()?;
        // mp4mux 1.22 sometimes writes the size of a sample that is alone in its run nowhere: it
        // reaches to where the next run begins, or the fragment's data ends.
        let begins: Vec<u64> = additions.iter().flat_map(|addition| &addition.samples).map(|s| s.offset).collect();
        let unsized_samples = additions.iter_mut().flat_map(|addition| &mut addition.samples).filter(|s| s.size == 0);
        for sample in unsized_samples {
            let end = begins.iter().copied().filter(|begin| *begin > sample.offset).min().unwrap_or(offset);
            sample.size = u32::try_from(end.saturating_sub(sample.offset)).unwrap_or(0);
        }
        // The data stands before its fragment; a fragment that says otherwise is broken.
        let ends = |sample: &Sample| sample.offset.saturating_add(u64::from(sample.size)) <= offset;
        if !additions.iter().all(|addition| addition.samples.iter().all(ends)) {
            return None;
        }
        for mut addition in additions {
            let track = self.tracks.iter_mut().find(|track| track.id == addition.track)?;
            let reached = track.duration();
            let mut usual = 0;
            if let Some(last) = track.samples.last_mut() {
                usual = last.duration;
                if let Some(begins) = addition.begins {
                    // A table knows durations only: the last sample before a gap lasts until its end.
                    let stretched = (u64::from(last.duration) + begins).saturating_sub(reached);
                    last.duration = u32::try_from(stretched).unwrap_or(u32::MAX);
                }
            }
            // mp4mux 1.22 leaves out durations that are like the one before, and does not say so in
            // the defaults: taken literally, those samples last no time at all.
            for sample in &mut addition.samples {
                if sample.duration == 0 {
                    sample.duration = usual;
                }
                usual = sample.duration;
            }
            track.samples.extend(addition.samples);
        }
        Some(())
    }

    /// How long it plays, in units of its own timescale.
    pub(super) fn duration(&self) -> u64 {
        let track = |track: &Track| scale(track.duration(), u64::from(self.timescale), u64::from(track.timescale));
        self.tracks.iter().map(track).max().unwrap_or(0)
    }

    /// How long it plays, in milliseconds.
    pub(super) fn duration_ms(&self) -> u64 {
        scale(self.duration(), 1000, u64::from(self.timescale))
    }
}

fn track(trak: &[u8]) -> Option<Track> {
    let mut header = Fields(child(trak, b"tkhd")?);
    let wide = header.u32()? >> 24 == 1;
    header.skip(if wide { 16 } else { 8 })?;
    let id = header.u32()?;
    let media = child(trak, b"mdia")?;
    let (timescale, _) = header_times(child(media, b"mdhd")?)?;
    let samples = from_tables(child(child(media, b"minf")?, b"stbl")?)?;
    Some(Track { id, timescale, samples })
}

/// What a `trex` says, if it is for `track`.
fn defaults(trex: &[u8], track: u32) -> Option<Defaults> {
    let mut fields = Fields(trex);
    fields.skip(4)?;
    if fields.u32()? != track {
        return None;
    }
    fields.skip(4)?;
    Some(Defaults { duration: fields.u32()?, size: fields.u32()?, flags: fields.u32()? })
}
