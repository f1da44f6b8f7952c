//! The rules of RFC 8216bis that apply to our playlists, as a judge of texts that knows nothing of how
//! they are made: it reads one playlist after another, as a player does.

use std::collections::{BTreeMap, HashMap};

/// A playlist as a player understands it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Read {
    pub(super) target: f64,
    pub(super) part_target: f64,
    pub(super) media_sequence: u64,
    pub(super) discontinuity_sequence: u64,
    pub(super) segments: Vec<ReadSegment>,
    /// Address of the part that comes next.
    pub(super) hint: Option<String>,
    pub(super) ended: bool,
}

/// A segment; the last one may have no address yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ReadSegment {
    pub(super) address: Option<String>,
    pub(super) duration: f64,
    pub(super) map: String,
    pub(super) date: String,
    pub(super) discontinuity: bool,
    pub(super) gap: bool,
    pub(super) parts: Vec<ReadPart>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadPart {
    pub(super) address: String,
    pub(super) duration: f64,
    pub(super) independent: bool,
}

/// Attributes of a tag (§4.2): names in capitals, values quoted or bare, each once.
fn attributes(list: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').expect("an attribute has a value");
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        assert!(!name.is_empty() && name.chars().all(plain), "{list}");
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').expect("a quote ends"),
            None => value.find(',').map_or((value, ""), |at| value.split_at(at)),
        };
        assert!(found.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice in {list}");
        rest = match behind {
            "" => "",
            more => more.strip_prefix(',').filter(|more| !more.is_empty()).expect("a comma, and another attribute"),
        };
    }
    found
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// Reads a playlist, and holds it against every rule that it alone can break.
#[track_caller]
pub(super) fn read(text: &str) -> Read {
    let mut read = Read::default();
    let mut now = ReadSegment::default();
    let (mut map, mut inf, mut once) = (String::new(), None, BTreeMap::new());
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"), "§4.4.1.1");
    assert!(text.ends_with('\n') && !text.contains('\r') && text.is_ascii());
    for line in lines {
        assert!(!read.ended || line.is_empty(), "nothing follows the end: {line}");
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        let in_head =
            ["VERSION", "TARGETDURATION", "SERVER-CONTROL", "PART-INF", "MEDIA-SEQUENCE", "DISCONTINUITY-SEQUENCE"];
        if let Some(tag) = tag.strip_prefix("#EXT-X-").filter(|tag| in_head.contains(tag)) {
            assert!(once.insert(tag.to_owned(), value.to_owned()).is_none(), "{tag} once (§4.4.3)");
            assert!(read.segments.is_empty() && now == ReadSegment::default(), "{tag} before the first segment");
            continue;
        }
        match tag {
            "#EXT-X-DISCONTINUITY" => {
                assert!(now.parts.is_empty(), "a discontinuity stands before a segment's parts");
                now.discontinuity = true;
            }
            "#EXT-X-MAP" => {
                assert!(now.parts.is_empty());
                map = attributes(value)["URI"].clone();
            }
            "#EXT-X-PROGRAM-DATE-TIME" => {
                assert!(now.date.is_empty() && now.parts.is_empty());
                now.date = value.to_owned();
            }
            "#EXT-X-PART" => {
                let found = attributes(value);
                assert!(found.keys().all(|name| ["DURATION", "URI", "INDEPENDENT"].contains(&name.as_str())));
                let independent = found.get("INDEPENDENT").is_some_and(|said| said == "YES");
                let (address, duration) = (found["URI"].clone(), number(&found["DURATION"]));
                now.parts.push(ReadPart { address, duration, independent });
            }
            "#EXT-X-GAP" => now.gap = true,
            "#EXTINF" => inf = Some(number(value.strip_suffix(',').expect("§4.4.4.1"))),
            "#EXT-X-PRELOAD-HINT" => {
                let found = attributes(value);
                assert_eq!(found["TYPE"], "PART");
                assert!(read.hint.replace(found["URI"].clone()).is_none(), "one hint of a kind (§4.4.5.3)");
            }
            "#EXT-X-ENDLIST" => read.ended = true,
            address if !address.starts_with('#') && !address.is_empty() => {
                assert!(read.hint.is_none(), "a hint stands at the end");
                now.address = Some(address.to_owned());
                now.duration = inf.take().expect("a segment has its duration before its address");
                now.map.clone_from(&map);
                read.segments.push(std::mem::take(&mut now));
            }
            other => panic!("an unknown line {other:?}"),
        }
    }
    assert!(inf.is_none(), "a duration without an address");
    if now != ReadSegment::default() {
        assert!(!now.parts.is_empty() && !now.gap, "what grows has parts");
        now.map.clone_from(&map);
        now.duration = now.parts.iter().map(|part| part.duration).sum();
        read.segments.push(now);
    }
    head(&mut read, &once);
    alone(&read);
    read
}

fn head(read: &mut Read, once: &BTreeMap<String, String>) {
    let say = |tag: &str| once.get(tag).unwrap_or_else(|| panic!("{tag} is missing")).as_str();
    assert!(say("VERSION").parse::<u32>().unwrap() >= 9, "gaps, maps and parts (§8)");
    read.target = f64::from(say("TARGETDURATION").parse::<u32>().expect("whole seconds"));
    read.part_target = number(&attributes(say("PART-INF"))["PART-TARGET"]);
    read.media_sequence = say("MEDIA-SEQUENCE").parse().unwrap();
    read.discontinuity_sequence = say("DISCONTINUITY-SEQUENCE").parse().unwrap();
    let control = attributes(say("SERVER-CONTROL"));
    assert_eq!(control["CAN-BLOCK-RELOAD"], "YES");
    assert!(number(&control["PART-HOLD-BACK"]) >= read.part_target * 3.0 - 1e-9, "§4.4.3.8");
    assert!(number(&control["HOLD-BACK"]) >= read.target * 3.0 - 1e-9, "§4.4.3.8");
}

/// What one playlist can break.
fn alone(read: &Read) {
    let count = read.segments.len();
    for (at, segment) in read.segments.iter().enumerate() {
        let is_last = at + 1 == count;
        let msn = read.media_sequence + at as u64;
        assert!(segment.duration.round() <= read.target, "§4.4.3.1: {segment:?}");
        assert!(!segment.date.is_empty(), "every segment has its date: {segment:?}");
        assert!(segment.map.starts_with("init-"), "fMP4 needs a map (§3.1.2): {segment:?}");
        if let Some(address) = &segment.address {
            assert_eq!(*address, format!("{msn}.m4s"));
        } else {
            assert!(is_last && !read.ended, "only the last one grows");
        }
        assert!(!segment.gap || segment.parts.is_empty());
        for (number, part) in segment.parts.iter().enumerate() {
            assert_eq!(part.address, format!("{msn}.{number}.m4s"));
            assert!(part.duration <= read.part_target + 1e-9, "§4.4.4.9: {part:?}");
            let is_final = segment.address.is_some() && number + 1 == segment.parts.len();
            assert!(is_final || part.duration >= read.part_target * 0.85 - 1e-4, "§4.4.4.9: {part:?} in {segment:?}");
        }
        if segment.address.is_some() && !segment.parts.is_empty() {
            let sum: f64 = segment.parts.iter().map(|part| part.duration).sum();
            assert!((sum - segment.duration).abs() < 0.01, "parts are all of a segment: {segment:?}");
        }
    }
    // Parts of what is older than three targets would only make the playlist longer (§6.2.2).
    let mut behind = 0.0;
    for segment in read.segments.iter().rev() {
        assert!(segment.parts.is_empty() || behind < 3.0 * read.target + 1e-3, "{segment:?}");
        assert!(!segment.parts.is_empty() || segment.gap || behind > 3.0 * read.target - 1e-3, "{segment:?}");
        behind += segment.duration;
    }
    match (&read.hint, read.ended) {
        (Some(hint), false) => assert_eq!(*hint, next(read), "the hint is what comes next"),
        (None, true) => {}
        other => panic!("a hint until the end, and none then: {other:?}"),
    }
}

/// The address of the part that follows a playlist.
pub(super) fn next(read: &Read) -> String {
    let count = read.segments.len() as u64;
    match read.segments.last() {
        Some(last) if last.address.is_none() => {
            format!("{}.{}.m4s", read.media_sequence + count - 1, last.parts.len())
        }
        _ => format!("{}.0.m4s", read.media_sequence + count),
    }
}

/// Holds a playlist against the one that came before it (§6.2.1, §6.2.2).
#[track_caller]
pub(super) fn follows(before: &Read, after: &Read) {
    assert_eq!(before.target, after.target, "it never changes");
    assert_eq!(before.part_target, after.part_target, "nor does this");
    assert!(!before.ended, "nothing follows the end");
    let removed = after.media_sequence.checked_sub(before.media_sequence).expect("sequence numbers rise");
    let removed = usize::try_from(removed).unwrap();
    assert!(removed <= before.segments.len(), "nothing is left out");
    let discontinuities = before.segments[..removed].iter().filter(|segment| segment.discontinuity).count() as u64;
    assert_eq!(after.discontinuity_sequence, before.discontinuity_sequence + discontinuities, "§4.4.3.3");
    for (old, new) in before.segments[removed..].iter().zip(&after.segments) {
        assert_eq!(
            (&old.map, &old.date, old.discontinuity, old.gap),
            (&new.map, &new.date, new.discontinuity, new.gap)
        );
        if old.address.is_some() {
            assert_eq!((&old.address, old.duration), (&new.address, new.duration), "what is whole never changes");
        }
        if !new.parts.is_empty() {
            let common = old.parts.len();
            assert_eq!(old.parts[..], new.parts[..common], "parts are only added");
        }
    }
    let kept = before.segments.len() - removed;
    assert!(after.segments.len() >= kept, "nothing disappears at the end");
    // Something new, and first of all what was announced.
    assert!(after.ended || before.hint != after.hint, "a playlist that says nothing new");
    if let Some(hint) = before.hint.as_ref().filter(|_| !after.ended) {
        let msn: u64 = hint.split('.').next().and_then(|msn| msn.parse().ok()).expect("it names a segment");
        let at = usize::try_from(msn - after.media_sequence.min(msn)).unwrap();
        let segment = after.segments.get(at).expect("the announced segment");
        // A long gap behind it makes it so old at once that its parts are not listed.
        let is_there = segment.parts.iter().any(|part| part.address == *hint);
        assert!(
            is_there || segment.parts.is_empty() && !segment.gap,
            "{hint} was announced, something else came: {after:?}"
        );
    }
    // A segment follows on the one before, unless it says otherwise.
    for pair in after.segments.windows(2) {
        assert!(pair[1].map == pair[0].map || pair[1].discontinuity, "another map needs a discontinuity");
    }
}
