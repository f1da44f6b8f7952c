use media::{AccessUnit, ConfigId, Format, Next, ProgramTime, Track, Tracks, h264};

use super::bench::{BEGIN, Bench, DEADLINE, bench, everything};

fn frames(units: impl IntoIterator<Item = AccessUnit>) -> Vec<AccessUnit> {
    units.into_iter().filter(|unit| unit.track == Track::Video).collect()
}

/// The numbers of those frames that are keyframes, of the frames from `from` on.
fn keyframes(bench: &Bench, from: u64, to: u64) -> Vec<u64> {
    let frames = (from..to).flat_map(|n| frames(bench.step(n)).into_iter().map(move |frame| (n, frame)));
    frames.filter(|(_, frame)| frame.keyframe).map(|(n, _)| n).collect()
}

#[test]
fn the_first_unit_is_a_keyframe_at_program_zero_with_its_parameter_sets() {
    let bench = bench();
    let units: Vec<_> = (0..90).flat_map(|n| bench.step(n)).collect();
    let first = &units[0];
    assert_eq!((first.track, first.pts, first.keyframe), (Track::Video, ProgramTime::ZERO, true));
    let kinds: Vec<u8> = h264::nal_units(&first.data).map(|unit| unit[0] & 0x1f).collect();
    let at = |kind| kinds.iter().position(|k| *k == kind);
    assert!(at(7) < at(8) && at(8) < at(5) && at(7).is_some(), "{kinds:?}");
    assert_eq!(bench.zeros.recv_timeout(DEADLINE).unwrap(), BEGIN);

    for track in [Track::Video, Track::Opus, Track::Aac] {
        let times: Vec<_> = units.iter().filter(|unit| unit.track == track).map(|unit| unit.pts).collect();
        assert!(times.len() > 20 && times.is_sorted(), "{track:?} {}", times.len());
        assert!(times[0] < ProgramTime::from_millis(25), "{track:?} begins at {}", times[0]);
    }
    assert_eq!(bench.encoding.dropped(), 0);
}

#[test]
fn each_track_says_what_its_decoder_must_know() {
    let bench = bench();
    let units: Vec<_> = (0..30).flat_map(|n| bench.step(n)).collect();
    for track in Track::ALL {
        let unit = units.iter().find(|unit| unit.track == track).unwrap();
        assert_eq!(bench.program().config(track).unwrap().id, unit.config.id);
        match &unit.config.format {
            Format::H264(config) => {
                assert_eq!((config.width, config.height, config.fps), (320, 180, 30));
                assert!(config.profile_level_id().starts_with("42c0"), "{}", config.profile_level_id());
                assert_eq!(h264::parameter_sets(&unit.data), Some((config.sps.clone(), config.pps.clone())));
            }
            Format::Opus(config) => assert_eq!((config.channels, config.pre_skip), (2, 312)),
            // AAC-LC, 48 kHz, two channels (ISO/IEC 14496-3 §1.6.2.1).
            Format::Aac(config) => assert_eq!(config.specific[..2], [0x11, 0x90]),
        }
    }
}

#[test]
fn keyframes_stand_on_the_grid_exactly_also_after_extra_ones() {
    let bench = bench();
    assert_eq!(keyframes(&bench, 0, 130), [0, 60, 120]);
    bench.program().request_keyframe();
    assert_eq!(keyframes(&bench, 130, 245), [130, 180, 240], "the wish is met by the next frame");
}

#[test]
fn a_wish_that_meets_the_grid_is_one_keyframe() {
    let bench = bench();
    assert_eq!(keyframes(&bench, 0, 60), [0]);
    bench.program().request_keyframe();
    assert_eq!(keyframes(&bench, 60, 125), [60, 120]);
}

#[test]
fn a_keyframe_lands_on_its_frame_though_others_wait_before_it() {
    let bench = bench();
    (0..50).for_each(|n| drop(bench.step(n)));
    // All at once: the encoder is behind when it is asked.
    for n in 50..75 {
        if n == 66 {
            bench.program().request_keyframe();
        }
        bench.push(n);
    }
    bench.encoding.drain();
    assert_eq!(bench.encoding.dropped(), 0);
    let reader = everything(bench.program(), Tracks::only(Track::Video));
    let Next::Unit(newest) = reader.try_next() else { panic!("nothing waits") };
    assert_eq!(newest.pts.as_millis(), 2200, "the wish was met by its frame");
    let times = frames(std::iter::from_fn(|| bench.next())).into_iter().filter(|frame| frame.keyframe);
    assert_eq!(times.map(|frame| frame.pts.as_millis()).collect::<Vec<_>>(), [2000, 2200]);
}

#[test]
fn a_rebuilt_encoder_begins_with_a_keyframe_and_goes_on_upon_the_grid() {
    let mut bench = bench();
    assert_eq!(keyframes(&bench, 0, 50), [0]);
    let before = bench.program().config(Track::Video).unwrap();
    bench.rebuild();
    assert_eq!(keyframes(&bench, 50, 125), [50, 60, 120]);
    let after = bench.program().config(Track::Video).unwrap();
    assert_eq!((before.id, after.id), (ConfigId(0), ConfigId(0)), "the same parameter sets are the same configuration");
    assert_eq!(bench.zeros.try_iter().count(), 1, "program time goes on");
}

#[test]
fn who_reads_late_begins_with_the_current_gop() {
    let bench = bench();
    (0..70).for_each(|n| drop(bench.step(n)));
    let reader = everything(bench.program(), Tracks::WEBRTC);
    let Next::Unit(first) = reader.try_next() else { panic!("nothing waits") };
    assert_eq!((first.pts.as_millis(), first.keyframe), (2000, true));
    bench.publisher.close();
    let rest = std::iter::from_fn(|| match reader.try_next() {
        Next::Unit(unit) => Some(unit),
        Next::Nothing | Next::Ended => None,
    });
    assert_eq!(frames(rest).len(), 9);
}
