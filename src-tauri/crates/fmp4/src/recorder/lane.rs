//! One track of a recording that grows.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::{AccessUnit, CodecConfig, Format, H264Config, Track};

use crate::boxes::scale;
use crate::movie::MovieTrack;
use crate::sample::{Sample, infos, usual_duration};
use crate::silence;
use crate::tables::{Chunk, SampleInfo};

/// What waits of one track, and what is known of it.
pub(crate) struct Lane {
    track: Track,
    config: Option<Arc<CodecConfig>>,
    movie: Option<MovieTrack>,
    /// The sample entry of what waits, and that of the newest fragment that was made.
    entry: u32,
    announced: u32,
    /// Time of the newest sample, and when it ends where nothing follows it.
    newest: Option<(u64, u64)>,
    waiting: Vec<Sample>,
}

/// A lane's share of a fragment.
pub(crate) struct Part {
    pub(crate) samples: Vec<Sample>,
    pub(crate) infos: Vec<SampleInfo>,
    /// The sample entry, where it is another than before.
    pub(crate) switch_to: Option<Bytes>,
    entry: u32,
}

impl Part {
    /// What its samples are to the tables.
    pub(crate) fn chunk(self, offset: u64) -> Chunk {
        let time = self.samples.first().map_or(0, |sample| sample.time);
        Chunk { time, offset, entry: self.entry, samples: self.infos }
    }
}

impl Lane {
    pub(crate) const fn new(track: Track) -> Self {
        Self { track, config: None, movie: None, entry: 1, announced: 1, newest: None, waiting: Vec::new() }
    }

    pub(crate) const fn is_configured(&self) -> bool {
        self.config.is_some()
    }

    pub(crate) fn has(&self, config: &CodecConfig) -> bool {
        self.config.as_ref().is_some_and(|known| known.id == config.id)
    }

    /// From now on samples are described by this entry. Nothing may wait.
    pub(crate) fn configure(&mut self, config: &Arc<CodecConfig>, entry: Bytes) {
        let movie = self.movie.get_or_insert_with(|| match &config.format {
            Format::H264(h264) => MovieTrack::video(entry.clone(), (h264.width, h264.height)),
            Format::Aac(aac) => MovieTrack::audio(entry.clone(), aac.sample_rate),
            Format::Opus(_) => MovieTrack::audio(entry.clone(), media::SAMPLE_RATE),
        });
        self.entry = movie.entry(&entry);
        self.config = Some(config.clone());
    }

    pub(crate) const fn movie(&self) -> Option<&MovieTrack> {
        self.movie.as_ref()
    }

    pub(crate) const fn take_movie(&mut self) -> Option<MovieTrack> {
        self.movie.take()
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The unit as a sample of this track, later than all before it.
    pub(crate) fn sample(&self, unit: &AccessUnit, sets: Option<&H264Config>) -> Option<Sample> {
        let mut sample = Sample::new(unit, self.rate(), sets)?;
        if let Some((newest, _)) = self.newest {
            sample.time = sample.time.max(newest + 1);
        }
        Some(sample)
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        let lasts = if sample.lasts > 0 { sample.lasts } else { self.usual() };
        self.newest = Some((sample.time, sample.time + u64::from(lasts)));
        self.waiting.push(sample);
    }

    /// How long nothing was before `next`, if that is a frame or more.
    pub(crate) fn gap_before(&self, next: &Sample) -> Option<Duration> {
        let (_, end) = self.newest?;
        let gap = next.time.saturating_sub(end);
        let nanoseconds = scale(gap, 1_000_000_000, self.rate().into());
        (gap > 0 && gap >= u64::from(self.usual())).then(|| Duration::from_nanos(nanoseconds))
    }

    /// A silent packet behind the newest, if one fits in before `time`.
    pub(crate) fn silence_before(&self, time: u64) -> Option<Sample> {
        let (_, end) = self.newest?;
        let lasts = self.usual();
        if lasts == 0 || time.saturating_sub(end) < u64::from(lasts) {
            return None;
        }
        let data = silence::of(&self.config.as_ref()?.format)?;
        Some(Sample { time: end, lasts, sync: true, data })
    }

    /// Takes what waits; the last sample lasts until `next`, where that is known.
    pub(crate) fn cut(&mut self, next: Option<u64>) -> Option<Part> {
        if self.waiting.is_empty() {
            return None;
        }
        let samples = std::mem::take(&mut self.waiting);
        let infos = infos(&samples, next, self.usual());
        let entries = self.movie.as_ref().map(|movie| &movie.entries);
        let switch_to = entries.filter(|_| self.entry != self.announced);
        let switch_to = switch_to.and_then(|entries| entries.get(self.entry as usize - 1).cloned());
        self.announced = self.entry;
        Some(Part { samples, infos, switch_to, entry: self.entry })
    }

    /// A chunk is in the file.
    pub(crate) fn written(&mut self, chunk: &Chunk) {
        if let Some(movie) = &mut self.movie {
            movie.tables.add(chunk);
        }
    }

    fn rate(&self) -> u32 {
        self.movie.as_ref().map_or(media::SAMPLE_RATE, |movie| movie.rate)
    }

    fn usual(&self) -> u32 {
        self.config.as_ref().map_or(0, |config| usual_duration(&config.format, self.rate()))
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("track", &self.track).field("waiting", &self.waiting.len()).finish()
    }
}
