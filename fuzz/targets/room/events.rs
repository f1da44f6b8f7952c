//! Events as bytes choose them, from few people and few words, so that they meet.

use domain::room::{ConnectionId, RoomEvent};
use domain::{OnPicture, ProgramMs, PublicViewer, Seq, ViewerId};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

/// Connections that may exist.
const CONNECTIONS: u8 = 9;
/// People that may exist.
const PEOPLE: u8 = 5;
/// How far behind the first comment's place one may be asked for.
const PLACES: u64 = 24;

/// Names and words: plain, empty, invisible, hostile.
pub(crate) const NAMES: [&str; 6] =
    ["Ada", "", " \u{200B} ", "\u{202E}Bob\u{0}", "日本語 ❤️", "e\u{301}\u{301}\u{301}\u{301}\u{301}"];

pub(crate) fn any_event(input: &mut Unstructured<'_>, first: Seq) -> Result<RoomEvent> {
    let connection = ConnectionId(input.int_in_range(0..=CONNECTIONS - 1)?.into());
    Ok(match input.int_in_range(0..=19_u8)? {
        0..=2 => joined(input, connection)?,
        3 => RoomEvent::Left { connection },
        4..=8 => RoomEvent::Say {
            connection,
            id: "c".to_owned(),
            text: words(input)?,
            name: name(input)?,
            at_ms: input.arbitrary::<Option<u64>>()?.map(ProgramMs),
        },
        9..=10 => RoomEvent::Hearts { connection, count: any_count(input)? },
        11..=13 => RoomEvent::Stored { seq: place(input, first)?, kept: input.ratio(7, 8)? },
        14 => RoomEvent::OnAir,
        15 => RoomEvent::Interrupted(input.arbitrary()?),
        // Seldom: nothing follows the end.
        16 if input.ratio(1, 16)? => RoomEvent::Ended { replay_url: name(input)? },
        16 => RoomEvent::OnPicture(if input.arbitrary()? { vec![OnPicture::Chat] } else { Vec::new() }),
        17 => RoomEvent::Remove(place(input, first)?),
        18 => RoomEvent::Mute { viewer: viewer(any_person(input)?), muted: input.arbitrary()? },
        _ if input.arbitrary()? => RoomEvent::Title(words(input)?),
        _ => RoomEvent::Tick,
    })
}

fn joined(input: &mut Unstructured<'_>, connection: ConnectionId) -> Result<RoomEvent> {
    let person = any_person(input)?;
    let known_as = if input.arbitrary()? { words(input)? } else { String::new() };
    let viewer = PublicViewer { id: viewer(person), name: known_as, hue: input.arbitrary()?, badge: None };
    Ok(RoomEvent::Joined { connection, viewer, name: name(input)?, token: "t".to_owned(), token_hash: [person; 32] })
}

fn any_person(input: &mut Unstructured<'_>) -> Result<u8> {
    input.int_in_range(0..=PEOPLE - 1)
}

fn viewer(person: u8) -> ViewerId {
    ViewerId::from_random([person; 16])
}

fn place(input: &mut Unstructured<'_>, first: Seq) -> Result<Seq> {
    Ok(Seq((first.0 + input.int_in_range(0..=PLACES)?).saturating_sub(1)))
}

fn any_count(input: &mut Unstructured<'_>) -> Result<u32> {
    if input.ratio(1, 8)? { input.arbitrary() } else { input.int_in_range(0..=51) }
}

fn name(input: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(if input.arbitrary()? { Some(words(input)?) } else { None })
}

fn words(input: &mut Unstructured<'_>) -> Result<String> {
    Ok(match input.int_in_range(0..=9_u8)? {
        0 => "x".repeat(input.int_in_range(498..=502_usize)?),
        1 => input.arbitrary::<&str>()?.chars().take(64).collect(),
        _ => (*input.choose(&NAMES)?).to_owned(),
    })
}
