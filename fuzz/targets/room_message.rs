//! One text frame of a viewer, as it could come over the wire.
#![no_main]

use audience::{Parsed, fuzz_room_message, parse_room_message};
use domain::FromViewer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz_room_message(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Parsed::Message(message) = parse_room_message(text) else { return };
    if let FromViewer::Say { id, .. } = &message {
        assert!(id.len() <= 64, "an id of {} bytes would be echoed", id.len());
    }
    let written = serde_json::to_string(&message).expect("a message can be written");
    assert_eq!(parse_room_message(&written), Parsed::Message(message), "what was understood reads the same again");
});
