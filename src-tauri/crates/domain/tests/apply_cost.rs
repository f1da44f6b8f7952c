//! What one input costs the state machine when there is much to remember. Prints; promises nothing.

use std::time::Instant;

use domain::room::RoomNews;
use domain::{
    Canvas, EpisodeId, Input, Levels, Production, ProgramMs, PublicViewer, Replay, ReplayState, Said, Seq, Setup,
    ShowSlug, UnixMs, ViewerId,
};

const REPLAYS: u32 = 1_000;
const COMMENTS: u64 = 500;
const TIMES: u32 = 2_000;

fn id(number: u32) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

fn replay(number: u32) -> Replay {
    Replay {
        episode: EpisodeId::from_random(id(number)),
        show: ShowSlug::default(),
        title: format!("Episode {number}"),
        started_at: UnixMs(u64::from(number)),
        ended_at: Some(UnixMs(u64::from(number) + 60_000)),
        duration_ms: 60_000,
        bytes: 1_000_000,
        path: Some(format!("/home/ada/.local/share/antenne/recordings/2026-01-01-120000-studio-{number}.mp4")),
        hearts: 812,
        chat: 99,
        viewers: 41,
        state: ReplayState::Whole,
        expires_at: None,
    }
}

fn said(seq: u64) -> Said {
    let viewer = PublicViewer { id: ViewerId::from_random(id(1)), name: "Ada".into(), hue: 200, badge: None, n: None };
    Said { seq: Seq(seq), at_ms: ProgramMs(seq), viewer, text: format!("comment {seq}, and what one says besides") }
}

/// Microseconds an input, the same one many times.
fn microseconds(production: &mut Production, input: &Input) -> f64 {
    let began = Instant::now();
    for time in 0..TIMES {
        production.apply(UnixMs(1_000_000 + u64::from(time)), input.clone()).expect("an input that makes sense");
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

#[test]
fn what_an_input_costs_with_a_thousand_replays() {
    let mut production = Production::new(Setup::default(), Canvas::default(), true);
    production.apply(UnixMs(0), Input::Planned { episode: EpisodeId::from_random(id(0)), chat: Vec::new() }).unwrap();
    production.apply(UnixMs(0), Input::Library((0..REPLAYS).map(replay).collect())).unwrap();
    for seq in 0..COMMENTS {
        production.apply(UnixMs(0), Input::Room(RoomNews::Said(said(seq)))).unwrap();
    }
    let (levels, tick) = (Input::Levels(Levels::default()), Input::Tick);
    let (levels, tick) = (microseconds(&mut production, &levels), microseconds(&mut production, &tick));
    println!("{REPLAYS} replays, {COMMENTS} comments: levels {levels:.1} µs, a tick {tick:.1} µs");
    assert_eq!(production.snapshot().library.len(), REPLAYS as usize);
}
