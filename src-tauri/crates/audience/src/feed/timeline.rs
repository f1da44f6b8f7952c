//! From a publisher's RTP timestamps to program time. Pure: moments are arguments.

use std::time::{Duration, Instant, SystemTime};

use media::{ProgramTime, SAMPLE_RATE, VIDEO_RTP_RATE};

/// A timestamp that is so far from where its arrival puts it is a clock that jumped.
const JUMP: Duration = Duration::from_secs(5);
/// Sound moves by reports only where it is further off than this: less is nobody's matter, and each move is heard.
const APART: Duration = Duration::from_millis(15);

/// What a sender's last report says of a track: this RTP timestamp is this moment of its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) at: SystemTime,
    pub(crate) rtp: u32,
}

/// One session's time. The video's first frame is at `start`; sound follows by the sender's reports, and by its
/// arrival as long as there are none.
#[derive(Debug)]
pub(crate) struct Timeline {
    start: ProgramTime,
    video: Option<Track>,
    audio: Option<Track>,
    video_report: Option<Report>,
    audio_report: Option<Report>,
}

/// A track's clock: 32 bits of it come with each packet, the rest is where we were.
#[derive(Debug, Clone, Copy)]
struct Track {
    rate: u32,
    /// Of the newest packet, extended.
    ticks: i64,
    /// The program time, in nanoseconds, of tick zero; may be before the program.
    zero: i128,
    /// When the newest packet arrived.
    arrived: Instant,
    newest: ProgramTime,
}

impl Track {
    fn new(rate: u32, rtp: u32, at: ProgramTime, arrived: Instant) -> Self {
        let ticks = i64::from(rtp);
        let mut track = Self { rate, ticks, zero: 0, arrived, newest: at };
        track.zero = i128::from(at.as_nanos()) - track.nanos(ticks);
        track
    }

    fn nanos(&self, ticks: i64) -> i128 {
        i128::from(ticks) * 1_000_000_000 / i128::from(self.rate)
    }

    /// The nearest to the last one (RFC 3550 §A.1).
    fn extended(&self, rtp: u32) -> i64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            clippy::cast_sign_loss,
            reason = "modulo 2³²"
        )]
        let distance = rtp.wrapping_sub(self.ticks as u32) as i32;
        self.ticks.saturating_add(distance.into())
    }

    /// In nanoseconds of the program; less than nothing before it.
    fn moment(&self, ticks: i64) -> i128 {
        self.zero.saturating_add(self.nanos(ticks))
    }

    fn program(&self, ticks: i64) -> ProgramTime {
        ProgramTime::ZERO + Duration::from_nanos(u64::try_from(self.moment(ticks).max(0)).unwrap_or(u64::MAX / 2))
    }

    /// The program time of `rtp`. Where the sender's clock jumped, it goes on by ours.
    fn at(&mut self, rtp: u32, arrived: Instant) -> ProgramTime {
        let ticks = self.extended(rtp);
        let passed = arrived.saturating_duration_since(self.arrived);
        let expected = self.newest + passed;
        let off = self.moment(ticks).saturating_sub(i128::from(expected.as_nanos())).unsigned_abs();
        if off > JUMP.as_nanos() {
            *self = Self::new(self.rate, rtp, expected, arrived);
            return expected;
        }
        let at = self.program(ticks);
        if ticks >= self.ticks {
            (self.ticks, self.arrived, self.newest) = (ticks, arrived, at);
        }
        at
    }

    /// The program time of the moment that a report names; none where it is of another clock than this one's.
    fn reported(&self, report: Report) -> ProgramTime {
        self.program(self.extended(report.rtp))
    }
}

impl Timeline {
    /// A session whose first frame is at `start` of its program.
    pub(crate) const fn new(start: ProgramTime) -> Self {
        Self { start, video: None, audio: None, video_report: None, audio_report: None }
    }

    /// The program time of a frame.
    pub(crate) fn video(&mut self, rtp: u32, arrived: Instant, report: Option<Report>) -> ProgramTime {
        let start = self.start;
        let track = self.video.get_or_insert_with(|| Track::new(VIDEO_RTP_RATE, rtp, start, arrived));
        let at = track.at(rtp, arrived);
        if report.is_some() && report != self.video_report {
            self.video_report = report;
            self.align();
        }
        at
    }

    /// The program time of a packet of sound; none before there is a frame beside which it can stand.
    pub(crate) fn audio(&mut self, rtp: u32, arrived: Instant, report: Option<Report>) -> Option<ProgramTime> {
        let video = self.video?;
        let beside = video.newest + arrived.saturating_duration_since(video.arrived);
        let track = self.audio.get_or_insert_with(|| Track::new(SAMPLE_RATE, rtp, beside, arrived));
        let at = track.at(rtp, arrived);
        if report.is_some() && report != self.audio_report {
            self.audio_report = report;
            if self.align() {
                return self.audio.map(|track| track.newest);
            }
        }
        Some(at)
    }

    /// Puts the sound where the sender's reports say that it belongs. Whether it moved.
    fn align(&mut self) -> bool {
        let (Some(video), Some(audio)) = (self.video, self.audio.as_mut()) else { return false };
        let (Some(of_video), Some(of_audio)) = (self.video_report, self.audio_report) else { return false };
        let at = i128::from(video.reported(of_video).as_nanos());
        let between = match of_audio.at.duration_since(of_video.at) {
            Ok(later) => i128::try_from(later.as_nanos()),
            Err(earlier) => i128::try_from(earlier.duration().as_nanos()).map(|nanos| -nanos),
        };
        let Ok(between) = between else { return false };
        let wanted = at.saturating_add(between);
        let off = wanted - i128::from(audio.reported(of_audio).as_nanos());
        let is_sane = off.unsigned_abs() < JUMP.as_nanos();
        if !is_sane || off.unsigned_abs() < APART.as_nanos() {
            return false;
        }
        audio.zero += off;
        audio.newest = audio.program(audio.ticks);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn program(ms: u64) -> ProgramTime {
        ProgramTime::from_millis(ms)
    }

    #[test]
    fn frames_keep_their_distances_whatever_the_clock_says_and_over_its_end() {
        let now = Instant::now();
        let first = u32::MAX - 90 * 200;
        let mut timeline = Timeline::new(program(7_000));
        for n in 0..30u64 {
            let rtp = first.wrapping_add(u32::try_from(n).unwrap() * 3_000);
            // Arrivals are late and uneven.
            let at = timeline.video(rtp, now + ms(n * 33 + (n % 3) * 11), None);
            let expected = 7_000_000_000 + n * 1_000_000_000 / 30;
            assert!(at.as_nanos().abs_diff(expected) < 20_000, "{n}: {at}");
        }
    }

    #[test]
    fn a_clock_that_jumps_goes_on_where_time_is() {
        let now = Instant::now();
        let mut timeline = Timeline::new(program(0));
        timeline.video(1_000, now, None);
        assert_eq!(timeline.video(4_000, now + ms(33), None).as_millis(), 33);
        for (n, rtp) in [(1u64, 3_000_000_000), (2, 5), (3, 2_147_483_900)] {
            let at = timeline.video(rtp, now + ms(33 + n * 40), None);
            assert_eq!(at, program(33) + Duration::from_nanos(333_333) + ms(n * 40), "jump {n}");
            let after = timeline.video(rtp.wrapping_add(900), now + ms(43 + n * 40), None);
            assert_eq!(after.as_nanos() - at.as_nanos(), 10_000_000);
            timeline.video(rtp, now + ms(33 + n * 40), None);
        }
        // An older frame that comes late is before the newest, not after it.
        let late = timeline.video(2_147_483_900u32.wrapping_sub(3_000), now + ms(160), None);
        assert!(late < timeline.video(2_147_483_901, now + ms(160), None));
    }

    #[test]
    fn sound_waits_for_a_frame_and_follows_reports_once_there_are_both() {
        let (now, clock) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let mut timeline = Timeline::new(program(1_000));
        assert_eq!(timeline.audio(500, now, None), None, "there is no picture yet");
        timeline.video(90_000, now, None);
        // It arrives 100 ms after the frame that it belongs to.
        assert_eq!(timeline.audio(48_000, now + ms(100), None), Some(program(1_100)));
        assert_eq!(timeline.audio(48_960, now + ms(120), None), Some(program(1_120)));
        let video = Report { at: clock, rtp: 90_000 };
        timeline.video(93_000, now + ms(130), Some(video));
        assert_eq!(timeline.audio(49_920, now + ms(140), None), Some(program(1_140)), "one report says nothing");
        let audio = Report { at: clock, rtp: 48_000 };
        assert_eq!(timeline.audio(50_880, now + ms(160), Some(audio)), Some(program(1_060)), "100 ms earlier");
        assert_eq!(timeline.audio(51_840, now + ms(180), Some(audio)), Some(program(1_080)));
        // A report of a clock that jumped is not believed.
        let wild = Report { at: clock + Duration::from_secs(86_400), rtp: 51_840 };
        assert_eq!(timeline.audio(52_800, now + ms(200), Some(wild)), Some(program(1_100)));
        let zero = Report { at: SystemTime::UNIX_EPOCH, rtp: 0 };
        assert_eq!(timeline.audio(53_760, now + ms(220), Some(zero)), Some(program(1_120)));
    }

    #[test]
    fn nothing_that_a_sender_writes_breaks_it() {
        let now = Instant::now();
        let mut chance = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let mut timeline = Timeline::new(program(chance.u64(0..u64::from(u32::MAX))));
            let mut arrived = now;
            for _ in 0..200 {
                arrived += ms(chance.u64(0..400));
                let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(chance.u64(..));
                let report = chance.bool().then(|| Report { at, rtp: chance.u32(..) });
                let frame = timeline.video(chance.u32(..), arrived, report);
                let sound = timeline.audio(chance.u32(..), arrived, report).unwrap();
                assert!(frame.as_millis() < u64::MAX / 4 && sound.as_millis() < u64::MAX / 4);
            }
        }
    }
}
