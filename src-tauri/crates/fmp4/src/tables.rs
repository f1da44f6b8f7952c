//! All samples of a track, as the tables of a `moov` say it: small enough for a day of them.

use std::io::{self, Write};

use crate::boxes::{number, write_table_head};

/// One encoded frame or packet in the file, without its place: samples follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleInfo {
    pub(crate) size: u32,
    /// In ticks of the track.
    pub(crate) duration: u32,
    /// Decoding may begin here.
    pub(crate) sync: bool,
}

/// Samples that stand behind one another in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// When the first begins, in ticks of the track.
    pub(crate) time: u64,
    /// Where the first begins; while a fragment is not written yet, within it.
    pub(crate) offset: u64,
    /// Which sample entry describes them, counted from 1.
    pub(crate) entry: u32,
    pub(crate) samples: Vec<SampleInfo>,
}

/// The tables of one track: eight bytes for each sample, at most, where every duration differs from
/// the one before; four where they are alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    begins: Option<u64>,
    end: u64,
    sizes: Vec<u32>,
    durations: Vec<Run>,
    /// Numbers of the samples where decoding may begin; none where it may begin at all of them.
    syncs: Option<Vec<u32>>,
    chunks: Vec<u64>,
    chunk_runs: Vec<ChunkRun>,
}

/// Samples of one duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    samples: u32,
    duration: u32,
}

/// Chunks of as many samples and one entry, from the chunk of this number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChunkRun {
    first: u32,
    samples: u32,
    entry: u32,
}

impl Tables {
    /// Of a track with keyframes.
    pub(crate) fn of_video() -> Self {
        Self { syncs: Some(Vec::new()), ..Self::default() }
    }

    /// Of a track whose every sample can be decoded.
    pub(crate) fn of_audio() -> Self {
        Self::default()
    }

    /// When its first sample begins, in ticks; none while it has none.
    pub(crate) const fn begins(&self) -> Option<u64> {
        self.begins
    }

    /// When its last sample ends, in ticks.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn samples(&self) -> usize {
        self.sizes.len()
    }

    /// Adds a chunk. Where it does not begin when the last sample ends, that sample lasts until
    /// then: a table knows nothing but durations. So a gap is a frame that is held.
    pub(crate) fn add(&mut self, chunk: &Chunk) {
        if chunk.samples.is_empty() {
            return;
        }
        match self.begins {
            None => (self.begins, self.end) = (Some(chunk.time), chunk.time),
            Some(_) => self.hold_until(chunk.time),
        }
        for sample in &chunk.samples {
            self.sizes.push(sample.size);
            self.lasts(sample.duration);
            let sample_number = number(self.sizes.len() as u64);
            if let Some(syncs) = self.syncs.as_mut().filter(|_| sample.sync) {
                syncs.push(sample_number);
            }
        }
        self.chunks.push(chunk.offset);
        let (samples, entry) = (number(chunk.samples.len() as u64), chunk.entry);
        if self.chunk_runs.last().is_none_or(|run| (run.samples, run.entry) != (samples, entry)) {
            self.chunk_runs.push(ChunkRun { first: number(self.chunks.len() as u64), samples, entry });
        }
    }

    fn lasts(&mut self, duration: u32) {
        self.end = self.end.saturating_add(duration.into());
        match self.durations.last_mut() {
            Some(run) if run.duration == duration => run.samples += 1,
            _ => self.durations.push(Run { samples: 1, duration }),
        }
    }

    fn hold_until(&mut self, time: u64) {
        if time == self.end {
            return;
        }
        let Some(run) = self.durations.last_mut() else { return };
        let begins = self.end - u64::from(run.duration);
        run.samples -= 1;
        if run.samples == 0 {
            self.durations.pop();
        }
        self.end = begins;
        self.lasts(number(time.saturating_sub(begins)));
    }

    /// Bytes of the boxes that [`Self::write`] writes.
    pub(crate) fn size(&self) -> u64 {
        self.boxes().iter().map(|(_, size)| size).sum()
    }

    fn boxes(&self) -> [(&'static [u8; 4], u64); 5] {
        let table = |entries: usize, width: u64| 16 + entries as u64 * width;
        [
            (b"stts", table(self.durations.len(), 8)),
            (b"stss", self.syncs.as_ref().map_or(0, |syncs| table(syncs.len(), 4))),
            (b"stsc", table(self.chunk_runs.len(), 12)),
            (b"stsz", table(self.sizes.len(), 4) + 4),
            (b"co64", table(self.chunks.len(), 8)),
        ]
    }

    /// `stts`, `stss`, `stsc`, `stsz` and `co64`.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let [stts, stss, stsc, stsz, co64] = self.boxes();
        write_table_head(out, stts.0, stts.1, self.durations.len())?;
        for run in &self.durations {
            write(out, &[run.samples, run.duration])?;
        }
        if let Some(syncs) = &self.syncs {
            write_table_head(out, stss.0, stss.1, syncs.len())?;
            write(out, syncs)?;
        }
        write_table_head(out, stsc.0, stsc.1, self.chunk_runs.len())?;
        for run in &self.chunk_runs {
            write(out, &[run.first, run.samples, run.entry])?;
        }
        // The field in the place of the count is a size for all samples: they differ.
        write_table_head(out, stsz.0, stsz.1, 0)?;
        write(out, &[number(self.sizes.len() as u64)])?;
        write(out, &self.sizes)?;
        write_table_head(out, co64.0, co64.1, self.chunks.len())?;
        self.chunks.iter().try_for_each(|offset| out.write_all(&offset.to_be_bytes()))
    }
}

fn write(out: &mut impl Write, fields: &[u32]) -> io::Result<()> {
    fields.iter().try_for_each(|field| out.write_all(&field.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(time: u64, durations: &[u32]) -> Chunk {
        let samples = durations.iter().map(|duration| SampleInfo { size: 1, duration: *duration, sync: true });
        Chunk { time, offset: 0, entry: 1, samples: samples.collect() }
    }

    #[test]
    fn a_gap_between_chunks_is_a_sample_that_lasts_until_the_next() {
        let mut tables = Tables::of_audio();
        for (time, durations) in [(500, &[10, 10][..]), (600, &[10]), (605, &[20]), (625, &[20])] {
            tables.add(&chunk(time, durations));
        }
        let runs: Vec<_> = tables.durations.iter().map(|run| (run.samples, run.duration)).collect();
        assert_eq!(runs, [(1, 10), (1, 90), (1, 5), (2, 20)]);
        assert_eq!((tables.begins(), tables.end()), (Some(500), 645));
    }

    #[test]
    fn the_announced_size_is_what_is_written() {
        let mut tables = Tables::of_video();
        for times in [0, 20, 40] {
            tables.add(&chunk(times, &[10, 10]));
            let mut written = Vec::new();
            tables.write(&mut written).unwrap();
            assert_eq!(written.len() as u64, tables.size());
        }
    }
}
