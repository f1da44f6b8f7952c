//! The word at the top of the window.

use super::*;
use crate::{Disk, HealthWord, Reach, Refusal, Severity};

fn health(production: &Production) -> (HealthWord, &str) {
    let health = &production.snapshot().health;
    assert_eq!(health.cause.is_empty(), matches!(health.word, HealthWord::Good | HealthWord::Ready), "{health:?}");
    (health.word, health.cause.as_str())
}

fn source(production: &mut Production, name: &str, state: SourceState) {
    production.apply(UnixMs(2_100), Input::Source { id: id(name), state, problem: None }).unwrap();
}

/// On air with a test picture and a test tone, of which nothing is wrong.
fn good() -> Production {
    let mut production = on_air_with(with(&[(SourceKind::Camera, "test"), (SourceKind::Microphone, "test")]));
    source(&mut production, "camera", SourceState::Running);
    source(&mut production, "microphone", SourceState::Running);
    let stats = Stats { program_ms: ProgramMs(900), fps: 30.0, ..Stats::default() };
    production.apply(UnixMs(2_200), Input::Stats(stats)).unwrap();
    assert_eq!(health(&production), (HealthWord::Good, ""));
    production
}

#[test]
fn a_lost_source_lowers_the_word_until_it_is_back() {
    let mut production = good();
    source(&mut production, "camera", SourceState::Lost);
    assert_eq!(health(&production), (HealthWord::Poor, "The camera is lost"));
    assert_eq!(production.snapshot().health.remedy, "Plug it in again, or choose another");
    source(&mut production, "camera", SourceState::Running);
    assert_eq!(health(&production), (HealthWord::Good, ""));
    source(&mut production, "microphone", SourceState::Lost);
    assert_eq!(health(&production), (HealthWord::Poor, "The microphone is lost"));
}

#[test]
fn silence_and_a_mute_lower_the_word() {
    let mut production = good();
    let quiet = Levels { program_peak_db: [-90.0; 2], ..Levels::default() };
    production.apply(UnixMs(10_000), Input::Levels(quiet)).unwrap();
    production.apply(UnixMs(15_000), Input::Tick).unwrap();
    assert_eq!(health(&production), (HealthWord::Fair, "Nothing is heard"));
    production.apply(UnixMs(25_000), Input::Tick).unwrap();
    assert_eq!(health(&production), (HealthWord::Poor, "Nothing is heard"));
    command(&mut production, 25_100, Command::SetMuted { id: id("microphone"), muted: true });
    assert_eq!(health(&production), (HealthWord::Fair, "You are muted"));
}

#[test]
fn a_recording_that_stopped_lowers_the_word_until_it_goes_on_or_the_show_is_over() {
    let mut production = good();
    let stopped = || Input::Problem {
        severity: Severity::Alarm,
        refusal: Refusal::new("recording.disk_full", "The recording stopped"),
    };
    production.apply(UnixMs(3_000), stopped()).unwrap();
    assert_eq!(health(&production), (HealthWord::Fair, "Nothing is recorded"));
    let id = production.snapshot().notices[0].id;
    command(&mut production, 3_100, Command::DismissNotice { id });
    assert_eq!(health(&production), (HealthWord::Fair, "Nothing is recorded"), "read is not solved");
    production.apply(UnixMs(3_200), Input::Solved("recording.disk_full")).unwrap();
    assert_eq!(health(&production), (HealthWord::Good, ""));
    let earlier = Refusal::new("recording.unfinished", "An earlier one");
    production.apply(UnixMs(3_300), Input::Problem { severity: Severity::Alarm, refusal: earlier }).unwrap();
    assert_eq!(health(&production), (HealthWord::Good, ""), "that is not about this show");
}

#[test]
fn little_room_on_the_disk_lowers_the_word_and_says_how_little() {
    let mut production = good();
    for (free_bytes, minutes_left, word, room) in [
        (1_900_000_000, 95, HealthWord::Fair, "95 minutes"),
        (400_000_000, 1, HealthWord::Poor, "1 minute:"),
        (1_000_000, 0, HealthWord::Poor, "less than a minute"),
    ] {
        production.apply(UnixMs(3_000), Input::Disk(Disk { free_bytes, minutes_left })).unwrap();
        assert_eq!(health(&production), (word, "The disk is almost full"));
        assert!(production.snapshot().health.remedy.contains(room), "{}", production.snapshot().health.remedy);
    }
}

#[test]
fn a_destination_without_its_key_and_one_that_failed_lower_the_word() {
    let mut production = good();
    let address = "rtmp://example.org/app/{key}".to_owned();
    command(&mut production, 3_000, Command::AddDestination { address, key: None });
    assert_eq!(health(&production), (HealthWord::Fair, "A destination needs its key"));
    let id = production.snapshot().destinations[0].id;
    command(&mut production, 3_100, Command::SetDestinationKey { id, key: "abc".into() });
    assert_eq!(health(&production), (HealthWord::Good, ""));
    let state = DestinationState::Failed;
    let report = DestinationReport { id, state, code: "destination.refused", problem: "no".into(), kbps: 0 };
    production.apply(UnixMs(3_200), Input::Destination(report)).unwrap();
    assert_eq!(health(&production), (HealthWord::Fair, "A destination does not take the program"));
}

#[test]
fn no_device_at_all_is_not_good() {
    let production = on_air_with(with(&[]));
    assert_eq!(health(&production), (HealthWord::Poor, "There is no picture: people see a slate"));
    let production = on_air_with(with(&[(SourceKind::Camera, "test")]));
    assert_eq!(health(&production), (HealthWord::Good, ""), "a show without sound is one that was chosen");
    let mut found_none = with(&[(SourceKind::Camera, "test")]);
    found_none.first_mut(SourceKind::Microphone).choice = DeviceChoice::First;
    let production = on_air_with(found_none);
    assert_eq!(health(&production), (HealthWord::Fair, "No microphone was found: nothing is heard"));
}

#[test]
fn nothing_that_leaves_the_encoder_is_the_worst_of_all() {
    let mut production = good();
    source(&mut production, "camera", SourceState::Lost);
    let stats = Stats { program_ms: ProgramMs(9_000), fps: 0.0, ..Stats::default() };
    production.apply(UnixMs(9_000), Input::Stats(stats)).unwrap();
    assert_eq!(health(&production), (HealthWord::Down, "No pictures leave the encoder"));
}

#[test]
fn off_air_the_word_is_ready_or_what_is_missing() {
    let mut production = ready(with(&[(SourceKind::Microphone, "test")]));
    assert_eq!(health(&production), (HealthWord::Missing, "No camera"));
    assert_eq!(production.snapshot().health.remedy, "Choose one, or share the screen");
    command(&mut production, 1, Command::SelectSource { id: id("camera"), choice: DeviceChoice::Test });
    assert_eq!(health(&production), (HealthWord::Missing, "One moment"));
    source(&mut production, "camera", SourceState::Running);
    production.apply(UnixMs(2), Input::Content { id: id("camera"), black: false, still: false }).unwrap();
    production.apply(UnixMs(3), Input::Disk(Disk { free_bytes: 200_000_000_000, minutes_left: 9_000 })).unwrap();
    production.apply(UnixMs(4), Input::Page(Ok(()))).unwrap();
    assert_eq!(health(&production), (HealthWord::Ready, ""));
    command(&mut production, 5, Command::SetMuted { id: id("microphone"), muted: true });
    assert_eq!(health(&production), (HealthWord::Missing, "The microphone is muted"));
}

#[test]
fn this_network_without_a_network_is_not_good() {
    let mut production = ready(Setup { reach: Some(Reach::ThisNetwork), ..Setup::default() });
    let links = crate::Links { only_here: true, ..crate::Links::default() };
    production.apply(UnixMs(1), Input::Links(links)).unwrap();
    production.apply(UnixMs(2), Input::Page(Ok(()))).unwrap();
    let check = production.snapshot().checks.iter().find(|check| check.id == CheckId::Page).unwrap();
    assert_eq!(check.state, CheckState::Bad);
    assert!(check.text.contains("in no network"), "{}", check.text);
    production.apply(UnixMs(3), Input::Links(crate::Links::default())).unwrap();
    production.apply(UnixMs(4), Input::Page(Ok(()))).unwrap();
    let check = production.snapshot().checks.iter().find(|check| check.id == CheckId::Page).unwrap();
    assert_eq!(check.state, CheckState::Good);
}
