//! What can be fetched: the last segments with their parts, and what comes next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::ProgramTime;

use super::pace::Pace;

/// So many target durations are listed. Three are the least (RFC 8216bis §6.2.2).
const LISTED: u32 = 6;
/// What is not listed any more stays for as long as a listing lasts, and a segment (§6.2.2).
const KEPT: u32 = LISTED * 2 + 1;
/// Whatever their durations say: segments that are kept.
const SEGMENTS: usize = 64;
/// Payloads that are kept, at most; what is listed is kept all the same.
const BYTES: usize = 96 << 20;

/// An initialisation segment's number within its stream.
pub(super) type InitNumber = u32;

/// One part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) begin: ProgramTime,
    pub(super) end: ProgramTime,
    /// A newcomer may begin with it: its first frame is a keyframe.
    pub(super) independent: bool,
    pub(super) bytes: Bytes,
}

impl Part {
    pub(super) fn duration(&self) -> Duration {
        self.end.since(self.begin)
    }
}

/// One segment, whole or growing.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// Its media sequence number.
    pub(super) msn: u64,
    pub(super) begin: ProgramTime,
    /// Of a growing one: so far.
    pub(super) end: ProgramTime,
    /// It follows on nothing.
    pub(super) discontinuity: bool,
    /// Discontinuities up to this one's beginning, since the stream began.
    pub(super) discontinuities: u64,
    pub(super) init: InitNumber,
    /// There is nothing in it.
    pub(super) gap: bool,
    pub(super) parts: Vec<Part>,
    /// The stream's length at its end: unlike program time it never leaps.
    after: Duration,
}

impl Segment {
    pub(super) fn duration(&self) -> Duration {
        self.end.since(self.begin)
    }

    fn size(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.len()).sum()
    }
}

/// Where a playlist ends: the part that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) msn: u64,
    pub(super) part: usize,
}

/// What a reader who wants a later playlist may get (§6.2.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The playlist has it.
    Ready,
    /// It comes.
    Coming,
    /// Nobody can know of it yet.
    Absurd,
}

/// Something that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is here, in this order, and stays for so long.
    Here(Vec<Bytes>, Duration),
    /// It is announced.
    Coming,
    Nothing,
}

/// The segments of a stream. Cheap to clone: payloads are shared.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub(super) pace: Pace,
    /// Unix time of program zero, in milliseconds.
    pub(super) zero_ms: u64,
    pub(super) ended: bool,
    segments: VecDeque<Arc<Segment>>,
    growing: Option<Segment>,
    inits: VecDeque<(InitNumber, Bytes)>,
    next_msn: u64,
    discontinuities: u64,
    length: Duration,
    /// Of the largest segment so far, in bits a second.
    peak: u64,
    bytes: u64,
}

impl Shelf {
    pub(super) fn new(pace: Pace, zero_ms: u64) -> Self {
        Self {
            pace,
            zero_ms,
            ended: false,
            segments: VecDeque::new(),
            growing: None,
            inits: VecDeque::new(),
            next_msn: 0,
            discontinuities: 0,
            length: Duration::ZERO,
            peak: 0,
            bytes: 0,
        }
    }

    /// Adds an initialisation segment; answers its number.
    pub(super) fn add_init(&mut self, bytes: Vec<u8>) -> InitNumber {
        let number = self.inits.back().map_or(0, |(number, _)| number + 1);
        self.inits.push_back((number, bytes.into()));
        number
    }

    /// A segment begins to grow; the one before must be whole.
    pub(super) fn open(&mut self, begin: ProgramTime, init: InitNumber, discontinuity: bool) {
        let discontinuity = discontinuity && self.next_msn > 0;
        let segment = self.next(begin, init, discontinuity);
        self.growing = Some(segment);
    }

    pub(super) fn push(&mut self, part: Part) {
        let Some(segment) = &mut self.growing else { return };
        segment.end = part.end;
        self.bytes += part.bytes.len() as u64;
        segment.parts.push(part);
    }

    /// The segment that grows is whole.
    pub(super) fn close(&mut self) {
        let Some(segment) = self.growing.take() else { return };
        let nanos = segment.duration().as_nanos();
        // One that is hardly there says nothing about the rate.
        if segment.duration() >= self.pace.part {
            let rate = segment.size() as u128 * 8_000_000_000 / nanos;
            self.peak = self.peak.max(u64::try_from(rate).unwrap_or(u64::MAX));
        }
        self.add(segment);
    }

    /// Nothing is there from `begin` to `end`, which is a segment.
    pub(super) fn gap(&mut self, begin: ProgramTime, end: ProgramTime) {
        let init = self.segments.back().map_or(0, |segment| segment.init);
        let gap = self.next(begin, init, false);
        self.add(Segment { end, gap: true, ..gap });
    }

    pub(super) fn end(&mut self) {
        self.close();
        self.ended = true;
    }

    /// Whether there is anything to play.
    pub(super) fn is_open(&self) -> bool {
        !self.segments.is_empty()
    }

    pub(super) fn edge(&self) -> Edge {
        match &self.growing {
            Some(segment) => Edge { msn: segment.msn, part: segment.parts.len() },
            None => Edge { msn: self.next_msn, part: 0 },
        }
    }

    /// The whole segments that are listed, oldest first.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Segment> {
        let most = self.pace.target * LISTED;
        self.segments.iter().map(AsRef::as_ref).filter(move |segment| self.age(segment) < most)
    }

    pub(super) const fn growing(&self) -> Option<&Segment> {
        self.growing.as_ref()
    }

    /// How much of the stream came since a segment's end.
    pub(super) fn age(&self, segment: &Segment) -> Duration {
        self.length.saturating_sub(segment.after)
    }

    /// Largest and average rate so far, in bits a second.
    pub(super) fn rates(&self) -> (u64, u64) {
        let whole = self.growing.as_ref().map_or(0, |segment| segment.size() as u64);
        let millis = u64::try_from(self.length.as_millis()).unwrap_or(u64::MAX).max(1);
        let average = (self.bytes - whole).saturating_mul(8000) / millis;
        (self.peak.max(average).max(1), average.max(1))
    }

    /// Where a playlist stands that has segment `msn`, or its part `part`.
    pub(super) fn standing(&self, msn: u64, part: Option<u64>) -> Standing {
        let edge = self.edge();
        if self.ended || msn < edge.msn && part.is_none() {
            return Standing::Ready;
        }
        let ahead = u64::try_from(Duration::from_secs(3).as_nanos().div_ceil(self.pace.part.as_nanos())).unwrap_or(3);
        let ahead = ahead.max(3);
        let count = edge.part as u64;
        let far = match msn.checked_sub(edge.msn) {
            None => false,
            Some(0) => part.is_some_and(|part| part > count + ahead),
            Some(1) => part.is_some_and(|part| part > ahead),
            Some(_) => true,
        };
        if far {
            return Standing::Absurd;
        }
        let Some(part) = part else { return Standing::Coming };
        // A part behind a segment's last is the first of the next segment.
        let wanted = match self.segments.iter().find(|segment| segment.msn == msn) {
            Some(whole) if part >= whole.parts.len() as u64 => (msn + 1, 0),
            _ => (msn, part),
        };
        if wanted < (edge.msn, count) { Standing::Ready } else { Standing::Coming }
    }

    pub(super) fn init(&self, number: InitNumber) -> Found {
        let found = self.inits.iter().find(|(known, _)| *known == number);
        found.map_or(Found::Nothing, |(_, bytes)| Found::Here(vec![bytes.clone()], self.pace.target * LISTED))
    }

    pub(super) fn segment(&self, msn: u64) -> Found {
        let Some(segment) = self.segments.iter().find(|segment| segment.msn == msn && !segment.gap) else {
            return Found::Nothing;
        };
        Found::Here(segment.parts.iter().map(|part| part.bytes.clone()).collect(), self.stays(self.age(segment)))
    }

    pub(super) fn part(&self, msn: u64, part: u64) -> Found {
        let number = usize::try_from(part).unwrap_or(usize::MAX);
        let edge = self.edge();
        if (Edge { msn, part: number }) == edge && !self.ended {
            return Found::Coming;
        }
        let whole = self.segments.iter().map(AsRef::as_ref).chain(&self.growing).find(|segment| segment.msn == msn);
        let Some((segment, part)) = whole.and_then(|segment| Some((segment, segment.parts.get(number)?))) else {
            return Found::Nothing;
        };
        let age = if segment.msn == edge.msn { Duration::ZERO } else { self.age(segment) };
        Found::Here(vec![part.bytes.clone()], self.stays(age))
    }

    /// How much longer what is so old is kept, at least: one target less, because a stream may be ahead
    /// of the clock on the wall by a segment.
    fn stays(&self, age: Duration) -> Duration {
        (self.pace.target * (KEPT - 1)).saturating_sub(age)
    }

    fn next(&mut self, begin: ProgramTime, init: InitNumber, discontinuity: bool) -> Segment {
        let msn = self.next_msn;
        self.discontinuities += u64::from(discontinuity);
        let discontinuities = self.discontinuities;
        let after = self.length;
        Segment { msn, begin, end: begin, discontinuity, discontinuities, init, gap: false, parts: Vec::new(), after }
    }

    fn add(&mut self, mut segment: Segment) {
        self.length += segment.duration();
        segment.after = self.length;
        self.next_msn = segment.msn + 1;
        self.segments.push_back(Arc::new(segment));
        let (kept, listed) = (self.pace.target * KEPT, self.pace.target * LISTED);
        let mut bytes: usize = self.segments.iter().map(|segment| segment.size()).sum();
        while let Some(oldest) = self.segments.front() {
            let age = self.age(oldest);
            let too_much = self.segments.len() > SEGMENTS || bytes > BYTES && age >= listed;
            if age < kept && !too_much {
                break;
            }
            bytes -= oldest.size();
            self.segments.pop_front();
        }
        let first = self.segments.front().map_or(0, |oldest| oldest.init);
        while self.inits.front().is_some_and(|(number, _)| *number < first) {
            self.inits.pop_front();
        }
    }
}
