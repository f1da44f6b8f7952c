//! What a recording is called, so that it says whose it is also where no row does.

use std::path::Path;

use domain::{EpisodeId, ShowSlug, UnixMs};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// When it began, in local time.
const BEGAN: &str = "%Y-%m-%d-%H%M%S";
/// As many characters are that.
const BEGAN_CHARACTERS: usize = 17;
/// Of the episode's id, this many characters.
const SHORT: usize = 8;

/// Between the show and the title: no show's address has it.
const TITLE: char = '_';
/// Of a title, so many characters stand in the name.
const TITLE_CHARACTERS: usize = 60;
/// A title takes at most so many bytes: file systems end a name at 255.
const TITLE_BYTES: usize = 150;

/// `2026-11-27-182348-late-night_radio-for-beginners-d532ccdc.mp4`, or without a title
/// `2026-11-27-182348-late-night-d532ccdc.mp4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingName {
    /// When it began, to the second.
    pub began: UnixMs,
    /// Of which show.
    pub show: ShowSlug,
    /// How the id of its episode begins.
    pub short: String,
}

impl RecordingName {
    /// Of an episode that began at `began`.
    #[must_use]
    pub fn new(episode: &EpisodeId, show: &ShowSlug, began: UnixMs) -> Self {
        Self { began, show: show.clone(), short: episode.as_str().chars().take(SHORT).collect() }
    }

    /// The name of the file of a show with this title; empty where it has none.
    #[must_use]
    pub fn file(&self, title: &str) -> String {
        let title = in_a_name(title);
        let title = if title.is_empty() { title } else { format!("{TITLE}{title}") };
        format!("{}-{}{title}-{}.mp4", zoned(self.began).strftime(BEGAN), self.show, self.short)
    }

    /// What the name of `path` says; none where it is no name of a recording.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".mp4")?;
        let (began, rest) = name.split_at_checked(BEGAN_CHARACTERS)?;
        let (show, short) = rest.strip_prefix('-')?.rsplit_once('-')?;
        let show = show.split_once(TITLE).map_or(show, |(show, _)| show);
        let began = DateTime::strptime(BEGAN, began).ok()?.to_zoned(TimeZone::system()).ok()?;
        let began = UnixMs(u64::try_from(began.timestamp().as_millisecond()).ok()?);
        let is_short = short.len() == SHORT && short.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let show = ShowSlug::parse(show).ok()?;
        is_short.then(|| Self { began, show, short: short.to_owned() })
    }
}

/// Letters and digits of `title` in lower case, and a hyphen for whatever stands between them.
fn in_a_name(title: &str) -> String {
    let mut name = String::new();
    for character in title.chars().flat_map(char::to_lowercase).take(4 * TITLE_CHARACTERS) {
        let fits = name.chars().count() < TITLE_CHARACTERS && name.len() + 2 * character.len_utf8() <= TITLE_BYTES;
        if !fits {
            break;
        }
        if character.is_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// The title of an episode to which none was given.
#[must_use]
pub fn date_and_time(at: UnixMs) -> String {
    zoned(at).strftime("%-d %B %Y, %H:%M").to_string()
}

/// A moment in the time zone of this computer.
#[must_use]
pub fn zoned(at: UnixMs) -> jiff::Zoned {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(TimeZone::system())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_went_into_it() {
        let episode = EpisodeId::from_random([0xd5; 16]);
        for show in ["studio", "late-night-2", "a"] {
            let name = RecordingName::new(&episode, &ShowSlug::parse(show).unwrap(), UnixMs(1_795_000_123_000));
            for title in ["", "Radio for beginners", "../../etc/passwd", "الإذاعة", "a_b.mp4"] {
                let file = name.file(title);
                assert!(!file.contains(['/', ' ']) && file.len() < 255, "{file}");
                assert_eq!(RecordingName::of(Path::new(&format!("/somewhere/{file}"))), Some(name.clone()));
            }
        }
    }

    #[test]
    fn a_title_stands_in_the_name_as_far_as_it_can() {
        for (title, expected) in [
            ("Radio for beginners, part 2!", "radio-for-beginners-part-2"),
            ("../../etc/passwd", "etc-passwd"),
            ("  — ", ""),
            ("Über die Antenne", "über-die-antenne"),
        ] {
            assert_eq!(in_a_name(title), expected);
        }
        assert!(in_a_name(&"漢".repeat(500)).len() <= TITLE_BYTES);
        assert_eq!(in_a_name(&"a ".repeat(500)).chars().count(), TITLE_CHARACTERS - 1);
    }

    #[test]
    fn other_names_say_nothing() {
        for name in [
            "",
            "holiday.mp4",
            "2026-11-27-182348-late-night-d532ccdc.mp4.recovering",
            "2026-11-27-182348-late-night-d532ccdc.jpg",
            "2026-11-27-182348-late-night.mp4",
            "2026-11-27-182348-d532ccdc.mp4",
            "2026-11-27-182348--d532ccdc.mp4",
            "2026-13-27-182348-late-night-d532ccdc.mp4",
            "2026-11-27-182348-Late Night-d532ccdc.mp4",
            "2026-11-27-182348-late-night-D532CCDC.mp4",
            "2026-11-27-18234é-late-night-d532ccdc.mp4",
        ] {
            assert_eq!(RecordingName::of(Path::new(name)), None, "{name}");
        }
    }
}
