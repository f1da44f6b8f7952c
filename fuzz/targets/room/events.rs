//! Events as bytes choose them, from few people and few words, so that they meet.

use domain::room::{ConnectionId, HostOrder, Page, Place, RoomInput, Stored, ViewerEvent};
use domain::{OnPicture, PageId, ProgramMs, PublicViewer, Seq, ViewerId, Voice};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

/// Connections that may exist.
const CONNECTIONS: u8 = 9;
/// People that may exist.
const PEOPLE: u8 = 5;
/// The greatest id that a page gives to a comment: so few that they are repeated.
const IDS: u8 = 7;
/// How far behind the first comment's place one may be asked for.
const PLACES: u64 = 24;

/// Names and words: plain, empty, invisible, hostile.
pub(crate) const NAMES: [&str; 6] =
    ["Ada", "", " \u{200B} ", "\u{202E}Bob\u{0}", "日本語 ❤️", "e\u{301}\u{301}\u{301}\u{301}\u{301}"];

pub(crate) fn any_event(input: &mut Unstructured<'_>, first: Seq) -> Result<RoomInput> {
    let connection = ConnectionId(input.int_in_range(0..=CONNECTIONS - 1)?.into());
    Ok(match input.int_in_range(0..=19_u8)? {
        0..=2 => joined(input, connection)?,
        3 => RoomInput::Viewer(ViewerEvent::Left { connection }),
        4..=8 => RoomInput::Viewer(ViewerEvent::Say {
            connection,
            id: input.int_in_range(0..=IDS)?.to_string(),
            text: words(input)?,
            name: name(input)?,
            at_ms: input.arbitrary::<Option<u64>>()?.map(ProgramMs),
        }),
        9..=10 => RoomInput::Viewer(ViewerEvent::Hearts { connection, count: any_count(input)? }),
        11..=13 if input.ratio(7, 8)? => RoomInput::Stored(place(input, first)?, Stored::Kept),
        11..=12 => RoomInput::Stored(place(input, first)?, Stored::Failed),
        13 => RoomInput::Stored(place(input, first)?, Stored::Repeated(place(input, first)?)),
        14 => RoomInput::Host(HostOrder::OnAir),
        15 => RoomInput::Host(HostOrder::Interrupted(input.arbitrary()?)),
        // Seldom: nothing follows the end.
        16 if input.ratio(1, 16)? => RoomInput::Host(HostOrder::Ended { replay_url: name(input)? }),
        16 => RoomInput::Host(HostOrder::OnPicture(if input.arbitrary()? { vec![OnPicture::Chat] } else { Vec::new() })),
        17 if input.ratio(1, 4)? => RoomInput::Host(HostOrder::Say(words(input)?)),
        17 => RoomInput::Host(HostOrder::Remove(place(input, first)?)),
        18 if input.ratio(1, 4)? => {
            let (id, name) = (None, words(input)?);
            RoomInput::Viewer(ViewerEvent::Rename { connection, id, name })
        }
        18 if input.ratio(1, 4)? => RoomInput::Host(HostOrder::LetIn { viewer: viewer(any_person(input)?) }),
        18 => {
            let voice = *input.choose(&[Voice::Free, Voice::Muted, Voice::Ejected])?;
            RoomInput::Host(HostOrder::Voice { viewer: viewer(any_person(input)?), voice })
        }
        _ if input.arbitrary()? => RoomInput::Host(HostOrder::Title(words(input)?)),
        _ if input.arbitrary()? => RoomInput::Flush,
        _ => RoomInput::Tick,
    })
}

fn joined(input: &mut Unstructured<'_>, connection: ConnectionId) -> Result<RoomInput> {
    let person = any_person(input)?;
    let known_as = if input.arbitrary()? { words(input)? } else { String::new() };
    let viewer = PublicViewer { id: viewer(person), name: known_as, hue: input.arbitrary()?, badge: None, n: None };
    let page = PageId::from_random([person; 16]);
    let page = if input.arbitrary()? { Page::Theirs(page) } else { Page::Ours(PageId::from_random(input.arbitrary()?)) };
    let (name, token) = (name(input)?, "t".to_owned());
    let (token_hash, place) = ([person; 32], input.arbitrary::<Option<bool>>()?.map(|home| Place([home.into(); 16])));
    Ok(RoomInput::Viewer(ViewerEvent::Joined { connection, viewer, name, token, token_hash, page, place }))
}

fn any_person(input: &mut Unstructured<'_>) -> Result<u8> {
    input.int_in_range(1..=PEOPLE)
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
