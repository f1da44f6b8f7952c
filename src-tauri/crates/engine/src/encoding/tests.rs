use media::{ProgramTime, Track};

use super::bench::{BEGIN, DEADLINE, bench};

#[test]
fn the_first_unit_is_a_keyframe_at_program_zero_with_its_parameter_sets() {
    let bench = bench();
    let units: Vec<_> = (0..90).flat_map(|n| bench.step(n)).collect();
    let first = &units[0];
    assert_eq!((first.track, first.pts, first.keyframe), (Track::Video, ProgramTime::ZERO, true));
    let kinds: Vec<u8> = first.data.windows(4).filter(|w| w.starts_with(&[0, 0, 1])).map(|w| w[3] & 0x1f).collect();
    let at = |kind| kinds.iter().position(|k| *k == kind);
    assert!(at(7) < at(8) && at(8) < at(5) && at(7).is_some(), "{kinds:?}");
    let zero = bench.zeros.recv_timeout(DEADLINE).unwrap();
    assert_eq!(zero.running, BEGIN);
    assert!(zero.config.profile_level_id.starts_with("42c0"), "{}", zero.config.profile_level_id);

    let keyframes: Vec<_> = units.iter().filter(|u| u.track == Track::Video && u.keyframe).map(|u| u.pts).collect();
    assert_eq!(keyframes, [ProgramTime::ZERO, ProgramTime::from_millis(2000)]);
    for track in [Track::Video, Track::Opus, Track::Aac] {
        let times: Vec<_> = units.iter().filter(|unit| unit.track == track).map(|unit| unit.pts).collect();
        assert!(times.len() > 20 && times.is_sorted(), "{track:?} {}", times.len());
        assert!(times[0] < ProgramTime::from_millis(25), "{track:?} begins at {}", times[0]);
    }
    assert_eq!(bench.encoding.dropped(), 0);
}

#[test]
fn a_keyframe_comes_when_it_is_asked_for() {
    let bench = bench();
    (0..10).for_each(|n| drop(bench.step(n)));
    bench.encoding.force_keyframe();
    let units: Vec<_> = (10..14).flat_map(|n| bench.step(n)).collect();
    let keyframe = units.iter().find(|unit| unit.track == Track::Video && unit.keyframe).expect("a keyframe");
    assert!(keyframe.data.windows(4).any(|w| w.starts_with(&[0, 0, 1]) && w[3] & 0x1f == 7), "with parameter sets");
}
