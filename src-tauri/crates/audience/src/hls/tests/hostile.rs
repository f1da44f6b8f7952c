//! Publishers, queues and clocks that do what they must not.

use super::*;

/// Feeds `units`, and tells of losses where the reader would.
fn with_losses(units: Vec<AccessUnit>, lost: impl Fn(&AccessUnit) -> bool) -> Watched {
    let mut watched = Watched::new();
    let mut skips = false;
    for unit in units {
        if unit.track == Track::Video {
            if lost(&unit) {
                watched.packager.lost();
                skips = true;
            }
            if skips && !unit.keyframe {
                continue;
            }
            skips = false;
        }
        watched.push(unit);
    }
    watched
}

fn gaps(read: &Read) -> Vec<f64> {
    read.segments.iter().filter(|segment| segment.gap).map(|segment| (segment.duration * 1000.0).round()).collect()
}

#[test]
fn what_a_reader_lost_is_a_gap_of_its_length_and_time_goes_on() {
    let watched = with_losses(show(30, 19, &[aac(1)], LATE), |unit| (9700..9720).contains(&unit.pts.as_millis()));
    // The frame at 9.7 s and all up to the keyframe at 10 s.
    assert_eq!(gaps(watched.read()), [300.0]);
    let read = watched.read();
    let gap = read.segments.iter().position(|segment| segment.gap).unwrap();
    assert!(!read.segments[gap + 1].discontinuity, "time and form go on");
    assert!(read.segments[gap + 1].date.ends_with("09:00:10.000Z"), "{read:?}");
    assert!(read.segments[gap + 1].parts.first().is_none_or(|part| part.independent));
}

#[test]
fn a_long_gap_is_said_in_pieces_and_a_longer_one_as_a_discontinuity() {
    for (seconds, pieces, breaks) in [(5, vec![2000.0, 2000.0, 1000.0], 0), (40, vec![], 1)] {
        let units = show(30, 22 + seconds, &[aac(1)], LATE);
        let hole = 15_000..15_000 + seconds * 1000;
        let mut watched = Watched::new();
        let video = h264(0, 30);
        for unit in units.into_iter().filter(|unit| !hole.contains(&unit.pts.as_millis())) {
            // The keyframe after the hole was asked for.
            let is_first = unit.track == Track::Video && unit.pts == ms(hole.end);
            watched.push(if is_first { frame(&video, 30, hole.end * 30 / 1000, true) } else { unit });
        }
        assert_eq!(gaps(watched.read()), pieces);
        let discontinuities = watched.read().segments.iter().filter(|segment| segment.discontinuity).count();
        assert_eq!(discontinuities, breaks, "{:?}", watched.read());
    }
}

#[test]
fn frames_that_refer_to_a_hole_are_left_out_and_a_keyframe_is_asked_for_once() {
    let mut watched = Watched::new();
    let mut asked = 0;
    for unit in show(30, 12, &[aac(1)], LATE) {
        if unit.track == Track::Video && (6500..7500).contains(&unit.pts.as_millis()) {
            continue;
        }
        watched.push(unit);
        asked += usize::from(watched.packager.wants_keyframe());
    }
    assert_eq!(asked, 1);
    // From 6.5 s, where frames are missing, to the keyframe at 8 s.
    assert_eq!(gaps(watched.read()), [1500.0]);
}

#[test]
fn a_change_of_size_is_a_discontinuity_with_a_map_of_its_own() {
    let (small, large) = (h264(0, 30), h264(5, 30));
    let mut watched = Watched::new();
    for unit in show(30, 15, &[aac(1)], LATE) {
        if unit.track != Track::Video {
            watched.push(unit);
            continue;
        }
        // In the middle of a segment, as an operator does it.
        let config = if unit.pts < ms(9100) { &small } else { &large };
        let keyframe = unit.keyframe || unit.pts == ms(9100);
        watched.push(AccessUnit { config: config.clone(), keyframe, ..unit });
    }
    let read = watched.read();
    let changed = read.segments.iter().position(|segment| segment.discontinuity).expect("it changed");
    assert_eq!(
        (read.segments[changed - 1].map.as_str(), read.segments[changed].map.as_str()),
        ("init-0.mp4", "init-1.mp4")
    );
    assert!(read.segments[changed].date.ends_with(":09.100Z"));
    let shelf = watched.packager.shelf().unwrap();
    assert!(matches!(shelf.init(0), Found::Here(..)) && matches!(shelf.init(1), Found::Here(..)));
    assert_eq!(shelf.init(2), Found::Nothing);
}

#[test]
fn sound_that_is_missing_is_silence_and_parts_wait_for_it_no_longer_than_they_must() {
    let lacks = |from: u64, to: u64| {
        let units = show(30, 16, &[aac(1)], LATE).into_iter();
        units.filter(move |unit| unit.track == Track::Video || !(from..to).contains(&unit.pts.as_millis())).collect()
    };
    // A hole of a packet, of seconds, and an end.
    for (from, to) in [(9000, 9021), (6000, 9500), (8000, u64::MAX)] {
        let watched = watched(lacks(from, to));
        assert!(gaps(watched.read()).is_empty());
        let shelf = watched.packager.shelf().unwrap();
        let reached = shelf.growing().map_or(ms(0), |segment| segment.end);
        assert!(reached >= ms(15_400), "{from}: {reached}");
    }
}

#[test]
fn sound_that_comes_after_all_begins_with_a_segment_and_aac_takes_the_place_of_opus() {
    let late = |from: u64, sound: Arc<CodecConfig>| {
        show(30, 14, &[sound], LATE).into_iter().filter(move |unit| unit.track != Track::Video && unit.pts >= ms(from))
    };
    for (mut units, first) in [(show(30, 14, &[], LATE), "none"), (show(30, 14, &[opus(2)], LATE), "opus")] {
        units.extend(late(7300, aac(3)));
        units.sort_by_key(|unit| unit.pts);
        let watched = watched(units);
        let read = watched.read();
        let changed: Vec<_> = read.segments.iter().filter(|segment| segment.discontinuity).collect();
        assert_eq!(changed.len(), 1, "{first}");
        assert!(changed[0].date.ends_with(":08.000Z"), "{first}: {changed:?}");
        assert_eq!(watched.packager.configs().unwrap().1.unwrap().format.track(), Track::Aac);
    }
}

#[test]
fn a_clock_that_leaps_back_breaks_nothing() {
    let mut units = show(30, 9, &[aac(1)], LATE);
    units.extend(show(30, 9, &[aac(1)], LATE));
    let watched = watched(units);
    assert!(watched.read().segments.iter().any(|segment| segment.discontinuity));
    assert!(watched.states > 60, "{}", watched.states);
}

#[test]
fn foreign_gops_get_their_own_target_and_too_long_ones_nothing() {
    let video = h264(0, 25);
    for (gop, target) in [(25, 2.0), (75, 3.0), (120, 5.0), (250, 10.0)] {
        let mut watched = Watched::new();
        (0..25 * 80).for_each(|number| watched.push(frame(&video, 25, number + 11, number % gop == 0)));
        let read = watched.read();
        assert_eq!(read.target, target, "{gop}");
        for segment in read.segments.iter().filter(|segment| segment.address.is_some()) {
            assert!(segment.parts.first().is_none_or(|part| part.independent), "{gop}: {segment:?}");
        }
    }
    let mut watched = Watched::new();
    (0..25 * 30).for_each(|number| watched.push(frame(&video, 25, number, number == 0)));
    assert_eq!(watched.packager.state(), State::Unfit);
    watched.end();
    assert!(watched.packager.shelf().is_none());
}

#[test]
fn a_gop_that_grows_long_on_air_is_cut_where_it_must_be() {
    let video = h264(0, 30);
    let mut watched = Watched::new();
    (0..30 * 30).for_each(|number| watched.push(frame(&video, 30, number, number % 60 == 0 && number < 300)));
    let read = watched.read();
    assert!(read.segments.len() > 4 && read.segments.iter().all(|segment| segment.duration < 2.5), "{read:?}");
    assert!(read.segments.last().unwrap().parts.iter().all(|part| !part.independent), "nobody is told to begin there");
}

#[test]
fn units_that_do_not_say_how_long_they_are_and_uneven_ones_keep_the_rules() {
    let video = h264(0, 0);
    let mut random = fastrand::Rng::with_seed(3);
    let mut watched = Watched::new();
    for number in 0..30 * 40 {
        let exact = frame(&video, 30, number, number % 60 == 0);
        let pts = exact.pts + Duration::from_micros(random.u64(0..3000));
        watched.push(AccessUnit { pts, duration: Duration::ZERO, ..exact });
    }
    assert!(watched.states > 100);
}

/// A show in which everything happens that can, from a seed.
fn anything(seed: u64) -> Watched {
    let mut random = fastrand::Rng::with_seed(seed);
    let fps = [10, 15, 24, 25, 30, 50, 60][random.usize(0..7)];
    let (mut video, mut sound) = (h264(0, u32::try_from(fps).unwrap()), aac(1));
    let (mut next_id, mut packets) = (2, 0);
    let mut watched = Watched::new();
    let (mut skips, mut lacks_sound) = (0_u64, 0_u64);
    let mut needs_keyframe = false;
    let mut number = 0;
    while number < fps * 60 {
        number += 1;
        let on_grid = number % (fps * 2) == 0 || number == 1;
        let mut keyframe = on_grid && random.u32(0..40) != 0 || random.u32(0..fps as u32 * 3) == 0;
        match random.u32(0..fps as u32 * 20) {
            0 => skips = random.u64(1..fps * 4),
            1 => lacks_sound = random.u64(1..200),
            2 => {
                (video, keyframe) = (h264(next_id, u32::try_from(fps).unwrap()), true);
                next_id += 1;
            }
            3 => {
                sound = aac(next_id);
                next_id += 1;
            }
            4 => number += fps * random.u64(1..40),
            _ => {}
        }
        let unit = frame(&video, fps, number, keyframe);
        while packet(&sound, packets).end() < unit.pts {
            packets += 1;
            match lacks_sound.checked_sub(1) {
                Some(left) => lacks_sound = left,
                None => watched.push(packet(&sound, packets)),
            }
        }
        if skips > 0 {
            skips -= 1;
            needs_keyframe = true;
            watched.packager.lost();
        } else if !needs_keyframe || keyframe {
            needs_keyframe = false;
            watched.push(unit);
        }
    }
    watched.end();
    watched
}

#[test]
fn over_thousands_of_states_of_any_show_every_playlist_keeps_the_rules() {
    let mut states = 0;
    for seed in 0..60 {
        println!("seed {seed}");
        states += anything(seed).states;
    }
    assert!(states > 6000, "{states}");
}
