//! One redactor before every log line: secrets that were given to this process never leave it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

/// Shorter secrets than this would blot out ordinary words.
const SHORTEST: usize = 4;
/// Parts of an address that are shorter than this may be words, and are blotted out as such only.
const NO_WORD: usize = 8;
/// What stands before a part of an address, or before a key that is quoted.
const BEFORE_A_PART: &[u8] = b"/=@?&;,#'\"";
const BLOT: &str = "***";

static SECRETS: RwLock<Vec<Known>> = RwLock::new(Vec::new());

/// A text that must not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    text: String,
    place: Place,
}

/// Where a text must not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// Where no letter or digit stands beside it.
    Word,
    /// Where it stands in an address, or in quotes: `show` is a word of ours, too.
    Part,
}

impl Place {
    fn of(part: &str) -> Self {
        match part {
            _ if part.len() >= NO_WORD => Self::Anywhere,
            _ if part.bytes().all(|byte| byte.is_ascii_lowercase()) => Self::Part,
            _ => Self::Word,
        }
    }
}

/// Makes `secret` unprintable from now on, in every form in which it can stand in an address.
pub fn remember(secret: &str) {
    remember_all([Known { text: secret.to_owned(), place: Place::Anywhere }]);
}

/// Makes the address of a destination unprintable from now on: all of it, and each part that may be a
/// key or a piece of one, because who opens it takes it apart. Host and application are none.
pub fn remember_address(address: &str) {
    let parts = parts(address).into_iter().map(|part| Known { text: part.to_owned(), place: Place::of(part) });
    remember_all(parts.chain([Known { text: address.to_owned(), place: Place::Anywhere }]));
}

fn remember_all(news: impl IntoIterator<Item = Known>) {
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for known in news {
        let decoded = decode(&known.text).map(|text| Known { text, ..known });
        for known in [Some(known), decoded].into_iter().flatten() {
            if known.text.len() >= SHORTEST && !secrets.contains(&known) {
                secrets.push(known);
            }
        }
    }
    // The longest first: a key may be part of an address that is a secret as a whole.
    secrets.sort_by_key(|known| std::cmp::Reverse(known.text.len()));
}

/// The parts of an address that may hold a key: name and password, what follows the application in
/// the path, piece by piece and together, and the values of queries.
fn parts(address: &str) -> Vec<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let credentials = authority.rsplit_once('@').map(|(credentials, _)| credentials).unwrap_or_default();
    let mut parts = vec![credentials];
    parts.extend(credentials.split(':'));
    let application = path.find(['/', '?', '#']).unwrap_or(path.len());
    let after = path[application..].trim_start_matches(['/', '?', '#']);
    parts.push(after);
    for segment in after.split('/') {
        parts.push(segment);
        for piece in segment.split(['?', '&', ';', '#', ',']) {
            parts.push(piece);
            parts.extend(piece.split_once('=').map(|(_, value)| value));
        }
    }
    // What stands before the first question mark, and what behind it, without regard to slashes.
    parts.extend(after.split('?'));
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

/// `text` without percent-encoding; none where it has none, or is no text without it.
fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let (byte, length) = encoded(&bytes[at..]).map_or((bytes[at], 1), |byte| (byte, 3));
        decoded.push(byte);
        at += length;
    }
    String::from_utf8(decoded).ok().filter(|decoded| decoded != text)
}

/// The byte that stands percent-encoded at the beginning of `text`.
fn encoded(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// How much of the beginning of `text` is `secret`, whatever of it is percent-encoded or escaped with
/// a backslash.
fn begins_with(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &byte in secret {
        let left = text.get(at..)?;
        at += match left {
            // First: a percent sign stands for itself, too.
            _ if encoded(left) == Some(byte) => 3,
            [first, ..] if *first == byte => 1,
            [b'\\', second, ..] if *second == byte => 2,
            _ => return None,
        };
    }
    Some(at)
}

impl Known {
    /// How much of `text` at `at` is this secret.
    fn length_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let length = begins_with(&text[at..], self.text.as_bytes())?;
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let stands_there = match self.place {
            Place::Anywhere => true,
            Place::Word => !is_letter(before) && !is_letter(text.get(at + length)),
            Place::Part => before.is_some_and(|byte| BEFORE_A_PART.contains(byte)) && !is_letter(text.get(at + length)),
        };
        stands_there.then_some(length)
    }
}

/// `text` with every known secret replaced by `***`.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let (bytes, mut clean, mut kept, mut at) = (text.as_bytes(), String::new(), 0, 0);
    while at < bytes.len() {
        // Where a character begins: a secret begins with one.
        let found = text.is_char_boundary(at).then(|| secrets.iter().find_map(|known| known.length_at(bytes, at)));
        match found.flatten().filter(|length| text.is_char_boundary(at + length)) {
            Some(length) => {
                clean.push_str(&text[kept..at]);
                clean.push_str(BLOT);
                at += length;
                kept = at;
            }
            None => at += 1,
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept..]);
    Cow::Owned(clean)
}

/// A writer that redacts what is written through it, write by write: log lines come whole.
#[derive(Debug)]
pub struct Redacting<W>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_secret_is_not_written() {
        remember("s3cret-stream-key");
        let mut out = Redacting(Vec::new());
        out.write_all(b"cannot open rtmp://h/live/s3cret-stream-key?x").unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "cannot open rtmp://h/live/***?x");
        assert_eq!(redact("harmless, äöü, 100 %"), "harmless, äöü, 100 %");
    }

    #[test]
    fn a_key_that_stands_in_an_address_is_not_written_piece_by_piece() {
        remember_address(
            "rtmp://joe:opensesame@h.example/live/k3y-part-one/k3y-part-two?token=t0ken-of-mine&x=1;sig=pq9z",
        );
        for (said, clean) in [
            ("rtmp://joe:opensesame@h.example/live/k3y-part-one/k3y-part-two?token=t0ken-of-mine&x=1;sig=pq9z", "***"),
            ("application live/k3y-part-one, stream k3y-part-two", "application live/***, stream ***"),
            ("publish 'k3y-part-two?token=t0ken-of-mine&x=1;sig=pq9z'", "publish '***'"),
            ("query: t0ken-of-mine and pq9z.", "query: *** and ***."),
            ("as opensesame", "as ***"),
            ("to h.example as live", "to h.example as live"),
            ("pq9zone is another word", "pq9zone is another word"),
        ] {
            assert_eq!(redact(said), clean, "{said}");
        }
    }

    #[test]
    fn a_short_key_that_is_a_word_is_one_in_an_address_only() {
        remember_address("rtmp://h/live/show?x=more");
        for (said, clean) in [
            ("INFO audience::show: the show shows more", "INFO audience::show: the show shows more"),
            ("open h/live/show", "open h/live/***"),
            ("publish 'show?x=more'", "publish '***'"),
            ("query x=more, stream \"show\"", "query ***, stream \"***\""),
            ("/showroom", "/showroom"),
        ] {
            assert_eq!(redact(said), clean, "{said}");
        }
    }

    #[test]
    fn a_secret_is_known_in_every_way_in_which_it_can_be_encoded() {
        remember("k/e+y=w%21th&q\"s");
        remember_address("rtmp://h/live/enc%2Foded%2Bkey");
        for said in [
            "k/e+y=w%21th&q\"s",
            "k%2Fe%2By%3Dw%2521th%26q%22s",
            "k%2fe%2by%3dw!th%26q%22s",
            "k/e%2By=w%21th&q\\\"s",
            "%6b/e+y=w!th&q\"s",
            "enc%2Foded%2Bkey",
            "enc%2foded%2bkey",
            "enc/oded+key",
        ] {
            assert_eq!(redact(&format!("open <{said}>")), "open <***>", "{said}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_reason_to_stop() {
        remember_address("rtmp://elsewhere.example");
        remember_address("");
        remember_address("://@/?&=/%zz%");
        remember("é-a-k3y-in-french");
        assert_eq!(redact("ends with % and %4 and é"), "ends with % and %4 and é");
        assert_eq!(redact("é%2Da%2Dk3y-in-french!"), "***!");
        assert_eq!(redact("%C3%A9-a-k3y-in-french"), "***");
    }
}
