//! A show's program on its way to those who watch it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{AccessUnit, Capacity, Next, Overflow, Program, ProgramTime, Reader, ReaderConfig, Start, Track, Tracks};

use super::fan_out::Key;
use super::session::Packet;
use super::wallclock::WallClock;
use crate::metrics::Metrics;

/// A newcomer begins with the current GOP only if it is this fresh; otherwise a keyframe may be
/// asked for, so nobody waits. Chromium catches up with a burst of half a second within five
/// frames and keeps no delay (seen with requestVideoFrameCallback).
const FRESH: Duration = Duration::from_millis(1100);
/// Bytes that may wait, whatever their timestamps say.
const WAITING_BYTES: usize = 32 << 20;

/// Reads a program once for everybody who watches it.
pub(super) struct Outlet {
    pub(super) watchers: BTreeSet<Key>,
    program: Program,
    reader: Reader,
    wallclock: WallClock,
    /// The newest frame that the watchers were given.
    delivered: Option<ProgramTime>,
    metrics: Arc<Metrics>,
    /// What was counted as lost already.
    lost: u64,
    rate: Rate,
}

impl Outlet {
    /// Reads `program`; `wake` is called when something waits. `behind` is how much may.
    pub(super) fn new(
        program: Program,
        behind: Duration,
        wake: Arc<dyn Fn() + Send + Sync>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let reader = program.read(ReaderConfig {
            name: "audience",
            tracks: Tracks::WEBRTC,
            start: Start::Gop { younger_than: FRESH },
            capacity: Capacity { span: behind, bytes: WAITING_BYTES },
            overflow: Overflow::DropWaiting,
            wake: Some(wake),
        });
        let (watchers, wallclock) = (BTreeSet::new(), WallClock::default());
        let (delivered, lost, rate) = (None, 0, Rate::default());
        Self { watchers, program, reader, wallclock, delivered, metrics, lost, rate }
    }

    /// The next unit for everybody, if one waits.
    pub(super) fn next(&mut self, now: Instant) -> Option<Packet> {
        let Next::Unit(unit) = self.reader.try_next() else { return None };
        self.metrics.units_published.add(1);
        let lost = self.reader.lost();
        let lost = lost.frames + lost.packets;
        self.metrics.units_dropped.add(lost - std::mem::replace(&mut self.lost, lost));
        if unit.track == Track::Video {
            self.delivered = Some(unit.pts);
        }
        self.rate.note(unit.data.len(), now);
        Some(self.packet(&unit, now))
    }

    /// What the program has had lately, in kb/s; zero while that is not known.
    pub(super) fn kbps(&self) -> u32 {
        self.rate.kbps
    }

    /// What a newcomer needs to see a picture now, or nothing if a keyframe is better: the current
    /// GOP as far as the others have it. The rest of it still waits, for everybody.
    pub(super) fn current_gop(&mut self, now: Instant) -> Vec<Packet> {
        let delivered = self.delivered;
        let frames = self.program.gop_younger_than(FRESH).into_iter();
        let frames = frames.filter(|unit| unit.track == Track::Video && Some(unit.pts) <= delivered);
        frames.map(|unit| self.packet(&unit, now)).collect()
    }

    /// Asks for a keyframe unless a newcomer could do without one.
    pub(super) fn prepare(&self) {
        if !self.program.has_gop_younger_than(FRESH) {
            self.program.request_keyframe();
        }
    }

    /// Somebody cannot go on without a keyframe.
    pub(super) fn request_keyframe(&self) {
        self.program.request_keyframe();
    }

    fn packet(&mut self, unit: &AccessUnit, now: Instant) -> Packet {
        Packet::new(unit, self.wallclock.at(unit.pts, now))
    }
}

/// A bit rate, over two GOPs each.
#[derive(Debug, Default)]
struct Rate {
    since: Option<Instant>,
    bytes: u64,
    kbps: u32,
}

impl Rate {
    fn note(&mut self, bytes: usize, now: Instant) {
        const WINDOW: Duration = Duration::from_secs(4);
        let since = *self.since.get_or_insert(now);
        let age = now.saturating_duration_since(since);
        if age >= WINDOW {
            let bits_a_ms = u128::from(self.bytes) * 8 / age.as_millis();
            self.kbps = u32::try_from(bits_a_ms).unwrap_or(u32::MAX);
            (self.since, self.bytes) = (Some(now), 0);
        }
        self.bytes += bytes as u64;
    }
}

#[cfg(test)]
mod tests;
