//! Notices: one a cause, solved when their cause is gone, gone with their show.

use super::*;
use crate::{Act, Device, DeviceKind, Refusal, ReplayState, Severity};

fn camera(id: &str, name: &str) -> Device {
    let (id, name) = (id.to_owned(), name.to_owned());
    Device { kind: DeviceKind::Camera, id, name, detail: String::new(), unusable: None }
}

fn devices(production: &mut Production, found: &[(&str, &str)]) {
    let found = found.iter().map(|(id, name)| camera(id, name)).collect();
    production.apply(UnixMs(1), Input::Devices(found)).unwrap();
}

fn source(production: &mut Production, name: &str, state: SourceState) {
    production.apply(UnixMs(2), Input::Source { id: id(name), state, problem: None }).unwrap();
}

fn problem(production: &mut Production, severity: Severity, code: &str) {
    let refusal = Refusal::new(code, "It is so");
    production.apply(UnixMs(3_000), Input::Problem { severity, refusal }).unwrap();
}

fn codes(production: &Production) -> Vec<&str> {
    production.snapshot().notices.iter().map(|notice| notice.code.as_str()).collect()
}

fn quiet_since(production: &mut Production, at: u64) {
    let quiet = Levels { program_peak_db: [-90.0; 2], program_rms_db: [-90.0; 2], ..Levels::default() };
    production.apply(UnixMs(at), Input::Levels(quiet)).unwrap();
}

#[test]
fn a_lost_camera_is_said_by_its_name_until_it_is_back_and_another_is_offered() {
    let mut production = on_air_with(with(&[(SourceKind::Camera, "pipewire:cam1")]));
    devices(&mut production, &[("pipewire:cam1", "HD Pro Webcam"), ("v4l2:other", "Integrated Camera")]);
    source(&mut production, "camera", SourceState::Running);
    assert!(codes(&production).is_empty());
    devices(&mut production, &[("v4l2:other", "Integrated Camera")]);
    source(&mut production, "camera", SourceState::Lost);
    let notice = production.snapshot().notices[0].clone();
    assert_eq!((notice.code.as_str(), notice.severity), ("source.lost.camera", Severity::Alarm));
    assert!(notice.text.contains("“HD Pro Webcam” is lost"), "{}", notice.text);
    assert_eq!(production.snapshot().sources[0].name, "HD Pro Webcam");
    let offered = DeviceChoice::Device("v4l2:other".to_owned());
    let command = Box::new(Command::SelectSource { id: id("camera"), choice: offered });
    assert_eq!(notice.act, Some(Act { label: "Use “Integrated Camera”".to_owned(), command }));
    command_dismiss(&mut production, notice.id);
    production.apply(UnixMs(9_000), Input::Tick).unwrap();
    assert!(codes(&production).is_empty(), "read is read");
    source(&mut production, "camera", SourceState::Running);
    source(&mut production, "camera", SourceState::Lost);
    assert_eq!(codes(&production), ["source.lost.camera"], "it is another loss");
    source(&mut production, "camera", SourceState::Running);
    assert!(codes(&production).is_empty());
}

fn command_dismiss(production: &mut Production, id: crate::NoticeId) {
    command(production, 8_000, Command::DismissNotice { id });
}

#[test]
fn a_device_that_was_never_seen_is_not_called_by_its_id() {
    let production = on_air_with(with(&[(SourceKind::Camera, "pipewire:cam1")]));
    assert_eq!(production.snapshot().sources[0].name, "The camera chosen before");
}

#[test]
fn the_first_one_found_stays_that_one_on_air_and_no_other_takes_its_place() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let shown = |production: &Production| plan(production, PlanId(1)).sources.get(&id("camera")).cloned();
    let device = |name: &str| Some(SourceSpec::Device(SourceKind::Camera, name.to_owned()));
    devices(&mut production, &[("a", "A"), ("b", "B")]);
    devices(&mut production, &[("b", "B")]);
    assert_eq!(shown(&production), device("b"), "off air it is whatever comes first");
    devices(&mut production, &[("a", "A"), ("b", "B")]);
    command(&mut production, 1_000, Command::GoLive);
    production.apply(UnixMs(1_100), Input::Began { at: UnixMs(1_050) }).unwrap();
    production.apply(UnixMs(2_000), Input::Proof(Proof::Verified)).unwrap();
    source(&mut production, "camera", SourceState::Running);
    devices(&mut production, &[("b", "B")]);
    source(&mut production, "camera", SourceState::Lost);
    assert_eq!(shown(&production), device("a"));
    assert_eq!(production.snapshot().notices[0].act.as_ref().map(|act| act.label.as_str()), Some("Use “B”"));
    let choice = DeviceChoice::Device("b".to_owned());
    command(&mut production, 3_000, Command::SelectSource { id: id("camera"), choice });
    assert_eq!(shown(&production), device("b"), "the operator may");
    command(&mut production, 3_100, Command::SelectSource { id: id("camera"), choice: DeviceChoice::First });
    devices(&mut production, &[("a", "A"), ("b", "B")]);
    assert_eq!(shown(&production), device("b"), "and what is found then is pinned, too");
    command(&mut production, 4_000, Command::End);
    production.apply(UnixMs(5_000), Input::EndedOnDisk).unwrap();
    assert_eq!(shown(&production), device("a"), "off air the first one is the first one again");
}

#[test]
fn a_show_that_found_no_camera_takes_the_first_that_comes() {
    let mut production = on_air();
    devices(&mut production, &[("late", "Late")]);
    devices(&mut production, &[("earlier-in-the-list", "E"), ("late", "Late")]);
    let spec = plan(&production, PlanId(1)).sources.remove(&id("camera"));
    assert_eq!(spec, Some(SourceSpec::Device(SourceKind::Camera, "late".to_owned())));
}

#[test]
fn muted_on_purpose_is_no_alarm_and_nothing_chosen_is_no_silence() {
    let mut production = on_air_with(with(&[(SourceKind::Microphone, "test")]));
    command(&mut production, 3_000, Command::SetMuted { id: id("microphone"), muted: true });
    quiet_since(&mut production, 3_000);
    production.apply(UnixMs(60_000), Input::Tick).unwrap();
    let notice = production.snapshot().notices[0].clone();
    assert_eq!((notice.code.as_str(), notice.severity), ("audio.muted", Severity::Note));
    let unmute = notice.act.expect("it can be undone").command;
    command(&mut production, 60_100, *unmute);
    assert_eq!(codes(&production), ["audio.silent"], "open, and still nothing");

    for setup in [with(&[]), with(&[(SourceKind::Camera, "test")])] {
        let mut production = on_air_with(setup);
        quiet_since(&mut production, 3_000);
        let refusal = crate::Refusal::new("probe.silent", "Viewers hear nothing: look at the microphone");
        production.apply(UnixMs(4_000), Input::Problem { severity: Severity::Warning, refusal }).unwrap();
        production.apply(UnixMs(120_000), Input::Tick).unwrap();
        assert!(codes(&production).is_empty(), "{:?}", codes(&production));
    }
}

#[test]
fn a_lost_microphone_is_one_notice_and_not_two() {
    let mut production = on_air_with(with(&[(SourceKind::Microphone, "yeti")]));
    source(&mut production, "microphone", SourceState::Running);
    source(&mut production, "microphone", SourceState::Lost);
    quiet_since(&mut production, 3_000);
    production.apply(UnixMs(60_000), Input::Tick).unwrap();
    assert_eq!(codes(&production), ["source.lost.microphone"]);
}

#[test]
fn of_two_notices_about_the_same_the_newer_one_is_true() {
    let mut production = on_air();
    problem(&mut production, Severity::Alarm, "recording.disk_full");
    problem(&mut production, Severity::Alarm, "archive.disk_full");
    assert_eq!(codes(&production), ["recording.disk_full"]);
    production.apply(UnixMs(3_100), Input::Solved("recording.disk_full")).unwrap();
    problem(&mut production, Severity::Note, "recording.resumed");
    assert_eq!(codes(&production), ["recording.resumed"]);
    problem(&mut production, Severity::Alarm, "recording.unwritable");
    assert_eq!(codes(&production), ["recording.unwritable"]);
}

#[test]
fn a_new_show_begins_without_the_notices_of_the_last_one() {
    let mut production = on_air();
    for code in ["recording.disk_full", "audience.port_moved", "recording.unfinished", "probe.black"] {
        problem(&mut production, Severity::Alarm, code);
    }
    command(&mut production, 4_000, Command::End);
    production.apply(UnixMs(5_000), Input::EndedOnDisk).unwrap();
    command(&mut production, 6_000, Command::NewEpisode);
    assert_eq!(codes(&production), ["audience.port_moved", "recording.unfinished"], "what is still so stays");
}

#[test]
fn what_stands_of_somebody_who_is_muted_is_off_the_picture_at_once_and_nothing_more_gets_there() {
    let mut production = on_air();
    production.apply(UnixMs(3_000), Input::Room(RoomNews::Said(said(1)))).unwrap();
    command(&mut production, 3_100, Command::ShowComment { seq: Seq(1) });
    let voice = RoomNews::Voice { viewer: said(1).viewer.id, voice: crate::Voice::Muted };
    production.apply(UnixMs(3_200), Input::Room(voice)).unwrap();
    let graphics = production.graphics();
    assert!(graphics.comment.is_none() && graphics.chat.is_empty());
    assert_eq!(production.snapshot().on_program.comment, None);
    let shown = production.apply(UnixMs(3_300), Input::Command(Command::ShowComment { seq: Seq(1) }));
    assert_eq!(shown.unwrap_err().code, "chat.muted");
    let free = RoomNews::Voice { viewer: said(1).viewer.id, voice: crate::Voice::Free };
    production.apply(UnixMs(3_400), Input::Room(free)).unwrap();
    command(&mut production, 3_500, Command::ShowComment { seq: Seq(1) });
    assert!(production.graphics().comment.is_some());
}

fn retitled(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Retitle { title, .. } => Some(title.as_str()),
        _ => None,
    })
}

#[test]
fn the_last_title_wins_on_air_and_after_the_end_and_the_draft_stays() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let title = |title: &str| Command::SetTitle { title: title.to_owned() };
    assert_eq!(retitled(&command(&mut production, 500, title("Rdio"))), None, "nothing has that title yet");
    command(&mut production, 1_000, Command::GoLive);
    assert_eq!(retitled(&command(&mut production, 2_000, title("Radio "))), Some("Radio"));
    command(&mut production, 3_000, Command::End);
    assert_eq!(retitled(&command(&mut production, 3_100, title("Radio 1"))), Some("Radio 1"));
    production.apply(UnixMs(4_000), Input::EndedOnDisk).unwrap();
    assert_eq!(retitled(&command(&mut production, 4_100, title("Radio 2"))), Some("Radio 2"));
    command(&mut production, 5_000, Command::NewEpisode);
    assert_eq!(production.snapshot().setup.title, "Radio 2");

    let mut production = on_air();
    command(&mut production, 3_000, title("Once"));
    command(&mut production, 3_100, Command::End);
    production.apply(UnixMs(4_000), Input::EndedOnDisk).unwrap();
    command(&mut production, 5_000, Command::NewEpisode);
    assert_eq!(production.snapshot().setup.title, "", "a title of the last show is not the next one's");
}

#[test]
fn a_card_without_words_is_never_shown_and_the_show_has_a_name_that_can_be_changed() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let card = Input::Command(Command::SetTitleCard { visible: true });
    assert_eq!(production.apply(UnixMs(1), card).unwrap_err().code, "broadcast.no_title");
    command(&mut production, 2, Command::SetTitle { title: "Antennas".to_owned() });
    command(&mut production, 3, Command::SetTitleCard { visible: true });
    let show = |production: &Production| production.graphics().title.map(|card| card.show);
    assert_eq!(show(&production).as_deref(), Some(""), "nobody chose “studio”");
    let slug = |text: &str| crate::ShowSlug::parse(text).unwrap();
    let set = |name: &str, text: &str| Command::SetShow { name: name.to_owned(), slug: slug(text) };
    let effects = command(&mut production, 4, set("Late Night", "late-night"));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::MoveShow)));
    assert_eq!(production.episode(), None, "its room opens at the new address");
    assert_eq!(show(&production).as_deref(), Some("Late Night"));
    command(&mut production, 5, Command::SetTitle { title: String::new() });
    assert_eq!(show(&production), None);

    let mut production = on_air();
    let effects = command(&mut production, 3_000, set("On Air", "studio"));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::MoveShow)));
    assert_eq!(production.snapshot().setup.show_name, "On Air");
    let moved = production.apply(UnixMs(3_100), Input::Command(set("On Air", "elsewhere")));
    assert_eq!(moved.unwrap_err().code, "show.on_air");
}

#[test]
fn a_show_that_is_over_is_never_listed_as_being_recorded() {
    let mut production = on_air();
    let row = crate::Replay {
        episode: episode(),
        show: crate::ShowSlug::default(),
        title: "Full disk".to_owned(),
        started_at: UnixMs(1_000),
        ended_at: None,
        duration_ms: 0,
        bytes: 900_000,
        path: Some("/r.mp4".to_owned()),
        hearts: 0,
        chat: 0,
        viewers: 0,
        state: ReplayState::OnAir,
        expires_at: None,
    };
    let state = |production: &Production| production.snapshot().library[0].state;
    production.apply(UnixMs(2_000), Input::Library(vec![row.clone()])).unwrap();
    assert_eq!(state(&production), ReplayState::OnAir);
    command(&mut production, 4_000, Command::End);
    // The archive could not be told: its disk is full.
    production.apply(UnixMs(5_000), Input::Library(vec![row.clone()])).unwrap();
    let effects = production.apply(UnixMs(5_000), Input::EndedOnDisk).unwrap();
    assert_eq!(state(&production), ReplayState::Unfinished);
    let listed = |effect: &Effect| matches!(effect, Effect::Emit(numbered) if matches!(numbered.event, crate::Event::Library(_)));
    assert!(effects.iter().any(listed), "the window learns of it");
    production.apply(UnixMs(6_000), Input::Library(vec![row])).unwrap();
    assert_eq!(state(&production), ReplayState::Unfinished);
    command(&mut production, 7_000, Command::OpenReplayFolder { episode: episode() });
}

#[test]
fn a_wrong_key_is_corrected_and_a_new_show_finds_every_destination_fresh() {
    let mut production = on_air();
    let address = "rtmp://example.org/app/{key}".to_owned();
    command(&mut production, 3_000, Command::AddDestination { address, key: Some("wrong".into()) });
    let row = |production: &Production| production.snapshot().destinations[0].clone();
    let (id, report) = (row(&production).id, |state| DestinationReport {
        id: row(&production).id,
        state,
        code: "destination.refused",
        problem: "it said no".into(),
        kbps: 7,
    });
    let failed = report(DestinationState::Failed);
    production.apply(UnixMs(3_100), Input::Destination(failed.clone())).unwrap();
    assert!(row(&production).wants_key && row(&production).state == DestinationState::Failed);
    let effects = command(&mut production, 3_200, Command::SetDestinationKey { id, key: "right".into() });
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::AddDestination { key: Some(key), .. } if key.expose() == "right"))
    );
    assert_eq!((row(&production).state, row(&production).problem.as_str()), (DestinationState::Idle, ""));

    production.apply(UnixMs(3_300), Input::Destination(failed)).unwrap();
    command(&mut production, 4_000, Command::End);
    production.apply(UnixMs(5_000), Input::EndedOnDisk).unwrap();
    command(&mut production, 6_000, Command::NewEpisode);
    assert_eq!(
        (row(&production).state, row(&production).problem.as_str(), row(&production).kbps),
        (DestinationState::Idle, "", 0)
    );
}

#[test]
fn a_key_that_was_written_inside_the_address_is_changed_and_the_address_is_remembered_nowhere() {
    let cases = [
        ("rtmp://h/live/old", "live", "n/e?w=="),
        ("rtmps://u:p@h:444/live/room/old?sign=aZ/9+b==&t=1", "live/room", "new"),
        ("rtmp://h/live?token=s3cret/old", "live?token=s3cret", "new"),
    ];
    for (address, application, key) in cases {
        let mut production = on_air();
        command(&mut production, 3_000, Command::AddDestination { address: address.into(), key: None });
        let id = production.snapshot().destinations[0].id;
        assert!(!production.snapshot().destinations[0].wants_key);
        let effects = command(&mut production, 3_100, Command::SetDestinationKey { id, key: key.into() });
        let pushed = effects.iter().find_map(|effect| match effect {
            Effect::AddDestination { address, key, .. } => Some(address.target(key.as_ref())),
            _ => None,
        });
        let pushed = pushed.expect("it is pushed again");
        assert_eq!((pushed.application.expose(), pushed.stream.expose()), (application, key));
        assert!(matches!(&effects[0], Effect::RemoveDestination(gone) if *gone == id), "{effects:?}");
        assert!(!production.snapshot().destinations[0].key_missing);
        assert!(production.snapshot().setup.destinations.is_empty(), "{address}");
        // Once more: nothing of the key before is left.
        let effects = command(&mut production, 3_200, Command::SetDestinationKey { id, key: "third".into() });
        let third = |effect: &Effect| {
            matches!(effect, Effect::AddDestination { address, key, .. }
            if address.target(key.as_ref()).stream.expose() == "third")
        };
        assert!(effects.iter().any(third), "{effects:?}");
        let text = serde_json::to_string(production.snapshot()).unwrap();
        assert!(!text.contains("old") && !text.contains("third") && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn the_waiting_slate_takes_the_sources_place_with_the_title_and_begins_the_show() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let words = |production: &Production| {
        let plan = crate::plan(production, PlanId(1));
        assert!(plan.slate.is_none() || plan.program.layers.is_empty(), "nothing else is shown");
        plan.slate.map(|slate| (slate.headline, slate.line))
    };
    let said = |headline: &str, line: &str| Some((headline.to_owned(), line.to_owned()));
    assert_eq!(words(&production), None);
    let effects = command(&mut production, 1, Command::SetSlate { visible: true });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ShowPlan)));
    assert_eq!(words(&production), said("Starting soon", ""));
    let effects = command(&mut production, 2, Command::SetTitle { title: "Antennas".to_owned() });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ShowPlan)), "the new title is shown");
    assert_eq!(words(&production), said("Antennas", "Starting soon"));
    assert!(command(&mut production, 3, Command::GoLive).iter().any(|effect| matches!(effect, Effect::Begin { .. })));
    assert_eq!(words(&production), said("Antennas", "Starting soon"), "the show begins with it");
    command(&mut production, 4, Command::SetSlate { visible: false });
    assert_eq!(words(&production), None);
    command(&mut production, 5, Command::SetSlate { visible: true });
    command(&mut production, 6, Command::End);
    assert_eq!(words(&production), None, "the next show chooses anew");
}
