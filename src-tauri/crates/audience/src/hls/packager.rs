//! Access units in, parts out: the packager without its task and its clock.

use std::collections::VecDeque;
use std::sync::Arc;

use media::{AccessUnit, CodecConfig, ConfigId, Format, ProgramTime, Track};

use super::cutter::{Cut, Cutter, Opening, PartCut};
use super::pace::{Measured, Pace};
use super::shelf::{InitNumber, Part, Shelf};
use super::sound::{PATIENCE, Sound};

/// What is gathered until it is known how long segments are.
const GATHERED: usize = 20_000;
/// Payloads of that.
const GATHERED_BYTES: usize = 96 << 20;

/// Whether there is a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is not known yet how long segments are, or none is whole.
    Gathering,
    /// There is something to play.
    Open,
    /// The keyframes are too far apart; there never will be.
    Unfit,
}

/// Packs one program. Fed by whoever reads it.
pub(super) struct Packager {
    zero_ms: u64,
    stage: Stage,
    sound: Sound,
    wants_keyframe: bool,
}

enum Stage {
    Gathering { frames: Vec<AccessUnit>, bytes: usize },
    Packing(Box<Packing>),
    Unfit,
}

struct Packing {
    cutter: Cutter,
    shelf: Shelf,
    /// Whole parts whose sound is not there yet.
    waiting: VecDeque<Cut>,
    /// How the segment began whose parts are packed now.
    opening: Option<Opening>,
    /// The configurations of the newest initialisation segment.
    init: Option<([Option<ConfigId>; 2], InitNumber)>,
    sequence: u32,
}

impl Packager {
    /// For a program whose zero was at `zero_ms` of Unix time.
    pub(super) fn new(zero_ms: u64) -> Self {
        let stage = Stage::Gathering { frames: Vec::new(), bytes: 0 };
        Self { zero_ms, stage, sound: Sound::default(), wants_keyframe: false }
    }

    pub(super) fn state(&self) -> State {
        match &self.stage {
            Stage::Packing(packing) if packing.shelf.is_open() => State::Open,
            Stage::Gathering { .. } | Stage::Packing(_) => State::Gathering,
            Stage::Unfit => State::Unfit,
        }
    }

    /// What can be fetched; none while nothing is known.
    pub(super) fn shelf(&self) -> Option<&Shelf> {
        match &self.stage {
            Stage::Packing(packing) => Some(&packing.shelf),
            Stage::Gathering { .. } | Stage::Unfit => None,
        }
    }

    /// What the newest segment is made of: picture, and sound where there is any.
    pub(super) fn configs(&self) -> Option<(&CodecConfig, Option<&CodecConfig>)> {
        let Stage::Packing(packing) = &self.stage else { return None };
        let opening = packing.opening.as_ref()?;
        Some((&opening.video, opening.sound.as_deref()))
    }

    /// Whether a keyframe is needed, asked once.
    pub(super) const fn wants_keyframe(&mut self) -> bool {
        std::mem::replace(&mut self.wants_keyframe, false)
    }

    /// The reader lost something before the unit that comes next.
    pub(super) fn lost(&mut self) {
        match &mut self.stage {
            Stage::Gathering { frames, bytes } => {
                frames.clear();
                *bytes = 0;
            }
            Stage::Packing(packing) => packing.cutter.lost(),
            Stage::Unfit => {}
        }
    }

    /// Takes a unit. True where there is more to fetch than before.
    pub(super) fn push(&mut self, unit: AccessUnit) -> bool {
        if unit.track == Track::Video {
            self.frame(unit)
        } else {
            if matches!(self.stage, Stage::Unfit) {
                return false;
            }
            self.sound.push(unit);
            self.pack(false)
        }
    }

    /// The program is over: what waits is packed, and nothing follows.
    pub(super) fn end(&mut self) -> bool {
        if let Stage::Packing(packing) = &mut self.stage {
            packing.cutter.finish(&mut packing.waiting);
        }
        self.pack(true);
        let Stage::Packing(packing) = &mut self.stage else { return false };
        packing.shelf.end();
        true
    }

    fn frame(&mut self, frame: AccessUnit) -> bool {
        match &mut self.stage {
            Stage::Unfit => false,
            Stage::Gathering { frames, bytes } => {
                let Some(newest) = frames.last() else {
                    if frame.keyframe {
                        *bytes = frame.data.len();
                        frames.push(frame);
                    }
                    return false;
                };
                if frame.pts <= newest.pts || frame.config.id != newest.config.id && !frame.keyframe {
                    return false;
                }
                *bytes += frame.data.len();
                frames.push(frame);
                let times: Vec<_> = frames.iter().map(|frame| (frame.pts, frame.keyframe)).collect();
                match Pace::measure(&times) {
                    Measured::Pace(pace) => {
                        let frames = std::mem::take(frames);
                        self.begin(pace, frames);
                        self.pack(false)
                    }
                    Measured::NotYet if frames.len() < GATHERED && *bytes < GATHERED_BYTES => false,
                    Measured::NotYet | Measured::TooFar => {
                        self.stage = Stage::Unfit;
                        self.sound = Sound::default();
                        true
                    }
                }
            }
            Stage::Packing(packing) => {
                let knew = packing.cutter.needs_keyframe();
                packing.cutter.push(frame, self.sound.wanted(), &mut packing.waiting);
                self.wants_keyframe |= !knew && packing.cutter.needs_keyframe();
                self.pack(false)
            }
        }
    }

    fn begin(&mut self, pace: Pace, frames: Vec<AccessUnit>) {
        let mut packing = Packing {
            cutter: Cutter::new(pace),
            shelf: Shelf::new(pace, self.zero_ms),
            waiting: VecDeque::new(),
            opening: None,
            init: None,
            sequence: 0,
        };
        for frame in frames {
            packing.cutter.push(frame, self.sound.wanted(), &mut packing.waiting);
        }
        self.stage = Stage::Packing(Box::new(packing));
    }

    /// Packs the parts whose sound is there, or shall not be waited for any longer.
    fn pack(&mut self, is_last: bool) -> bool {
        let Stage::Packing(packing) = &mut self.stage else { return false };
        let mut packed = false;
        while let Some(next) = packing.waiting.front() {
            if let Cut::Part(part) = next {
                let opening = part.opens.as_ref().or(packing.opening.as_ref());
                let newest = packing.cutter.newest().unwrap_or(ProgramTime::ZERO);
                let late = is_last || newest.since(part.end) >= PATIENCE || newest < part.begin;
                let sound = opening.and_then(|opening| opening.sound.as_ref());
                if !late && !self.sound.has_reached(part.end, sound) {
                    break;
                }
            }
            match packing.waiting.pop_front() {
                Some(Cut::Part(part)) => packing.part(part, &mut self.sound),
                Some(Cut::Gap { begin, end }) => packing.shelf.gap(begin, end),
                None => {}
            }
            packed = true;
        }
        packed
    }
}

impl Packing {
    fn part(&mut self, part: PartCut, sound: &mut Sound) {
        if let Some(opening) = &part.opens {
            let init = self.init(opening);
            self.shelf.open(part.begin, init, opening.discontinuity);
            self.opening = Some(opening.clone());
        }
        let Some(opening) = &self.opening else { return };
        let packets = sound.of(&part, opening);
        let PartCut { mut frames, begin, end, closes, .. } = part;
        let independent = frames.first().is_some_and(|first| first.keyframe);
        frames.extend(packets);
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = fmp4::part(self.sequence, &frames, Some(end)).unwrap_or_else(|| {
            // Players leave an empty part out, and what was announced is there.
            tracing::error!(frames = frames.len(), "a part could not be made, and is empty");
            Vec::new()
        });
        // Times of a publisher that are uneven make a part no longer than it may be said to be.
        let end = end.min(begin + self.shelf.pace.part);
        self.shelf.push(Part { begin, end, independent, bytes: bytes.into() });
        if closes {
            self.shelf.close();
        }
    }

    /// The initialisation segment for a segment that begins so.
    fn init(&mut self, opening: &Opening) -> InitNumber {
        let id = |config: Option<&Arc<CodecConfig>>| config.map(|config| config.id);
        let ids = [id(Some(&opening.video)), id(opening.sound.as_ref())];
        if let Some((_, number)) = self.init.filter(|(known, _)| *known == ids) {
            return number;
        }
        let sound = opening.sound.as_ref().map(|sound| &sound.format);
        let bytes = match &opening.video.format {
            Format::H264(video) => fmp4::init_segment(Some(video), sound).unwrap_or_else(|| {
                tracing::error!("a stream cannot be described: its parameter sets are none");
                Vec::new()
            }),
            Format::Opus(_) | Format::Aac(_) => Vec::new(),
        };
        let number = self.shelf.add_init(bytes);
        self.init = Some((ids, number));
        number
    }
}
