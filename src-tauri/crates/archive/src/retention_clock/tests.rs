use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const T: u64 = 1_800_000_000_000;

/// The system clock shows `wall`, `ms` after the computer was started for the `boot`th time.
fn at(wall: u64, boot: u64, ms: u64) -> Moment {
    Moment { wall: UnixMs(wall), boot: Some(BootTime { boot, ms }) }
}

/// Somebody who does not know since when the computer runs.
fn somewhen(wall: u64) -> Moment {
    Moment { wall: UnixMs(wall), boot: None }
}

#[test]
fn it_follows_a_clock_that_goes_on_while_the_computer_runs_or_sleeps() {
    let clock = RetentionClock::new(at(T, 1, 0)).advanced(at(T + 30_000, 1, 30_000));
    assert_eq!(clock.advanced(at(T + 50 * HOUR, 1, 50 * HOUR)).now(), T + 50 * HOUR);
    // A second a day, as clocks do, and the network's corrections.
    assert_eq!(clock.advanced(at(T + 50 * HOUR + 20_000, 1, 50 * HOUR)).now(), T + 50 * HOUR + 20_000);
}

#[test]
fn a_leap_of_two_days_in_a_running_process_is_not_believed_and_put_right_it_never_was() {
    let mut clock = RetentionClock::new(at(T, 1, 0));
    for second in (10..3590).step_by(10) {
        clock = clock.advanced(at(T + 2 * DAY + second * 1000, 1, second * 1000));
        assert_eq!(clock.now(), T + second * 1000, "it goes on as if the clock had not leapt");
    }
    let right = clock.advanced(at(T + HOUR, 1, HOUR));
    assert_eq!(right, RetentionClock::new(at(T + HOUR, 1, HOUR)));
}

#[test]
fn a_leap_that_is_still_there_after_an_hour_is_believed() {
    let leapt = RetentionClock::new(at(T, 1, 0)).advanced(at(T + 2 * DAY, 1, MINUTE));
    let before = leapt.advanced(at(T + 2 * DAY + HOUR - 1, 1, MINUTE + HOUR - 1));
    assert_eq!(before.now(), T + MINUTE + HOUR - 1);
    assert_eq!(before.advanced(at(T + 2 * DAY + HOUR, 1, MINUTE + HOUR)).now(), T + 2 * DAY + HOUR);
}

#[test]
fn the_look_that_sees_the_clock_put_right_believes_nothing() {
    let leapt = RetentionClock::new(at(T, 1, 0)).advanced(at(T + 2 * DAY, 1, MINUTE));
    let right = leapt.advanced(at(T + 3 * HOUR, 1, 3 * HOUR));
    assert_eq!(right.now(), T + 3 * HOUR);
    assert_eq!(right.advanced(at(T + 9 * HOUR, 1, 9 * HOUR)).now(), T + 9 * HOUR);
}

#[test]
fn each_leap_must_be_seen_for_an_hour() {
    let once = RetentionClock::new(at(T, 1, 0)).advanced(at(T + DAY, 1, MINUTE));
    let twice = once.advanced(at(T + 2 * DAY, 1, 50 * MINUTE));
    let later = twice.advanced(at(T + 2 * DAY + 20 * MINUTE, 1, 70 * MINUTE));
    assert_eq!(later.now(), T + 70 * MINUTE);
    assert!(twice.advanced(at(T + 2 * DAY + HOUR, 1, 110 * MINUTE)).now() > T + 2 * DAY);
}

#[test]
fn a_start_with_a_clock_that_leapt_believes_it_after_an_hour_too() {
    // Another start of the studio, the same of the computer: what passed is known.
    let clock = RetentionClock::new(at(T, 1, HOUR)).advanced(at(T + 2 * DAY, 1, 2 * HOUR));
    assert_eq!(clock.now(), T + HOUR);
    // The computer was started again: it may have been off for as long.
    let off = RetentionClock::new(at(T, 1, HOUR)).advanced(at(T + 2 * DAY, 2, MINUTE));
    assert_eq!(off.now(), T);
    assert_eq!(off.advanced(at(T + 2 * DAY + HOUR, 2, MINUTE + HOUR)).now(), T + 2 * DAY + HOUR);
    let wrong = off.advanced(at(T + 5 * MINUTE, 2, 6 * MINUTE));
    assert_eq!(wrong.now(), T + 5 * MINUTE, "and the network put the clock right");
}

#[test]
fn who_works_half_an_hour_a_day_has_yesterdays_deleted_today() {
    let mut clock = RetentionClock::new(at(T, 0, 0));
    for day in 1..10 {
        clock = clock.advanced(at(T + day * DAY, day, MINUTE));
        clock = clock.advanced(at(T + day * DAY + 30 * MINUTE, day, 31 * MINUTE));
        assert!(clock.now() >= T + (day - 1) * DAY && clock.now() < T + day * DAY, "day {day}: {clock:?}");
    }
}

#[test]
fn it_goes_on_at_its_pace_when_the_clock_is_set_back() {
    let back = T - 9000 * HOUR;
    let mut clock = RetentionClock::new(at(T, 1, 0));
    for minute in 1..=24 * 60 {
        clock = clock.advanced(at(back + minute * MINUTE, 1, minute * MINUTE));
        assert_eq!(clock.now(), T + minute * MINUTE);
    }
    // Also where nobody knows how much time passed: then the first look is not counted.
    let mut clock = RetentionClock::new(somewhen(T));
    for minute in 0..=24 * 60 {
        clock = clock.advanced(somewhen(back + minute * MINUTE));
    }
    assert_eq!(clock.now(), T + 24 * HOUR, "not kept for ever");
}

#[test]
fn a_clock_that_was_wrong_for_a_while_is_as_if_it_had_never_been() {
    let wrong = RetentionClock::new(at(T, 1, 0)).advanced(at(T - 48 * HOUR, 1, MINUTE));
    let right = wrong.advanced(at(T + HOUR, 1, HOUR));
    assert_eq!(right, RetentionClock::new(at(T + HOUR, 1, HOUR)));
}

#[test]
fn two_systems_that_disagree_about_the_time_zone_add_up_to_nothing() {
    let mut clock = RetentionClock::new(at(T, 0, 0));
    for start in 1..50 {
        let zone = if start % 2 == 0 { 0 } else { 2 * HOUR };
        clock = clock.advanced(at(T + start * HOUR / 2 - zone, start, MINUTE));
        assert!(clock.now() <= T + start * HOUR / 2, "start {start}: early");
    }
}

#[test]
fn it_never_goes_back_whatever_the_system_shows() {
    let mut clock = RetentionClock::new(somewhen(T));
    let mut shown = T;
    for step in 0..10_000_u64 {
        // A fixed, ugly sequence: leaps of up to centuries in both directions.
        shown = match step % 7 {
            0 => shown.wrapping_mul(6_364_136_223_846_793_005) >> 22,
            1 => shown.saturating_sub(50 * HOUR),
            2 => shown.saturating_add(1 << 38),
            3 => shown / 2,
            4 => T,
            _ => shown.saturating_add(step * 7919),
        };
        let moment = match step % 3 {
            0 => somewhen(shown),
            1 => at(shown, step / 100, step * 9999),
            _ => at(shown, 7, shown % 100_000),
        };
        let next = clock.advanced(moment);
        assert!(next.now() >= clock.now(), "step {step}: {clock:?} at {moment:?} became {next:?}");
        clock = next;
    }
}

#[test]
fn a_deadline_set_under_a_wrong_clock_is_shown_in_the_time_of_that_clock() {
    for wrong in [T - 48 * HOUR, T + 48 * HOUR] {
        let clock = RetentionClock::new(at(T, 1, 0)).advanced(at(wrong, 1, 0));
        let due = clock.at(UnixMs(wrong + 24 * HOUR));
        assert_eq!(due, T + 24 * HOUR);
        assert_eq!(clock.shown(due), UnixMs(wrong + 24 * HOUR));
    }
}
