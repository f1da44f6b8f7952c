use super::*;
use crate::room::RoomNews;
use crate::{
    CheckId, CheckState, Command, Composition, DestinationReport, DestinationState, DeviceChoice, Layer, Layout,
    Levels, PlanId, ProgramMs, Proof, PublicViewer, Rect, Seq, SourceKind, SourceSpec, SourceState, Stats, Strip,
    ViewerId, plan,
};

mod health;
mod moderation;
mod planning;
mod removals;
mod standing;

fn episode() -> EpisodeId {
    EpisodeId::from_random([7; 16])
}

fn id(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

/// A setup in which these were chosen, and nothing else.
fn with(chosen: &[(SourceKind, &str)]) -> Setup {
    let mut setup = Setup::default();
    setup.sources.iter_mut().for_each(|source| source.choice = DeviceChoice::None);
    for (kind, choice) in chosen {
        setup.first_mut(*kind).choice = DeviceChoice::parse(choice);
    }
    setup
}

fn ready(setup: Setup) -> Production {
    let mut production = Production::new(setup, Canvas::default(), true);
    production.apply(UnixMs(0), Input::Planned { episode: episode(), chat: Vec::new() }).unwrap();
    production
}

fn said(seq: u64) -> Said {
    let viewer =
        PublicViewer { id: ViewerId::from_random([1; 16]), name: "Ada".into(), hue: 200, badge: None, n: None };
    Said { seq: Seq(seq), at_ms: ProgramMs(5), viewer, text: format!("comment {seq}") }
}

fn command(production: &mut Production, now: u64, command: Command) -> Vec<Effect> {
    production.apply(UnixMs(now), Input::Command(command)).unwrap()
}

fn on_air() -> Production {
    on_air_with(Setup::default())
}

fn on_air_with(setup: Setup) -> Production {
    let mut production = ready(Setup { countdown: false, ..setup });
    command(&mut production, 1_000, Command::GoLive);
    production.apply(UnixMs(1_100), Input::Began { at: UnixMs(1_050) }).unwrap();
    production.apply(UnixMs(2_000), Input::Proof(Proof::Verified)).unwrap();
    production
}

#[test]
fn the_countdown_ends_in_starting_and_can_be_cancelled() {
    let mut production = ready(Setup::default());
    command(&mut production, 10_000, Command::GoLive);
    assert_eq!(production.snapshot().phase, Phase::CountingDown { until: UnixMs(13_000) });
    command(&mut production, 11_000, Command::End);
    assert_eq!(production.snapshot().phase, Phase::Idle);
    command(&mut production, 12_000, Command::GoLive);
    let effects = production.apply(UnixMs(15_000), Input::Tick).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Begin { .. })));
    assert!(matches!(production.snapshot().phase, Phase::Starting { .. }));
}

#[test]
fn a_clock_set_back_does_not_hold_the_countdown() {
    let mut production = ready(Setup::default());
    command(&mut production, 100_000_000, Command::GoLive);
    production.apply(UnixMs(5_000), Input::Tick).unwrap();
    production.apply(UnixMs(8_000), Input::Tick).unwrap();
    assert!(matches!(production.snapshot().phase, Phase::Starting { .. }));
}

#[test]
fn on_air_needs_a_proof_or_eight_seconds_and_then_says_why() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    command(&mut production, 0, Command::GoLive);
    let effects = production.apply(UnixMs(100), Input::Began { at: UnixMs(100) }).unwrap();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Probe)));
    production.apply(UnixMs(8_099), Input::Tick).unwrap();
    assert!(matches!(production.snapshot().phase, Phase::Starting { .. }));
    production.apply(UnixMs(8_100), Input::Tick).unwrap();
    assert!(
        matches!(&production.snapshot().phase, Phase::OnAir { proof: Proof::Unverified { reason }, .. } if !reason.is_empty())
    );
    production.apply(UnixMs(9_000), Input::Proof(Proof::Verified)).unwrap();
    assert!(matches!(production.snapshot().phase, Phase::OnAir { proof: Proof::Verified, .. }));
}

#[test]
fn a_show_goes_from_start_to_replay_to_the_next_one() {
    let mut production = on_air();
    let effects = command(&mut production, 60_000, Command::End);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::End { .. })));
    production.apply(UnixMs(61_000), Input::EndedOnDisk).unwrap();
    assert_eq!(production.snapshot().phase, Phase::Ended { episode: episode() });
    let effects = command(&mut production, 62_000, Command::NewEpisode);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::PlanEpisode)));
    assert_eq!(production.snapshot().phase, Phase::Idle);
}

#[test]
fn every_input_is_answered_in_every_phase() {
    let phases = [
        Phase::Idle,
        Phase::CountingDown { until: UnixMs(5) },
        Phase::Starting { episode: episode(), since: UnixMs(1) },
        Phase::OnAir { episode: episode(), since: UnixMs(1), proof: Proof::Verified },
        Phase::Ending { episode: episode() },
        Phase::Ended { episode: episode() },
        Phase::Failed { reason: Refusal::new("a.b", "c") },
    ];
    let inputs = || {
        vec![
            Input::Tick,
            Input::Command(Command::GoLive),
            Input::Command(Command::End),
            Input::Command(Command::NewEpisode),
            Input::Command(Command::ShowComment { seq: Seq(1) }),
            Input::Began { at: UnixMs(3) },
            Input::BeginFailed(Refusal::new("a.b", "c")),
            Input::Proof(Proof::Verified),
            Input::EndedOnDisk,
            Input::Room(RoomNews::Said(said(1))),
            Input::Room(RoomNews::Removed(Seq(1))),
            Input::Stats(Stats::default()),
            Input::Devices(Vec::new()),
        ]
    };
    for phase in phases {
        for input in inputs() {
            let mut production = ready(Setup::default());
            production.snapshot.phase = phase.clone();
            let before = production.snapshot.clone();
            if production.apply(UnixMs(9), input).is_err() {
                assert_eq!(production.snapshot, before, "a refusal changes nothing");
            }
        }
    }
}

#[test]
fn event_numbers_have_no_gap() {
    let mut production = on_air();
    let before = production.snapshot().number;
    let effects = production.apply(UnixMs(3_000), Input::Room(RoomNews::Said(said(1)))).unwrap();
    let numbers: Vec<u64> = effects
        .iter()
        .filter_map(|effect| if let Effect::Emit(numbered) = effect { Some(numbered.number) } else { None })
        .collect();
    assert!(!numbers.is_empty());
    assert_eq!(numbers, (before + 1..=production.snapshot().number).collect::<Vec<_>>());
}

#[test]
fn a_removed_comment_is_nowhere() {
    let mut production = on_air();
    production.apply(UnixMs(3_000), Input::Room(RoomNews::Said(said(1)))).unwrap();
    command(&mut production, 3_100, Command::ShowComment { seq: Seq(1) });
    assert!(production.graphics().comment.is_some() && production.graphics().chat.len() == 1);
    production.apply(UnixMs(3_200), Input::Room(RoomNews::Removed(Seq(1)))).unwrap();
    assert_eq!(production.graphics(), Graphics { hearts: true, ..Graphics::default() });
    assert!(production.snapshot().chat.is_empty());
}

#[test]
fn cards_are_five_at_most_and_leave_after_twelve_seconds() {
    let mut production = on_air();
    for seq in 0..8 {
        production.apply(UnixMs(3_000 + seq), Input::Room(RoomNews::Said(said(seq)))).unwrap();
    }
    assert_eq!(production.graphics().chat.iter().map(|card| card.seq.0).collect::<Vec<_>>(), [3, 4, 5, 6, 7]);
    let effects = production.apply(UnixMs(15_100), Input::Tick).unwrap();
    assert!(production.graphics().chat.is_empty());
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ShowPlan)));
}

#[test]
fn the_operator_switches_the_audience_off_the_picture_and_the_page_follows() {
    let mut production = on_air();
    production.apply(UnixMs(3_000), Input::Room(RoomNews::Said(said(1)))).unwrap();
    assert_eq!(production.on_picture(), [OnPicture::Chat, OnPicture::Hearts]);
    let effects = command(&mut production, 4_000, Command::SetOverlay { overlay: Overlay::NONE });
    assert!(production.graphics().chat.is_empty() && production.on_picture().is_empty());
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::UpdateRoom { on_picture, .. } if on_picture.is_empty()))
    );
}

#[test]
fn a_plan_shows_what_was_chosen() {
    let mut production = ready(with(&[(SourceKind::Camera, "test"), (SourceKind::Screen, "test")]));
    command(&mut production, 1, Command::SetLayout { layout: Layout::Corner });
    let plan = plan(&production, PlanId(1));
    let open = [("camera", SourceKind::Camera), ("screen", SourceKind::Screen)];
    assert_eq!(plan.sources, open.map(|(name, kind)| (id(name), SourceSpec::Test(kind))).into());
    let shown: Vec<&str> = plan.program.layers.iter().map(|layer| layer.source.as_str()).collect();
    assert_eq!(shown, ["screen", "camera"]);
}

#[test]
fn a_destination_without_its_key_waits_for_it() {
    let mut production = ready(Setup::default());
    let add = Command::AddDestination { address: "rtmp://h/live/{key}".into(), key: None };
    let effects = command(&mut production, 1, add);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::AddDestination { .. })));
    assert!(production.snapshot().destinations[0].key_missing);
    let effects = command(&mut production, 2, Command::SetDestinationKey { id: DestinationId(0), key: "k3y".into() });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::AddDestination { .. })));
    let everything = format!("{:?} {effects:?}", production.snapshot());
    assert!(!everything.contains("k3y"), "{everything}");
}

#[test]
fn a_destination_with_its_key_in_the_address_is_never_remembered() {
    let mut production = ready(Setup::default());
    command(&mut production, 1, Command::AddDestination { address: "rtmp://h/live/s3cret".into(), key: None });
    assert!(production.snapshot().setup.destinations.is_empty());
    assert_eq!(production.snapshot().destinations[0].host, "h");
    let report = DestinationReport {
        id: DestinationId(0),
        state: DestinationState::Retrying,
        code: "destination.silent",
        problem: "silent".into(),
        kbps: 0,
    };
    production.apply(UnixMs(2), Input::Destination(report)).unwrap();
    assert_eq!(production.snapshot().destinations[0].state, DestinationState::Retrying);
}

#[test]
fn silence_on_air_is_a_warning_and_then_an_alarm_until_something_is_heard() {
    let mut production = on_air_with(with(&[(SourceKind::Microphone, "test")]));
    let quiet = Levels { program_peak_db: [-90.0; 2], program_rms_db: [-90.0; 2], ..Levels::default() };
    let loud = Levels { program_peak_db: [-10.0; 2], ..quiet.clone() };
    let severity = |production: &Production| production.snapshot().notices.first().map(|notice| notice.severity);
    production.apply(UnixMs(10_000), Input::Levels(quiet)).unwrap();
    production.apply(UnixMs(14_000), Input::Tick).unwrap();
    assert_eq!(severity(&production), None);
    production.apply(UnixMs(15_000), Input::Tick).unwrap();
    assert_eq!(severity(&production), Some(Severity::Warning));
    let id = production.snapshot().notices[0].id;
    command(&mut production, 15_100, Command::DismissNotice { id });
    production.apply(UnixMs(16_000), Input::Tick).unwrap();
    assert_eq!(severity(&production), None, "dismissed is dismissed, until it gets worse");
    production.apply(UnixMs(25_000), Input::Tick).unwrap();
    assert_eq!(severity(&production), Some(Severity::Alarm));
    production.apply(UnixMs(25_100), Input::Levels(loud)).unwrap();
    production.apply(UnixMs(25_200), Input::Tick).unwrap();
    assert_eq!(severity(&production), None);
}

#[test]
fn what_was_wrong_with_the_air_is_not_said_any_more_when_the_show_is_over() {
    let mut production = on_air_with(with(&[(SourceKind::Microphone, "test")]));
    for code in ["probe.silent", "recording.disk_full", "probe.still", "probe.black"] {
        let refusal = crate::Refusal::new(code, "It is so");
        production.apply(UnixMs(3_000), Input::Problem { severity: Severity::Warning, refusal }).unwrap();
    }
    command(&mut production, 4_000, Command::End);
    assert_eq!(production.snapshot().notices.len(), 4);
    production.apply(UnixMs(5_000), Input::EndedOnDisk).unwrap();
    let codes: Vec<_> = production.snapshot().notices.iter().map(|notice| notice.code.as_str()).collect();
    assert_eq!(codes, ["recording.disk_full"], "what is still to be done stays");
}

#[test]
fn silence_before_the_show_does_not_count() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let quiet = Levels { program_peak_db: [-90.0; 2], program_rms_db: [-90.0; 2], ..Levels::default() };
    production.apply(UnixMs(1_000), Input::Levels(quiet)).unwrap();
    command(&mut production, 60_000, Command::GoLive);
    production.apply(UnixMs(60_100), Input::Began { at: UnixMs(60_100) }).unwrap();
    production.apply(UnixMs(62_000), Input::Proof(Proof::Verified)).unwrap();
    production.apply(UnixMs(64_000), Input::Tick).unwrap();
    assert!(production.snapshot().notices.is_empty());
}

#[test]
fn the_check_list_says_what_was_seen() {
    let mut production = ready(with(&[(SourceKind::Camera, "test")]));
    let state =
        |production: &Production, id| production.snapshot().checks.iter().find(|check| check.id == id).unwrap().state;
    assert_eq!(state(&production, CheckId::Camera), CheckState::Waiting);
    let running = Input::Source { id: id("camera"), state: SourceState::Running, problem: None };
    production.apply(UnixMs(1), running).unwrap();
    production.apply(UnixMs(2), Input::Content { id: id("camera"), black: true, still: true }).unwrap();
    assert_eq!(state(&production, CheckId::Camera), CheckState::Bad);
    production.apply(UnixMs(3), Input::Content { id: id("camera"), black: false, still: false }).unwrap();
    assert_eq!(state(&production, CheckId::Camera), CheckState::Good);
    production.apply(UnixMs(4), Input::Page(Err("refused".into()))).unwrap();
    assert_eq!(state(&production, CheckId::Page), CheckState::Bad);
}

#[test]
fn any_number_of_sources_is_added_placed_chosen_and_removed_on_air() {
    let mut production = on_air();
    for _ in 0..8 {
        command(&mut production, 3_000, Command::AddSource { kind: SourceKind::Camera, choice: DeviceChoice::Test });
        let microphone = SourceKind::Microphone;
        command(&mut production, 3_000, Command::AddSource { kind: microphone, choice: DeviceChoice::Test });
    }
    let rect = |n: u32| Rect { x: 20 * n, y: 20, width: 320, height: 180 };
    let layers = (2..=9).map(|n| Layer::new(id(&format!("camera-{n}")), rect(n))).collect();
    let composition = Composition { layers };
    let set = Command::SetComposition { composition: Some(composition.clone()) };
    let effects = command(&mut production, 3_100, set);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ShowPlan)));
    command(&mut production, 3_200, Command::SetGain { id: id("microphone-3"), gain_db: 6.0 });
    command(&mut production, 3_200, Command::SetMuted { id: id("microphone-4"), muted: true });
    let target = plan(&production, PlanId(1));
    assert_eq!((target.sources.len(), target.program), (16, composition));
    assert_eq!(target.strips[&id("microphone-3")], Strip { gain_db: 6.0, muted: false });
    assert!(target.strips[&id("microphone-4")].muted && !target.strips[&id("microphone-5")].muted);
    command(&mut production, 3_300, Command::RemoveSource { id: id("camera-4") });
    let target = plan(&production, PlanId(2));
    assert!(!target.sources.contains_key(&id("camera-4")));
    assert!(
        target.program.layers.iter().all(|layer| layer.source != id("camera-4")) && target.program.layers.len() == 7
    );
    command(&mut production, 3_400, Command::AddSource { kind: SourceKind::Camera, choice: DeviceChoice::None });
    assert!(production.snapshot().sources.iter().any(|row| row.id == id("camera-4") && row.state == SourceState::Off));
    command(&mut production, 3_500, Command::SetLayout { layout: Layout::Solo });
    assert_eq!(production.snapshot().setup.composition, None, "the layout decides again");
}

#[test]
fn commands_about_sources_that_make_no_sense_are_refused_and_change_nothing() {
    let mut production = ready(Setup::default());
    let place = |source: &str, x, width| {
        let rect = Rect { x, y: 0, width, height: 180 };
        Command::SetComposition { composition: Some(Composition { layers: vec![Layer::new(id(source), rect)] }) }
    };
    let long = "x".repeat(5_000);
    let refused = [
        Command::SelectSource { id: id("nobody"), choice: DeviceChoice::Test },
        Command::SelectSource { id: id("camera"), choice: DeviceChoice::Device(long) },
        Command::SelectSource { id: id("camera"), choice: DeviceChoice::Image("a\nb".into()) },
        Command::SelectSource { id: id("microphone"), choice: DeviceChoice::Image("/a.png".into()) },
        Command::AddSource { kind: SourceKind::Microphone, choice: DeviceChoice::Image("/a.png".into()) },
        Command::RemoveSource { id: id("nobody") },
        Command::SetGain { id: id("camera"), gain_db: 0.0 },
        Command::SetGain { id: id("microphone"), gain_db: f32::NAN },
        Command::SetMuted { id: id("nobody"), muted: true },
        place("nobody", 0, 320),
        place("microphone", 0, 320),
        place("camera", 1, 320),
        place("camera", 0, 0),
        place("camera", 1 << 20, 320),
        Command::SetComposition {
            composition: Some(Composition { layers: vec![Layer::new(id("camera"), Canvas::default().rect()); 65] }),
        },
    ];
    for command in refused {
        let before = production.snapshot().clone();
        assert!(production.apply(UnixMs(1), Input::Command(command.clone())).is_err(), "{command:?}");
        assert_eq!(*production.snapshot(), before);
    }
    let add = || Command::AddSource { kind: SourceKind::Screen, choice: DeviceChoice::None };
    while production.snapshot().setup.sources.len() < 64 {
        command(&mut production, 1, add());
    }
    assert!(production.apply(UnixMs(1), Input::Command(add())).is_err());
}

#[test]
fn a_check_is_about_the_first_source_of_its_kind_that_is_chosen() {
    let mut production = ready(with(&[(SourceKind::Microphone, "none")]));
    command(&mut production, 1, Command::AddSource { kind: SourceKind::Microphone, choice: DeviceChoice::Test });
    let running = Input::Source { id: id("microphone-2"), state: SourceState::Running, problem: None };
    production.apply(UnixMs(1), running).unwrap();
    let loud = Levels { sources_peak_db: [(id("microphone-2"), -10.0)].into(), ..Levels::default() };
    production.apply(UnixMs(2), Input::Levels(loud)).unwrap();
    let check = production.snapshot().checks.iter().find(|check| check.id == CheckId::Microphone).unwrap();
    assert_eq!(check.state, CheckState::Good);
}
