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
    /// A message of ours that cannot be understood, with its `id` as far as that can be. It is refused, and
    /// nothing else.
    Unreadable {
        /// The id that the page gave it.
        id: Option<String>,
    },
    /// No message at all: not the protocol.
    Malformed,
}

/// Reads one text frame. Unknown types and fields are ignored; a known type whose fields have the
/// wrong form is unreadable, and so is what begins as an object and is none. Never panics.
#[must_use]
pub fn parse_room_message(text: &str) -> Parsed {
    let Ok(mut fields) = serde_json::from_str::<Map<String, Value>>(text) else { return torn(text) };
    match fields.get("type").and_then(Value::as_str) {
        Some("hello" | "say" | "rename" | "hearts") => {}
        Some(_) => return Parsed::Ignored,
        None => return Parsed::Unreadable { id: id_of(&fields) },
    }
    if let Some(at_ms) = fields.get_mut("at_ms") {
        *at_ms = whole(at_ms);
    }
    let id = id_of(&fields);
    match serde_json::from_value(Value::Object(fields)) {
        Ok(FromViewer::Say { id, .. } | FromViewer::Rename { id: Some(id), .. }) if id.len() > ID_BYTES => {
            Parsed::Unreadable { id: None }
        }
        Ok(message) => Parsed::Message(message),
        Err(_) => Parsed::Unreadable { id },
    }
}

/// What is no JSON. Of a text with half a character in it the id can still be found.
fn torn(text: &str) -> Parsed {
    if !text.trim_start().starts_with('{') {
        return Parsed::Malformed;
    }
    let mended = serde_json::from_str::<Map<String, Value>>(&without_halves(text));
    Parsed::Unreadable { id: mended.ok().as_ref().and_then(id_of) }
}

/// What a page calls its message: echoed, so it is bounded.
fn id_of(fields: &Map<String, Value>) -> Option<String> {
    fields.get("id").and_then(Value::as_str).filter(|id| id.len() <= ID_BYTES).map(str::to_owned)
}

/// `text` with U+FFFD for each escaped half of a surrogate pair that stands alone: JSON allows them
/// (RFC 8259 §8.2), no text can hold them.
fn without_halves(text: &str) -> String {
    let (mut mended, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (escaped(rest), rest.get(6..).and_then(escaped)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push('\u{FFFD}');
                rest = &rest[6..];
                continue;
            }
            // The backslash, and whatever it escapes.
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    mended + rest
}

/// The number in `\uXXXX`, where `text` begins with that.
fn escaped(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
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
        // The last is the host's own.
        let hosts = format!("\"{}\"", "0".repeat(32));
        for none in ["null", "\"\"", "\"short\"", "\"0123456789ABCDEF0123456789ABCDEF\"", &hosts] {
            assert_eq!(with_page(none), hello(None), "{none}");
        }
        assert_eq!(parse_room_message(r#"{"type":"say","id":"c1","text":"hi","at_ms":81234}"#), say(Some(81234)));
        assert_eq!(parse_room_message(r#"{"type":"say","id":"c1","text":"hi","at_ms":81234.7}"#), say(Some(81234)));
        for none in ["null", "-1", "1e400", "\"x\"", "{}"] {
            let text = format!(r#"{{"type":"say","id":"c1","text":"hi","at_ms":{none}}}"#);
            let expected = if none == "1e400" { Parsed::Unreadable { id: None } } else { say(None) };
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
        for text in ["", "null", "1", "[]", "hello", "\"{}\"", deep.as_str()] {
            assert_eq!(parse_room_message(text), Parsed::Malformed, "{text}");
        }
        let deep = format!(r#"{{"type":"say","id":"a","text":{deep}"#);
        let unreadable = [
            "{",
            "{}",
            " {\"type\":\"say\"",
            r#"{"type":1}"#,
            r#"{"type":"hello","page":7}"#,
            r#"{"type":"say"}"#,
            r#"{"type":"say","id":1,"text":"x"}"#,
            r#"{"type":"rename"}"#,
            r#"{"type":"hearts","count":-1}"#,
            r#"{"type":"hearts","count":1e99}"#,
            r#"{"type":"hearts","count":1.5}"#,
            long.as_str(),
            deep.as_str(),
        ];
        for text in unreadable {
            assert_eq!(parse_room_message(text), Parsed::Unreadable { id: None }, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_its_id() {
        let texts = [
            r#"{"type":"say","id":"c1","text":"nice \ud83d"}"#,
            r#"{"type":"say","id":"c1","text":"\udc4d"}"#,
            r#"{"type":"say","id":"c1","text":"\ud83d\ud83d\udc4d"}"#,
            r#"{"type":"say","text":"\\\ud83d","id":"c1"}"#,
            r#"{"type":"say","id":"c1","name":"\uD83Dx","text":"é"}"#,
            r#"{"type":"say","id":"c1","text":5}"#,
            r#"{"type":"say","id":"c1"}"#,
            r#"{"type":"say","id":"c1","text":null}"#,
            r#"{"id":"c1","text":"x"}"#,
            r#"{"type":"rename","id":"c1","name":[]}"#,
        ];
        for text in texts {
            assert_eq!(parse_room_message(text), Parsed::Unreadable { id: Some("c1".into()) }, "{text}");
        }
        // Whole pairs, and backslashes that only look like halves, are text.
        for (text, said) in [(r"\ud83d\udc4d", "👍"), (r"\\ud83d", r"\ud83d")] {
            let text = format!(r#"{{"type":"say","id":"c1","text":"{text}"}}"#);
            assert!(matches!(parse_room_message(&text), Parsed::Message(FromViewer::Say { text, .. }) if text == said));
        }
    }

    /// Mutations of real messages, from a fixed seed: a panic here would end a viewer's task.
    #[test]
    fn no_frame_makes_the_reader_panic() {
        let seeds = [
            r#"{"type":"hello","name":"Ada","token":"0123456789abcdef0123456789abcdef"}"#,
            r#"{"type":"say","id":"c1","text":"\u00e9\ud83d\ude00","name":"B","at_ms":81234}"#,
            r#"{"type":"hearts","count":50}"#,
            r#"{"type":"rename","id":"r\\","name":"\ud83d"}"#,
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
