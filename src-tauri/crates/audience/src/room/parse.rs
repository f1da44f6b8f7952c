//! What a viewer's frame says: parsed once, at the edge.

use domain::FromViewer;
use domain::room::limits::ID_BYTES;
use serde_json::{Map, Value};

/// What a frame says.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// This.
    Message(FromViewer),
    /// Something of a later version: nothing.
    Ignored,
    /// Not the protocol.
    Malformed,
}

/// Reads one text frame. Unknown types and fields are ignored; a known type whose fields have the
/// wrong form is malformed. Never panics.
#[must_use]
pub fn parse_room_message(text: &str) -> Parsed {
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(text) else { return Parsed::Malformed };
    match fields.get("type").and_then(Value::as_str) {
        Some("hello" | "say" | "hearts") => {}
        Some(_) => return Parsed::Ignored,
        None => return Parsed::Malformed,
    }
    if let Some(at_ms) = fields.get_mut("at_ms") {
        *at_ms = whole(at_ms);
    }
    match serde_json::from_value(Value::Object(fields)) {
        Ok(FromViewer::Say { id, .. }) if id.len() > ID_BYTES => Parsed::Malformed,
        Ok(message) => Parsed::Message(message),
        Err(_) => Parsed::Malformed,
    }
}

/// A program time as a page's clock says it: a number, perhaps with a fraction. One that cannot
/// be is none, and the room takes its own.
fn whole(at_ms: &Value) -> Value {
    match (at_ms.as_u64(), at_ms.as_f64()) {
        (Some(whole), _) => whole.into(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked; casts saturate")]
        (None, Some(fraction)) if fraction >= 0.0 => (fraction as u64).into(),
        _ => Value::Null,
    }
}

/// For fuzzing: any bytes, as they could come over the wire.
pub fn fuzz_room_message(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = parse_room_message(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ProgramMs;

    fn say(at_ms: Option<u64>) -> Parsed {
        let (id, text) = ("c1".to_owned(), "hi".to_owned());
        Parsed::Message(FromViewer::Say { id, text, name: None, at_ms: at_ms.map(ProgramMs) })
    }

    #[test]
    fn the_protocol_is_understood() {
        let hello = |page| Parsed::Message(FromViewer::Hello { name: Some("Ada".to_owned()), token: None, page });
        assert_eq!(parse_room_message(r#"{"type":"hello","name":"Ada","token":null}"#), hello(None));
        let page = "0123456789abcdef0123456789abcdef";
        let with_page = |page: &str| parse_room_message(&format!(r#"{{"type":"hello","name":"Ada","page":{page}}}"#));
        assert_eq!(with_page(&format!("\"{page}\"")), hello(domain::PageId::parse(page)));
        for none in ["null", "\"\"", "\"short\"", "\"0123456789ABCDEF0123456789ABCDEF\""] {
            assert_eq!(with_page(none), hello(None), "{none}");
        }
        assert_eq!(parse_room_message(r#"{"type":"say","id":"c1","text":"hi","at_ms":81234}"#), say(Some(81234)));
        assert_eq!(parse_room_message(r#"{"type":"say","id":"c1","text":"hi","at_ms":81234.7}"#), say(Some(81234)));
        for none in ["null", "-1", "1e400", "\"x\"", "{}"] {
            let text = format!(r#"{{"type":"say","id":"c1","text":"hi","at_ms":{none}}}"#);
            let expected = if none == "1e400" { Parsed::Malformed } else { say(None) };
            assert_eq!(parse_room_message(&text), expected, "{none}");
        }
        let hearts = Parsed::Message(FromViewer::Hearts { count: 3 });
        assert_eq!(parse_room_message(r#"{"count":3,"type":"hearts","later":[1]}"#), hearts);
    }

    #[test]
    fn what_comes_later_is_ignored_and_nonsense_is_not() {
        assert_eq!(parse_room_message(r#"{"type":"wave"}"#), Parsed::Ignored);
        let long = format!(r#"{{"type":"say","id":"{}","text":"hi"}}"#, "x".repeat(65));
        let deep = "[".repeat(2000);
        let nonsense = [
            "",
            "null",
            "1",
            "[]",
            "{",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"hello","page":7}"#,
            r#"{"type":"say"}"#,
            r#"{"type":"say","id":1,"text":"x"}"#,
            r#"{"type":"hearts","count":-1}"#,
            r#"{"type":"hearts","count":1e99}"#,
            r#"{"type":"hearts","count":1.5}"#,
            r#"{"type":"say","id":"a","text":"\ud800"}"#,
            long.as_str(),
            deep.as_str(),
        ];
        for text in nonsense {
            assert_eq!(parse_room_message(text), Parsed::Malformed, "{text}");
        }
    }

    /// Mutations of real messages, from a fixed seed: a panic here would end a viewer's task.
    #[test]
    fn no_frame_makes_the_reader_panic() {
        let seeds = [
            r#"{"type":"hello","name":"Ada","token":"0123456789abcdef0123456789abcdef"}"#,
            r#"{"type":"say","id":"c1","text":"\u00e9\ud83d\ude00","name":"B","at_ms":81234}"#,
            r#"{"type":"hearts","count":50}"#,
        ];
        let alphabet = b"{}[]\",:\\u0019ed8-+.eE tfn\xff\x00\xc3\xa9";
        let mut chance = fastrand::Rng::with_seed(0x2545_f491_4f6c_dd1d);
        let mut random = move |bound: usize| chance.usize(0..bound);
        for round in 0..60_000 {
            let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
            for _ in 0..=random(6) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = alphabet[random(alphabet.len())],
                    1 => bytes.insert(at, alphabet[random(alphabet.len())]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            fuzz_room_message(&bytes);
        }
    }
}
