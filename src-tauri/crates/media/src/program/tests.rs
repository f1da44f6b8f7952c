use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::*;
use crate::{AacConfig, Capacity, H264Config, Lost, Next, Overflow, Tracks};

const FRAME: Duration = Duration::from_nanos(33_333_333);
const ROOMY: Capacity = Capacity { span: Duration::from_secs(60), bytes: 1 << 30 };
const GOP_START: Start = Start::Gop { younger_than: Duration::from_secs(2) };

fn h264(width: u32) -> Format {
    Format::H264(H264Config { width, height: 180, fps: 30, sps: Bytes::from_static(b"s"), pps: Bytes::new() })
}

fn aac() -> Format {
    Format::Aac(AacConfig { sample_rate: 48_000, channels: 2, delay: 1024, specific: Bytes::from_static(b"\x11\x90") })
}

/// Frame `n` of the video; every sixtieth is a keyframe, and those that are named.
fn frame(program: &Program, n: u64, keyframe: bool) -> AccessUnit {
    AccessUnit {
        track: Track::Video,
        config: program.configure(h264(320)),
        pts: ProgramTime::from_nanos(n * FRAME.as_nanos() as u64),
        duration: FRAME,
        keyframe,
        data: Bytes::from(vec![0; 100]),
    }
}

fn packet(program: &Program, n: u64) -> AccessUnit {
    AccessUnit { track: Track::Aac, config: program.configure(aac()), keyframe: true, ..frame(program, n, true) }
}

fn reader(program: &Program, start: Start, capacity: Capacity, overflow: Overflow) -> Reader {
    program.read(ReaderConfig { name: "test", tracks: Tracks::FILE, start, capacity, overflow, wake: None })
}

fn drain(reader: &Reader) -> Vec<(Track, u64)> {
    std::iter::from_fn(|| match reader.try_next() {
        Next::Unit(unit) => Some((unit.track, unit.pts.as_nanos().div_ceil(FRAME.as_nanos() as u64))),
        Next::Nothing | Next::Ended => None,
    })
    .collect()
}

fn numbers(reader: &Reader) -> Vec<u64> {
    drain(reader).into_iter().filter(|(track, _)| *track == Track::Video).map(|(_, n)| n).collect()
}

#[test]
fn a_reader_begins_with_a_keyframe_and_without_the_sound_before_it() {
    let program = Program::new(Look::Dressed);
    let late = reader(&program, Start::Keyframe, ROOMY, Overflow::DropNewest);
    program.publish(packet(&program, 0));
    program.publish(frame(&program, 0, false));
    program.publish(frame(&program, 1, true));
    program.publish(packet(&program, 1));
    assert_eq!(drain(&late), [(Track::Video, 1), (Track::Aac, 1)]);
    assert_eq!(late.lost(), Lost::default(), "what came before the beginning is not a loss");
}

#[test]
fn a_newcomer_gets_the_current_gop_unless_it_is_too_old() {
    let program = Program::new(Look::Dressed);
    for n in 0..45 {
        program.publish(frame(&program, n, n == 0));
        program.publish(packet(&program, n));
    }
    let now = reader(&program, GOP_START, ROOMY, Overflow::DropNewest);
    assert_eq!(numbers(&now), (0..45).collect::<Vec<_>>());
    let short = Start::Gop { younger_than: Duration::from_millis(500) };
    let late = reader(&program, short, ROOMY, Overflow::DropNewest);
    assert!(late.waits_for_keyframe() && drain(&late).is_empty());
    assert!(program.has_gop_younger_than(Duration::from_secs(2)));
    assert_eq!(program.gop_younger_than(Duration::from_secs(2)).len(), 90);
    assert!(program.gop_younger_than(Duration::from_millis(500)).is_empty());
    assert!(!program.has_gop_younger_than(Duration::from_millis(500)));
}

#[test]
fn a_full_reader_goes_on_at_the_next_keyframe_asks_for_one_and_disturbs_nobody() {
    for (overflow, expected) in [
        (Overflow::DropNewest, vec![0, 1, 2, 60, 61]),
        // Whoever drops what waits has, at the end, what came since the last time it was full.
        (Overflow::DropWaiting, vec![60, 61]),
    ] {
        let program = Program::new(Look::Dressed);
        let wishes = Arc::new(AtomicUsize::new(0));
        let counted = wishes.clone();
        program.on_keyframe_request(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let small = Capacity { span: FRAME * 2, bytes: 1 << 20 };
        let full = reader(&program, GOP_START, small, overflow);
        let other = reader(&program, GOP_START, ROOMY, Overflow::DropNewest);
        let opened = wishes.load(Ordering::Relaxed);
        let mut read = Vec::new();
        for n in 0..62 {
            if n == 59 {
                read.extend(numbers(&full));
            }
            program.publish(frame(&program, n, n % 60 == 0));
        }
        read.extend(numbers(&full));
        assert_eq!(read, expected, "{overflow:?}");
        assert_eq!(full.lost().frames, 62 - expected.len() as u64, "{overflow:?}");
        assert!(wishes.load(Ordering::Relaxed) > opened, "it asked for a keyframe");
        assert_eq!(numbers(&other).len(), 62);
    }
}

#[test]
fn a_reader_of_sound_alone_waits_for_no_keyframe() {
    let program = Program::new(Look::Dressed);
    let config = ReaderConfig {
        name: "test",
        tracks: Tracks::only(Track::Aac),
        start: Start::Keyframe,
        capacity: ROOMY,
        overflow: Overflow::DropNewest,
        wake: None,
    };
    let ears = program.read(config);
    program.publish(packet(&program, 0));
    program.publish(frame(&program, 1, true));
    assert_eq!(drain(&ears), [(Track::Aac, 0)]);
    assert!(matches!(ears.next(Duration::ZERO), Next::Nothing));
    program.end();
    assert!(matches!(ears.next(Duration::MAX), Next::Ended));
}

#[test]
fn a_queue_is_bounded_in_bytes_too_and_takes_one_unit_however_large() {
    let program = Program::new(Look::Dressed);
    let reader = reader(&program, GOP_START, Capacity { span: Duration::MAX, bytes: 50 }, Overflow::DropNewest);
    program.publish(frame(&program, 0, true));
    program.publish(frame(&program, 1, false));
    assert_eq!(reader.waiting().bytes, 100);
    assert_eq!((numbers(&reader), reader.lost().frames), (vec![0], 1));
}

#[test]
fn the_end_comes_after_all_that_waits_and_through_a_full_queue() {
    let program = Program::new(Look::Dressed);
    let tight = Capacity { span: Duration::ZERO, bytes: 1 };
    let reader = reader(&program, GOP_START, tight, Overflow::DropNewest);
    program.publish(frame(&program, 0, true));
    program.end();
    program.publish(frame(&program, 60, true));
    assert!(!reader.is_over(), "something waits");
    assert!(matches!(reader.next(Duration::from_secs(9)), Next::Unit(_)));
    assert!(reader.is_over());
    assert!(matches!(reader.next(Duration::from_secs(9)), Next::Ended));
    assert!(matches!(reader.try_next(), Next::Ended));
    let late = self::reader(&program, Start::Keyframe, ROOMY, Overflow::DropNewest);
    assert!(matches!(late.try_next(), Next::Ended), "a program that is over has no new readers");
}

#[test]
fn a_publisher_that_dies_ends_its_program() {
    let program = Program::new(Look::Dressed);
    let reader = reader(&program, GOP_START, ROOMY, Overflow::DropNewest);
    let waiting = std::thread::spawn(move || matches!(reader.next(Duration::from_secs(60)), Next::Ended));
    drop(program);
    assert!(waiting.join().unwrap());
}

#[test]
fn a_reader_is_woken_when_something_waits_where_nothing_did() {
    let program = Program::new(Look::Dressed);
    let woken = Arc::new(AtomicUsize::new(0));
    let counted = woken.clone();
    let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let config = ReaderConfig {
        name: "test",
        tracks: Tracks::FILE,
        start: Start::Keyframe,
        capacity: ROOMY,
        overflow: Overflow::DropNewest,
        wake: Some(wake),
    };
    let reader = program.read(config);
    program.publish(frame(&program, 0, true));
    program.publish(frame(&program, 1, false));
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    drain(&reader);
    program.publish(frame(&program, 2, false));
    program.end();
    assert_eq!(woken.load(Ordering::Relaxed), 3);
}

#[test]
fn a_configuration_keeps_its_number_until_it_changes() {
    let program = Program::new(Look::Dressed);
    let first = program.configure(h264(320));
    assert_eq!(program.configure(aac()).id, ConfigId(1));
    assert_eq!(program.configure(h264(320)).id, first.id);
    let changed = program.configure(h264(640));
    assert_eq!((changed.id, program.config(Track::Video).unwrap().id), (ConfigId(2), ConfigId(2)));
    assert_eq!(program.configure(h264(320)).id, ConfigId(3), "a number never means two moments");
}

#[test]
fn the_clock_is_that_of_the_first_keyframe() {
    let program = Program::new(Look::Clean);
    let zero = Instant::now();
    assert_eq!(program.time_at(zero), None);
    program.begin(zero);
    assert_eq!(program.time_at(zero + Duration::from_millis(1500)), Some(ProgramTime::from_millis(1500)));
    assert_eq!(program.time_at(zero - Duration::from_secs(1)), Some(ProgramTime::ZERO));
}

#[test]
fn a_reader_that_skips_goes_on_at_a_keyframe() {
    let program = Program::new(Look::Dressed);
    let reader = reader(&program, GOP_START, ROOMY, Overflow::DropNewest);
    (0..5).for_each(|n| program.publish(frame(&program, n, n == 0)));
    reader.skip_to_keyframe();
    program.publish(packet(&program, 5));
    program.publish(frame(&program, 5, false));
    program.publish(frame(&program, 6, true));
    assert_eq!(drain(&reader), [(Track::Aac, 5), (Track::Video, 6)]);
    assert_eq!(reader.lost().frames, 6);
    drop(reader);
    program.publish(frame(&program, 7, false));
    assert_eq!(program.readers(), 0);
}
