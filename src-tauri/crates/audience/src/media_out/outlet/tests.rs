use bytes::Bytes;
use media::{Format, H264Config, Look, OpusConfig};

use super::*;

const FRAME: Duration = Duration::from_millis(40);

fn unit(program: &Program, track: Track, n: u64, keyframe: bool) -> AccessUnit {
    let format = if track == Track::Video {
        Format::H264(H264Config { width: 640, height: 360, fps: 25, sps: Bytes::new(), pps: Bytes::new() })
    } else {
        Format::Opus(OpusConfig { channels: 2, pre_skip: 312 })
    };
    let config = program.configure(format);
    let pts = ProgramTime::ZERO + FRAME * u32::try_from(n).unwrap();
    AccessUnit { track, config, pts, duration: FRAME, keyframe, data: Bytes::from_static(b"unit") }
}

fn outlet(program: &Program, behind: Duration) -> Outlet {
    Outlet::new(program.clone(), behind, Arc::new(|| {}), Arc::default())
}

/// Frames of a packet's 90 kHz clock, and whether each is a keyframe.
fn frames(packets: impl IntoIterator<Item = Packet>) -> Vec<(u64, bool)> {
    let video = packets.into_iter().filter(|packet| packet.track == Track::Video);
    video.map(|packet| (packet.time.numer() / 3600, packet.keyframe)).collect()
}

#[test]
fn an_outlet_that_fell_behind_asks_for_a_keyframe_goes_on_there_and_counts_what_it_lost() {
    let program = Program::new(Look::Dressed);
    let mut outlet = outlet(&program, FRAME * 2);
    let now = Instant::now();
    let wishes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = wishes.clone();
    program.on_keyframe_request(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    for n in 0..12 {
        program.publish(unit(&program, Track::Video, n, n == 0 || n == 10));
    }
    let seen = frames(std::iter::from_fn(|| outlet.next(now)));
    assert_eq!(seen, [(10, true), (11, false)]);
    assert!(wishes.load(std::sync::atomic::Ordering::Relaxed) > 0, "a keyframe was asked for");
    assert_eq!(outlet.metrics.units_dropped.get(), 10);
    assert_eq!(outlet.metrics.units_published.get(), 2);
}

#[test]
fn a_newcomer_gets_of_the_gop_what_the_others_have_and_nothing_twice() {
    let program = Program::new(Look::Dressed);
    let mut outlet = outlet(&program, Duration::from_secs(2));
    let now = Instant::now();
    for n in 0..6 {
        program.publish(unit(&program, Track::Video, n, n == 0));
        program.publish(unit(&program, Track::Opus, n, true));
    }
    assert!(outlet.current_gop(now).is_empty(), "the others have nothing yet");
    let others: Vec<_> = std::iter::from_fn(|| outlet.next(now)).take(5).collect();
    let newcomer = outlet.current_gop(now);
    assert!(newcomer.iter().all(|packet| packet.track == Track::Video), "old sound is of no use");
    assert_eq!(frames(newcomer), [(0, true), (1, false), (2, false)]);
    assert_eq!(frames(others).len(), 3);
    assert_eq!(frames(std::iter::from_fn(|| outlet.next(now))), [(3, false), (4, false), (5, false)]);
}

#[test]
fn a_keyframe_is_asked_for_only_where_the_gop_is_too_old_for_a_newcomer() {
    let program = Program::new(Look::Dressed);
    let wishes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = wishes.clone();
    program.publish(unit(&program, Track::Video, 0, true));
    let outlet = outlet(&program, Duration::from_secs(2));
    program.on_keyframe_request(move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let wishes = || wishes.load(std::sync::atomic::Ordering::Relaxed);
    outlet.prepare();
    assert_eq!(wishes(), 0);
    (1..40).for_each(|n| program.publish(unit(&program, Track::Video, n, false)));
    outlet.prepare();
    assert_eq!(wishes(), 1);
}
