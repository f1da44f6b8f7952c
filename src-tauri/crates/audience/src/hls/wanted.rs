//! What somebody asks for, read from an address. Nothing here is looked up; all of it is bounded.

/// A file of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The media playlist; where it says so, one that has reached something.
    Playlist(Option<Reached>),
    /// An initialisation segment.
    Init(u32),
    /// A whole segment.
    Segment(u64),
    /// A part of a segment.
    Part(u64, u64),
}

/// How far a playlist must have come (RFC 8216bis §6.2.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    /// `_HLS_msn`: this segment is there,
    pub(crate) msn: u64,
    /// `_HLS_part`: or only this part of it.
    pub(crate) part: Option<u64>,
}

/// Why an address says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// There is no such file.
    Name,
    /// The query contradicts itself, or is none.
    Query,
}

/// The media playlist's name.
pub(super) const PLAYLIST: &str = "live.m3u8";

/// Reads a file's name and its query.
///
/// # Errors
///
/// [`Unreadable`] says what of it is not to be read.
pub(crate) fn parse(name: &str, query: Option<&str>) -> Result<Wanted, Unreadable> {
    if name == PLAYLIST {
        return Ok(Wanted::Playlist(reached(query.unwrap_or_default())?));
    }
    let parsed = || {
        if let Some(init) = name.strip_prefix("init-") {
            return Some(Wanted::Init(u32::try_from(number(init.strip_suffix(".mp4")?)?).ok()?));
        }
        let name = name.strip_suffix(".m4s")?;
        match name.split_once('.') {
            Some((msn, part)) => Some(Wanted::Part(number(msn)?, number(part)?)),
            None => Some(Wanted::Segment(number(name)?)),
        }
    };
    parsed().ok_or(Unreadable::Name)
}

/// What a playlist's query says. Other parameters than the two are somebody else's; each of the two
/// stands there once, and a part only with its segment.
fn reached(query: &str) -> Result<Option<Reached>, Unreadable> {
    let (mut msn, mut part) = (None, None);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match name {
            "_HLS_msn" => &mut msn,
            "_HLS_part" => &mut part,
            _ => continue,
        };
        let value = number(value).ok_or(Unreadable::Query)?;
        if place.replace(value).is_some() {
            return Err(Unreadable::Query);
        }
    }
    match (msn, part) {
        (Some(msn), part) => Ok(Some(Reached { msn, part })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Unreadable::Query),
    }
}

/// A decimal number, written as a number is: an address has one form.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain && text.len() <= 18)
}

/// For fuzzing: any name and query. What is read is written as it was.
///
/// # Panics
///
/// Where it is not.
pub fn fuzz_hls(name: &str, query: &str) {
    match parse(name, Some(query)) {
        Ok(Wanted::Init(init)) => assert_eq!(name, format!("init-{init}.mp4")),
        Ok(Wanted::Segment(msn)) => assert_eq!(name, format!("{msn}.m4s")),
        Ok(Wanted::Part(msn, part)) => assert_eq!(name, format!("{msn}.{part}.m4s")),
        Ok(Wanted::Playlist(Some(Reached { msn, part }))) => {
            assert!(query.contains(&format!("_HLS_msn={msn}")), "{query:?}");
            assert!(part.is_none_or(|part| query.contains(&format!("_HLS_part={part}"))), "{query:?}");
        }
        Ok(Wanted::Playlist(None)) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_one_name() {
        for (name, wanted) in [
            ("init-0.mp4", Some(Wanted::Init(0))),
            ("12.m4s", Some(Wanted::Segment(12))),
            ("12.3.m4s", Some(Wanted::Part(12, 3))),
            ("live.m3u8", Some(Wanted::Playlist(None))),
            ("012.m4s", None),
            ("12.03.m4s", None),
            ("+1.m4s", None),
            ("1.2.3.m4s", None),
            (".m4s", None),
            ("init-.mp4", None),
            ("init-4294967296.mp4", None),
            ("9999999999999999999.m4s", None),
            ("../live.m3u8", None),
            ("", None),
        ] {
            assert_eq!(parse(name, None).ok(), wanted, "{name:?}");
        }
    }

    #[test]
    fn a_query_asks_for_a_segment_or_a_part_of_it_or_is_refused() {
        let reached = |msn, part| Ok(Wanted::Playlist(Some(Reached { msn, part })));
        for (query, wanted) in [
            ("_HLS_msn=7", reached(7, None)),
            ("_HLS_msn=7&_HLS_part=0", reached(7, Some(0))),
            ("_HLS_part=2&_HLS_msn=7&token=x&_HLS_skip=YES", reached(7, Some(2))),
            ("", Ok(Wanted::Playlist(None))),
            ("a=b&&=&_HLS_msn2=7", Ok(Wanted::Playlist(None))),
            ("_HLS_part=2", Err(Unreadable::Query)),
            ("_HLS_msn=", Err(Unreadable::Query)),
            ("_HLS_msn", Err(Unreadable::Query)),
            ("_HLS_msn=-1", Err(Unreadable::Query)),
            ("_HLS_msn=1.0", Err(Unreadable::Query)),
            ("_HLS_msn=07", Err(Unreadable::Query)),
            ("_HLS_msn=%37", Err(Unreadable::Query)),
            ("_HLS_msn=7&_HLS_msn=7", Err(Unreadable::Query)),
            ("_HLS_msn=18446744073709551615", Err(Unreadable::Query)),
            ("_HLS_msn=99999999999999999999999", Err(Unreadable::Query)),
            ("_HLS_msn=7&_HLS_part=x", Err(Unreadable::Query)),
        ] {
            assert_eq!(parse("live.m3u8", Some(query)), wanted, "{query:?}");
        }
    }
}
