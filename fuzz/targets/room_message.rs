//! One text frame of a viewer, as it could come over the wire.
#![no_main]

use audience::{Parsed, fuzz_room_message, parse_room_message};
use domain::FromViewer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_room_message(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let message = match parse_room_message(text) {
        Parsed::Message(message) => message,
        Parsed::Unreadable { id } => return assert_short(id.as_deref()),
        Parsed::Ignored | Parsed::Malformed => return,
    };
    match &message {
        FromViewer::Say { id, .. } => assert_short(Some(id)),
        FromViewer::Rename { id, .. } => assert_short(id.as_deref()),
        FromViewer::Hello { .. } | FromViewer::Hearts { .. } => {}
    }
    let written = serde_json::to_string(&message).expect("a message can be written");
    assert_eq!(parse_room_message(&written), Parsed::Message(message), "what was understood reads the same again");
});

fn assert_short(id: Option<&str>) {
    assert!(id.is_none_or(|id| id.len() <= 64), "an id of {id:?} would be echoed");
}
