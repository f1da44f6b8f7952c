//! The packager on shows that are made up, from well-behaved to hostile, with every playlist on the way
//! held against the rules.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, ConfigId, Format, H264Config, OpusConfig, ProgramTime, Track};

use super::packager::{Packager, State};
use super::rules::{self, Read};
use super::shelf::{Found, Standing};
use super::{Wanted, playlist};

mod boxes;
mod hostile;
mod people;

/// 2026-11-28T09:00:00Z.
const ZERO_MS: u64 = 1_795_856_400_000;
const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0xda, 0x02, 0x80];
const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];

fn ms(milliseconds: u64) -> ProgramTime {
    ProgramTime::from_millis(milliseconds)
}

fn config(id: u32, format: Format) -> Arc<CodecConfig> {
    Arc::new(CodecConfig { id: ConfigId(id), format })
}

fn h264(id: u32, fps: u32) -> Arc<CodecConfig> {
    let width = 640 + id * 2;
    config(id, Format::H264(H264Config { width, height: 360, fps, sps: SPS.into(), pps: PPS.into() }))
}

fn aac(id: u32) -> Arc<CodecConfig> {
    let specific = Bytes::from_static(&[0x11, 0x90]);
    config(id, Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 1024, specific }))
}

fn opus(id: u32) -> Arc<CodecConfig> {
    config(id, Format::Opus(OpusConfig { channels: 2, pre_skip: 312 }))
}

/// Frame `number` of a show at `fps`.
fn frame(config: &Arc<CodecConfig>, fps: u64, number: u64, keyframe: bool) -> AccessUnit {
    let at = |number: u64| ProgramTime::from_nanos(number * 1_000_000_000 / fps);
    let mut data = vec![0, 0, 0, 1, if keyframe { 0x65 } else { 0x41 }];
    data.extend(vec![7; if keyframe { 900 } else { 90 }]);
    AccessUnit {
        track: Track::Video,
        config: config.clone(),
        pts: at(number),
        duration: at(number + 1).since(at(number)),
        keyframe,
        data: data.into(),
    }
}

/// Packet `number` of AAC or Opus.
fn packet(config: &Arc<CodecConfig>, number: u64) -> AccessUnit {
    let (samples, track) = if config.format.track() == Track::Aac { (1024, Track::Aac) } else { (960, Track::Opus) };
    let at = |number: u64| ProgramTime::from_ticks(number * samples, 48_000);
    let (pts, duration) = (at(number), at(number + 1).since(at(number)));
    AccessUnit { track, config: config.clone(), pts, duration, keyframe: true, data: Bytes::from_static(&[1, 2, 3, 4]) }
}

/// A show on the engine's grid: picture, and sound that comes `late` after it.
fn show(fps: u64, seconds: u64, sounds: &[Arc<CodecConfig>], late: Duration) -> Vec<AccessUnit> {
    let video = h264(0, u32::try_from(fps).unwrap());
    let frames = (0..fps * seconds).map(|number| frame(&video, fps, number, number % (fps * 2) == 0));
    let mut units: Vec<(ProgramTime, AccessUnit)> = frames.map(|frame| (frame.pts, frame)).collect();
    for sound in sounds {
        let packets = (0..).map(|number| packet(sound, number));
        let packets = packets.take_while(|packet| packet.end().since_zero() <= Duration::from_secs(seconds));
        units.extend(packets.map(|packet| (packet.pts + late, packet)));
    }
    units.sort_by_key(|(at, unit)| (*at, unit.track));
    units.into_iter().map(|(_, unit)| unit).collect()
}

/// A packager whose every state is held against the rules.
struct Watched {
    packager: Packager,
    states: usize,
    newest: Option<Read>,
    text: String,
}

impl Watched {
    fn new() -> Self {
        Self { packager: Packager::new(ZERO_MS), states: 0, newest: None, text: String::new() }
    }

    fn push(&mut self, unit: AccessUnit) {
        if self.packager.push(unit) {
            self.look();
        }
    }

    fn end(&mut self) {
        if self.packager.end() {
            self.look();
        }
    }

    #[track_caller]
    fn look(&mut self) {
        if self.packager.state() != State::Open {
            return;
        }
        let shelf = self.packager.shelf().expect("it is open");
        self.text = playlist::media(shelf);
        let read = rules::read(&self.text);
        if let Some(before) = &self.newest {
            rules::follows(before, &read);
        }
        boxes::hold(shelf, &read);
        self.newest = Some(read);
        self.states += 1;
    }

    fn read(&self) -> &Read {
        self.newest.as_ref().expect("it is open")
    }
}

fn watched(units: Vec<AccessUnit>) -> Watched {
    let mut watched = Watched::new();
    units.into_iter().for_each(|unit| watched.push(unit));
    watched
}

const LATE: Duration = Duration::from_millis(45);

#[test]
fn a_show_of_the_desk_becomes_segments_of_two_seconds_and_parts_of_a_quarter() {
    for fps in [24, 25, 30, 50, 60] {
        let watched = watched(show(fps, 31, &[aac(1), opus(2)], LATE));
        let read = watched.read();
        assert_eq!((read.target, read.part_target), (2.0, 0.25), "{fps}");
        // A quarter of a second of whole frames, and what is left of two seconds.
        let parts = (fps * 2).div_ceil(fps / 4);
        let whole = read.segments.iter().filter(|segment| segment.address.is_some());
        for segment in whole {
            assert!((segment.duration - 2.0).abs() < 1e-4, "{fps}: {segment:?}");
            assert!(segment.parts.is_empty() || segment.parts.len() as u64 == parts, "{fps}: {segment:?}");
            let starts: Vec<_> = segment.parts.iter().map(|part| part.independent).collect();
            assert!(starts.is_empty() || starts[0] && !starts[1..].contains(&true), "{fps}: {segment:?}");
        }
        assert!(watched.states as u64 > 14 * parts, "every part was shown when it was whole");
    }
}

#[test]
fn dates_and_times_inside_are_program_time() {
    let watched = watched(show(30, 21, &[aac(1)], LATE));
    let shelf = watched.packager.shelf().unwrap();
    for segment in shelf.listed() {
        assert_eq!(segment.begin.as_nanos() % 2_000_000_000, 0);
        let times = boxes::times(&segment.parts[0].bytes);
        assert_eq!(times[0].time, segment.begin.ticks(90_000));
        let sound = ProgramTime::from_ticks(times[1].time, 48_000);
        assert!(sound >= segment.begin && sound.since(segment.begin) < Duration::from_millis(22), "{sound}");
    }
    assert!(watched.text.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-28T09:00:18.000Z\n"), "{}", watched.text);
}

#[test]
fn a_stream_is_announced_with_what_it_is_made_of() {
    for (sounds, codecs) in
        [(vec![aac(1), opus(2)], "avc1.42c01f,mp4a.40.2"), (vec![opus(2)], "avc1.42c01f,opus"), (vec![], "avc1.42c01f")]
    {
        let watched = watched(show(30, 9, &sounds, LATE));
        let (video, sound) = watched.packager.configs().unwrap();
        let text = playlist::multivariant(watched.packager.shelf().unwrap(), video, sound, "hls/x/live.m3u8").unwrap();
        let expected = format!(",CODECS=\"{codecs}\",RESOLUTION=640x360,FRAME-RATE=30.000\nhls/x/live.m3u8\n");
        assert!(text.ends_with(&expected), "{text}");
        assert!(text.contains("DATA-ID=\"antenne.program-zero\",VALUE=\"2026-11-28T09:00:00.000Z\"\n"), "{text}");
        let band: u64 = text.split("BANDWIDTH=").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        // A keyframe of 900 bytes and 59 frames of 90 in two seconds, and what wraps them.
        assert!((25_000..60_000).contains(&band), "{text}");
    }
}

#[test]
fn the_end_is_said_and_the_last_part_is_there() {
    let mut watched = watched(show(30, 11, &[aac(1)], LATE));
    watched.end();
    let read = watched.read();
    assert!(read.ended && watched.text.ends_with("#EXT-X-ENDLIST\n"));
    let last = read.segments.last().unwrap();
    assert_eq!((last.address.as_deref(), (last.duration * 1000.0).round()), (Some("5.m4s"), 1000.0));
    let shelf = watched.packager.shelf().unwrap();
    assert_eq!(shelf.standing(1_000_000, None), Standing::Ready, "whoever waits for more learns of the end");
    assert_eq!(shelf.part(6, 0), Found::Nothing);
}

#[test]
fn readers_wait_for_what_comes_get_what_is_there_and_are_refused_what_nobody_knows_of() {
    let watched = watched(show(30, 21, &[aac(1)], LATE));
    let shelf = watched.packager.shelf().unwrap();
    let edge = shelf.edge();
    let (msn, part) = (edge.msn, edge.part as u64);
    assert!(part > 0 && part < 8, "{edge:?}");
    for (wanted, standing) in [
        ((0, None), Standing::Ready),
        ((msn - 1, None), Standing::Ready),
        ((msn - 1, Some(8)), Standing::Ready),
        // Nine parts are in it: the tenth is the next segment's first.
        ((msn - 1, Some(9)), Standing::Ready),
        ((msn, None), Standing::Coming),
        ((msn, Some(part - 1)), Standing::Ready),
        ((msn, Some(part)), Standing::Coming),
        ((msn, Some(part + 12)), Standing::Coming),
        ((msn, Some(part + 13)), Standing::Absurd),
        ((msn + 1, None), Standing::Coming),
        ((msn + 1, Some(0)), Standing::Coming),
        ((msn + 2, None), Standing::Absurd),
        ((u64::MAX, Some(u64::MAX)), Standing::Absurd),
    ] {
        assert_eq!(shelf.standing(wanted.0, wanted.1), standing, "{wanted:?} at {edge:?}");
    }
    assert_eq!(shelf.part(msn, part), Found::Coming);
    assert!(matches!(shelf.part(msn, part - 1), Found::Here(..)));
    for (msn, part) in [(msn, part + 1), (msn + 1, 0), (msn - 1, 99), (u64::MAX, u64::MAX)] {
        assert_eq!(shelf.part(msn, part), Found::Nothing, "{msn}.{part}");
    }
    assert_eq!(shelf.segment(msn), Found::Nothing, "it is not whole");
}

#[test]
fn memory_is_bounded_and_nothing_is_kept_longer_than_was_promised() {
    let mut watched = Watched::new();
    let mut promised: Vec<(u64, Duration)> = Vec::new();
    for unit in show(30, 120, &[aac(1)], LATE) {
        let now = unit.pts.since_zero();
        watched.push(unit);
        let Some(shelf) = watched.packager.shelf() else { continue };
        let newest = shelf.edge().msn.saturating_sub(1);
        if let Found::Here(_, stays) = shelf.segment(newest) {
            promised.push((newest, now + stays));
        }
        promised.retain(|(_, until)| *until > now);
        for (msn, until) in &promised {
            assert!(
                matches!(shelf.segment(*msn), Found::Here(..)),
                "{msn} was promised until {until:?}, it is {now:?}"
            );
        }
    }
    let shelf = watched.packager.shelf().unwrap();
    let kept = (0..=shelf.edge().msn).filter(|msn| matches!(shelf.segment(*msn), Found::Here(..))).count();
    assert!((12..=14).contains(&kept), "{kept}");
    assert_eq!(shelf.segment(3), Found::Nothing, "what is too old is gone");
}
