//! Going live with, before and without a planned episode; and what a window makes of the events.

use super::{command, episode, id, on_air, ready, said};
use crate::room::RoomNews;
use crate::{
    Canvas, Command, Effect, Event, Input, Phase, Production, ProgramMs, Reach, Refusal, Replay, ReplayState, Seq,
    Setup, Snapshot, UnixMs,
};

fn unplanned(countdown: bool) -> Production {
    Production::new(Setup { countdown, ..Setup::default() }, Canvas::default(), true)
}

fn plans(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::PlanEpisode))
}

fn begins(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Begin { .. }))
}

fn planned() -> Input {
    Input::Planned { episode: episode(), chat: vec![said(1)] }
}

#[test]
fn going_live_without_a_planned_episode_plans_one_and_goes_on() {
    let mut production = unplanned(false);
    let effects = command(&mut production, 1_000, Command::GoLive);
    assert!(plans(&effects) && !begins(&effects));
    assert!(!begins(&production.apply(UnixMs(1_100), Input::Tick).unwrap()));
    assert!(begins(&production.apply(UnixMs(1_200), planned()).unwrap()));
    assert!(matches!(production.snapshot().phase, Phase::Starting { .. }));
}

#[test]
fn the_countdown_is_counted_also_where_the_plan_comes_first() {
    let mut production = unplanned(true);
    assert!(plans(&command(&mut production, 1_000, Command::GoLive)));
    assert!(!begins(&production.apply(UnixMs(1_200), planned()).unwrap()));
    assert!(begins(&production.apply(UnixMs(4_000), Input::Tick).unwrap()));
}

#[test]
fn waiting_for_the_plan_can_be_cancelled() {
    let mut production = unplanned(false);
    command(&mut production, 1_000, Command::GoLive);
    command(&mut production, 1_100, Command::End);
    assert!(!begins(&production.apply(UnixMs(1_200), planned()).unwrap()));
    assert_eq!(production.snapshot().phase, Phase::Idle);
}

#[test]
fn a_plan_that_fails_is_said_and_the_next_attempt_plans_again() {
    let mut production = unplanned(false);
    command(&mut production, 1_000, Command::GoLive);
    let reason = Refusal::new("archive.storage", "the archive did not answer");
    production.apply(UnixMs(1_100), Input::PlanFailed(reason.clone())).unwrap();
    assert_eq!(production.snapshot().phase, Phase::Failed { reason });
    assert_eq!(production.snapshot().notices.len(), 1);
    assert!(plans(&command(&mut production, 1_200, Command::GoLive)));
    assert!(begins(&production.apply(UnixMs(1_300), planned()).unwrap()));
    assert!(production.snapshot().notices.is_empty(), "it is over");
}

#[test]
fn a_plan_that_comes_late_changes_nothing_on_air() {
    let mut production = on_air();
    let before = production.snapshot().clone();
    assert!(production.apply(UnixMs(3_000), planned()).unwrap().is_empty());
    assert_eq!(production.snapshot().chat, before.chat);
}

#[test]
fn an_episode_that_could_not_begin_is_not_begun_again() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    command(&mut production, 1_000, Command::GoLive);
    production.apply(UnixMs(1_100), Input::BeginFailed(Refusal::new("engine.build", "no"))).unwrap();
    assert!(plans(&command(&mut production, 1_200, Command::GoLive)));
}

#[test]
fn a_service_that_moves_takes_the_plan_with_it() {
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    let effects = command(&mut production, 1_000, Command::SetReach { reach: Reach::ThisNetwork });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Listen)));
    assert!(plans(&command(&mut production, 1_100, Command::GoLive)), "it waits for the room at the new place");
}

#[test]
fn names_proxies_and_upload_move_the_service_off_air_only() {
    let network = |name: &str| Command::SetNetwork {
        host_names: vec![name.to_owned()],
        trusted_proxies: Vec::new(),
        upload_kbps: Some(8_000),
    };
    let listens = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Listen));
    let mut production = ready(Setup { countdown: false, ..Setup::default() });
    assert!(listens(&command(&mut production, 1_000, network("live.example.org"))));
    assert!(!listens(&command(&mut production, 1_050, network("live.example.org"))), "nothing changed");
    assert_eq!(production.snapshot().setup.host_names, ["live.example.org"]);
    assert!(plans(&command(&mut production, 1_100, Command::GoLive)), "it waits for the room at the new place");

    let mut production = on_air();
    let refused = production.apply(UnixMs(2_000), Input::Command(network("live.example.org"))).unwrap_err();
    assert_eq!(refused.code, "audience.on_air");
    assert!(production.snapshot().setup.host_names.is_empty());
}

/// What a window makes of an update.
fn follow(window: &mut Snapshot, event: Event) {
    match event {
        Event::Phase(phase) => window.phase = phase,
        Event::Setup(setup) => window.setup = setup,
        Event::Devices(devices) => window.devices = devices,
        Event::Sources(sources) => window.sources = sources,
        Event::Checks(checks) => window.checks = checks,
        Event::Destinations(destinations) => window.destinations = destinations,
        Event::Links(links) => window.links = links,
        Event::Audience(audience) => window.audience = audience,
        Event::OnProgram(on_program) => window.on_program = on_program,
        Event::Health(health) => window.health = health,
        Event::Disk(disk) => window.disk = Some(disk),
        Event::Library(library) => window.library = library,
        Event::Notices(notices) => window.notices = notices,
        Event::Removals(removals) => window.removals = removals,
        Event::Said(said) => {
            let at = window.chat.partition_point(|other| other.seq < said.seq);
            window.chat.insert(at, said);
        }
        Event::Removed(seq) => window.chat.retain(|said| said.seq != seq),
        Event::Moderation(moderation) => window.moderation = moderation,
        Event::ChatCleared => window.chat.clear(),
    }
}

fn replay() -> Replay {
    Replay {
        episode: episode(),
        show: crate::ShowSlug::default(),
        title: "One".into(),
        started_at: UnixMs(1),
        ended_at: None,
        duration_ms: 0,
        bytes: 0,
        path: None,
        hearts: 0,
        chat: 0,
        viewers: 0,
        state: ReplayState::Whole,
        expires_at: None,
    }
}

#[test]
fn a_window_that_follows_the_events_shows_what_a_snapshot_would() {
    let mut production = unplanned(false);
    let mut window = production.snapshot().clone();
    let inputs = [
        Input::Tick,
        Input::Devices(Vec::new()),
        planned(),
        Input::Library(vec![replay()]),
        Input::Command(Command::SetGain { id: id("microphone"), gain_db: -3.0 }),
        Input::Command(Command::AddDestination { address: "rtmp://h/live/x".into(), key: None }),
        Input::Command(Command::GoLive),
        Input::Began { at: UnixMs(1_000) },
        Input::Room(RoomNews::Said(said(2))),
        Input::Command(Command::ShowComment { seq: Seq(2) }),
        Input::Room(RoomNews::Hearts { at_ms: ProgramMs(1), hue: 1, count: 12, total: 12 }),
        Input::Room(RoomNews::Said(said(3))),
        Input::Room(RoomNews::Removed(Seq(2))),
        Input::Command(Command::RestoreMessage { seq: Seq(2) }),
        Input::Room(RoomNews::Removed(Seq(3))),
        Input::Stats(crate::Stats { fps: 30.0, ..crate::Stats::default() }),
        Input::Disk(crate::Disk { free_bytes: 1, minutes_left: 1 }),
        Input::Page(Ok(())),
        Input::Tick,
        Input::Command(Command::End),
        Input::EndedOnDisk,
        Input::Library(Vec::new()),
        Input::Command(Command::NewEpisode),
    ];
    for (at, input) in inputs.into_iter().enumerate() {
        let what = format!("{input:?}");
        for effect in production.apply(UnixMs(1_000 * at as u64), input).unwrap() {
            if let Effect::Emit(numbered) = effect {
                assert_eq!(numbered.number, window.number + 1, "{what}");
                window.number = numbered.number;
                follow(&mut window, numbered.event);
            }
        }
        assert_eq!(window, *production.snapshot(), "{what}");
    }
}
