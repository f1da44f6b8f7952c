//! Encoded units that decode: x264's and FFmpeg's, ten seconds of 160×90 at 30 frames a second.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::{AacConfig, AccessUnit, CodecConfig, ConfigId, Format, H264Config, Program, ProgramTime, Track, h264};

const SHOW: &[u8] = include_bytes!("../../tests/fixtures/show.h264");
const LARGER: &[u8] = include_bytes!("../../tests/fixtures/larger.h264");
const AUDIO: &[u8] = include_bytes!("../../tests/fixtures/show.aac");

/// When the first packet of audio begins: the encoder's delay cut it out of a frame.
pub(crate) const AUDIO_BEGINS: Duration = Duration::from_nanos(10_666_667);

fn frame(number: u64) -> ProgramTime {
    ProgramTime::from_nanos(number * 1_000_000_000 / 30)
}

/// Access units of a byte-stream that has a delimiter before each.
fn split(stream: &'static [u8]) -> Vec<Bytes> {
    let starts = stream.windows(6).enumerate().filter(|(_, w)| w[..5] == [0, 0, 0, 1, 9]).map(|(at, _)| at);
    let starts: Vec<_> = starts.chain([stream.len()]).collect();
    starts.windows(2).map(|pair| Bytes::from_static(&stream[pair[0]..pair[1]])).collect()
}

fn video(stream: &'static [u8], id: u32, (width, height): (u32, u32), from: u64) -> Vec<AccessUnit> {
    let units = split(stream);
    let (sps, pps) = h264::parameter_sets(&units[0]).unwrap();
    let format = Format::H264(H264Config { width, height, fps: 30, sps, pps });
    let config = Arc::new(CodecConfig { id: ConfigId(id), format });
    let units = units.into_iter().enumerate().map(|(number, data)| {
        let (pts, next) = (frame(from + number as u64), frame(from + number as u64 + 1));
        let keyframe = h264::is_keyframe(&data);
        AccessUnit { track: Track::Video, config: config.clone(), pts, duration: next.since(pts), keyframe, data }
    });
    units.collect()
}

fn packet(number: u64) -> ProgramTime {
    ProgramTime::from_nanos(number * 1024 * 1_000_000_000 / 48_000) + AUDIO_BEGINS
}

/// Ten seconds of audio.
pub(crate) fn audio() -> Vec<AccessUnit> {
    let specific = Bytes::from_static(&[0x11, 0x90]);
    let format = Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 1024, specific });
    let config = Arc::new(CodecConfig { id: ConfigId(1), format });
    let mut rest = AUDIO;
    let mut packets = Vec::new();
    while let [0xff, _, _, a, b, c, _, ..] = *rest {
        let size = usize::from(a & 3) << 11 | usize::from(b) << 3 | usize::from(c >> 5);
        packets.push(Bytes::from_static(&rest[7..size]));
        rest = &rest[size..];
    }
    let units = packets.into_iter().enumerate().map(|(number, data)| {
        let (pts, next) = (packet(number as u64), packet(number as u64 + 1));
        AccessUnit { track: Track::Aac, config: config.clone(), pts, duration: next.since(pts), keyframe: true, data }
    });
    units.collect()
}

/// Ten seconds of both, in the order of their times.
pub(crate) fn show() -> Vec<AccessUnit> {
    in_order(video(SHOW, 0, (160, 90), 0), audio())
}

/// Four seconds of the small size, three of a larger one, and the small one again up to the tenth.
pub(crate) fn show_that_changes() -> Vec<AccessUnit> {
    let small = video(SHOW, 0, (160, 90), 0);
    let larger = video(LARGER, 2, (240, 136), 120);
    let mut again = video(SHOW, 3, (160, 90), 210);
    again.truncate(90);
    in_order([&small[..120], &larger[..90], &again[..]].concat(), audio())
}

fn in_order(video: Vec<AccessUnit>, audio: Vec<AccessUnit>) -> Vec<AccessUnit> {
    let mut units = [video, audio].concat();
    // Video first where they are equal, as from the engine.
    units.sort_by_key(|unit| (unit.pts, unit.track));
    units
}

/// As long as this, in whole rounds of ten seconds: the same frames again and again.
pub(crate) fn long_show(rounds: u64) -> Vec<AccessUnit> {
    let (frames, packets) = (video(SHOW, 0, (160, 90), 0), audio());
    let video = (0..rounds * 300).map(|number| {
        let (pts, next) = (frame(number), frame(number + 1));
        AccessUnit { pts, duration: next.since(pts), ..frames[number as usize % frames.len()].clone() }
    });
    let audio = (0..rounds * 10 * 48_000 / 1024).map(|number| {
        let (pts, next) = (packet(number), packet(number + 1));
        AccessUnit { pts, duration: next.since(pts), ..packets[number as usize % packets.len()].clone() }
    });
    in_order(video.collect(), audio.collect())
}

/// What begins from `begin` on, before `end`.
pub(crate) fn between(units: &[AccessUnit], begin: Duration, end: Duration) -> Vec<AccessUnit> {
    units.iter().filter(|unit| (begin..end).contains(&unit.pts.since_zero())).cloned().collect()
}

pub(crate) fn publish(program: &Program, units: &[AccessUnit]) {
    units.iter().for_each(|unit| program.publish(unit.clone()));
}
