//! Access units in, writes out: the recorder without its thread and its clock.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, Format, H264Config, OpusConfig, ProgramTime, SAMPLE_RATE, Track};

use super::lane::Lane;
use crate::atoms::sample_entry;
use crate::complete::complete;
use crate::disk::Disk;
use crate::fragment::{self, Run};
use crate::layout::{MOVIE, head};
use crate::movie::{self, MovieTrack};
use crate::tables::Chunk;

/// What a kill may cost.
const FRAGMENT: Duration = Duration::from_millis(500);
/// How much longer audio waits for the frame that ends its fragment.
const GRACE: Duration = Duration::from_millis(100);
/// A fragment that holds as much ends early.
const FRAGMENT_BYTES: usize = 8 << 20;
/// Silent packets in one fragment, at most.
const SILENT_PACKETS: usize = 4096;
/// AAC-LC, 48 kHz, stereo, as an AudioSpecificConfig: what [`Track::Aac`] is.
const USUAL_AUDIO: [u8; 2] = [0x11, 0x90];

/// Writes one recording.
pub(crate) struct Writer<D> {
    disk: D,
    /// The end of the last whole fragment.
    good: u64,
    /// A write failed: there may be more than that.
    torn: bool,
    sequence: u32,
    video: Lane,
    audio: Lane,
    /// Which of the program's tracks is the audio.
    sound: Track,
    /// The video's parameter sets that stand in the fragmented `moov`; none after they changed.
    sets: Option<H264Config>,
    /// pts of the first frame that waits; while none does, of the first packet.
    begins: Option<ProgramTime>,
    waiting_bytes: usize,
    /// The fragmented `moov` was made.
    begun: bool,
    ready: VecDeque<Ready>,
}

/// A fragment that is yet to be written.
struct Ready {
    bytes: Vec<u8>,
    chunks: Vec<(Track, Chunk)>,
}

impl<D: Disk> Writer<D> {
    /// A new file with this track for its audio. On failure a part of its head may be written.
    pub(crate) fn new(mut disk: D, sound: Track) -> io::Result<Self> {
        disk.write_at(0, &head())?;
        Ok(Self {
            disk,
            good: MOVIE,
            torn: false,
            sequence: 0,
            video: Lane::new(Track::Video),
            audio: Lane::new(sound),
            sound,
            sets: None,
            begins: None,
            waiting_bytes: 0,
            begun: false,
            ready: VecDeque::new(),
        })
    }

    /// Takes a unit into memory, and makes fragments ready. Answers the length of the gap in the
    /// video before it, if there is one.
    pub(crate) fn push(&mut self, unit: &AccessUnit) -> Option<Duration> {
        let is_ours = unit.track == Track::Video || unit.track == self.sound;
        // A file begins with a keyframe.
        if !is_ours || !(self.video.is_configured() || unit.is_video_keyframe()) {
            return None;
        }
        if !self.configure(unit.track, &unit.config) {
            tracing::warn!(track = ?unit.track, "a unit without a usable configuration is not recorded");
            return None;
        }
        let sets = self.sets.take();
        let sample = self.lane(unit.track).sample(unit, sets.as_ref());
        self.sets = sets;
        let sample = sample?;
        if self.is_due(unit.track, unit.pts) {
            let next = (unit.track == Track::Video).then_some(sample.time);
            self.cut(next);
        }
        let mut gap = None;
        match unit.track {
            Track::Video => gap = self.video.gap_before(&sample),
            _ => self.fill_with_silence(sample.time),
        }
        if self.begins.is_none() || (unit.track == Track::Video && self.video.waiting() == 0) {
            self.begins = Some(unit.pts);
        }
        self.waiting_bytes += sample.data.len();
        self.lane(unit.track).push(sample);
        // A frame that says how long it lasts need not wait for the next.
        if unit.track == Track::Video && !unit.duration.is_zero() && self.is_due(unit.track, unit.end()) {
            self.cut(None);
        }
        gap
    }

    /// Writes what is ready. After a failure it may be called again: it cuts the file back to the
    /// last whole fragment, and writes the next once more.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while let Some(next) = self.ready.pop_front() {
            if let Err(error) = self.write(&next.bytes) {
                self.ready.push_front(next);
                return Err(error);
            }
            for (track, mut chunk) in next.chunks {
                chunk.offset += self.good;
                self.lane(track).written(&chunk);
            }
            self.good += next.bytes.len() as u64;
        }
        Ok(())
    }

    /// Writes everything it got and finishes the file. What cannot be written is left out; only a
    /// file that cannot be finished is a failure, and it stays one of fragments.
    ///
    /// Answers none where there is nothing in it.
    pub(crate) fn finish(mut self) -> io::Result<Option<Finished>> {
        self.cut(None);
        // A disk that failed a moment ago gets one more chance.
        let flushed = self.flush().or_else(|_| self.flush());
        let tracks: Vec<MovieTrack> =
            [self.video.take_movie(), self.audio.take_movie()].into_iter().flatten().collect();
        if self.good <= MOVIE {
            return flushed.map(|()| None);
        }
        if let Err(error) = flushed {
            tracing::warn!(%error, "the end of a recording could not be written and is left out");
        }
        self.cut_back()?;
        let bytes = complete(&mut self.disk, &tracks, self.good)?;
        Ok(Some(Finished { duration: movie::duration(&tracks), bytes }))
    }

    /// Bytes on disk that count.
    pub(crate) const fn bytes(&self) -> u64 {
        self.good
    }

    fn write(&mut self, fragment: &[u8]) -> io::Result<()> {
        self.cut_back()?;
        self.torn = true;
        self.disk.write_at(self.good, fragment)?;
        self.torn = false;
        Ok(())
    }

    fn cut_back(&mut self) -> io::Result<()> {
        if self.torn {
            self.disk.truncate(self.good)?;
            self.torn = false;
        }
        Ok(())
    }

    /// Whether the fragment that waits is long enough at `end`. It ends with a frame; audio waits a
    /// little for it.
    fn is_due(&self, track: Track, end: ProgramTime) -> bool {
        let Some(begins) = self.begins else { return false };
        let longest = if track == Track::Video { FRAGMENT } else { FRAGMENT + GRACE };
        // Frame times are rounded: half a millisecond early is on time.
        end.since(begins) + Duration::from_micros(500) >= longest || self.waiting_bytes >= FRAGMENT_BYTES
    }

    /// Makes the configuration of a unit that of its track; false where it is none that a file has.
    fn configure(&mut self, track: Track, config: &Arc<CodecConfig>) -> bool {
        if self.lane(track).has(config) {
            return true;
        }
        let Some(entry) = sample_entry(&config.format).filter(|_| config.format.track() == track) else { return false };
        if self.lane(track).waiting() > 0 {
            // A fragment's samples have one description.
            self.cut(None);
        }
        match &config.format {
            Format::H264(h264) if self.video.is_configured() => {
                tracing::info!(width = h264.width, height = h264.height, "the recorded video changes");
                self.sets = None;
            }
            Format::H264(h264) => self.sets = Some(h264.clone()),
            Format::Aac(_) | Format::Opus(_) => {}
        }
        self.lane(track).configure(config, entry);
        true
    }

    /// Puts silent packets where audio is missing before `time`.
    fn fill_with_silence(&mut self, time: u64) {
        while let Some(silent) = self.audio.silence_before(time) {
            if self.audio.waiting() >= SILENT_PACKETS {
                self.cut(None);
            }
            self.audio.push(silent);
        }
    }

    /// Makes a fragment of what waits; `next_frame` is the time of the frame after it.
    fn cut(&mut self, next_frame: Option<u64>) {
        self.begins = None;
        self.waiting_bytes = 0;
        if self.video.waiting() + self.audio.waiting() == 0 {
            return;
        }
        let mut bytes = Vec::new();
        if !self.begun {
            self.begun = true;
            if !self.audio.is_configured() {
                // It may come yet, and no track can be added once the file has begun.
                let (config, entry) = usual_audio(self.sound);
                self.audio.configure(&config, entry);
            }
            bytes = movie::fragmented([&self.video, &self.audio].into_iter().filter_map(Lane::movie));
        }
        let (video, audio) = (self.video.cut(next_frame), self.audio.cut(None));
        let parts: Vec<_> = [(Track::Video, video), (self.sound, audio)]
            .into_iter()
            .filter_map(|(track, part)| Some((track, part?)))
            .collect();
        for (track, part) in &parts {
            if let Some(entry) = &part.switch_to {
                bytes.extend(fragment::switch(*track, entry));
            }
        }
        let runs: Vec<_> = parts
            .iter()
            .map(|(track, part)| Run { track: *track, samples: &part.samples, infos: part.infos.clone() })
            .collect();
        self.sequence += 1;
        let offsets = fragment::write(self.sequence, &runs, &mut bytes);
        let chunks = parts.into_iter().zip(offsets).map(|((track, part), offset)| (track, part.chunk(offset)));
        let chunks = chunks.collect();
        self.ready.push_back(Ready { bytes, chunks });
    }

    const fn lane(&mut self, track: Track) -> &mut Lane {
        match track {
            Track::Video => &mut self.video,
            Track::Aac | Track::Opus => &mut self.audio,
        }
    }
}

/// A file that was finished.
pub(crate) struct Finished {
    pub(crate) duration: Duration,
    pub(crate) bytes: u64,
}

fn usual_audio(sound: Track) -> (Arc<CodecConfig>, Bytes) {
    let format = match sound {
        Track::Opus => Format::Opus(OpusConfig { channels: 2, pre_skip: 0 }),
        Track::Aac | Track::Video => {
            let specific = Bytes::from_static(&USUAL_AUDIO);
            Format::Aac(AacConfig { sample_rate: SAMPLE_RATE, channels: 2, delay: 0, specific })
        }
    };
    let entry = sample_entry(&format).expect("sound always has a sample entry");
    // No program counts as far: the first real configuration is another one.
    (Arc::new(CodecConfig { id: media::ConfigId(u32::MAX), format }), entry)
}
