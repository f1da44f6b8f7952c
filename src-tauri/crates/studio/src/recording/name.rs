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

/// `2026-11-27-182348-late-night-d532ccdc.mp4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordingName {
    /// When it began, to the second.
    pub(crate) began: UnixMs,
    /// Of which show.
    pub(crate) show: ShowSlug,
    /// How the id of its episode begins.
    pub(crate) short: String,
}

impl RecordingName {
    pub(crate) fn new(episode: &EpisodeId, show: &ShowSlug, began: UnixMs) -> Self {
        Self { began, show: show.clone(), short: episode.as_str().chars().take(SHORT).collect() }
    }

    /// The name of the file.
    pub(crate) fn file(&self) -> String {
        format!("{}-{}-{}.mp4", zoned(self.began).strftime(BEGAN), self.show, self.short)
    }

    /// What the name of `path` says; none where it is no name of a recording.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".mp4")?;
        let (began, rest) = name.split_at_checked(BEGAN_CHARACTERS)?;
        let (show, short) = rest.strip_prefix('-')?.rsplit_once('-')?;
        let began = DateTime::strptime(BEGAN, began).ok()?.to_zoned(TimeZone::system()).ok()?;
        let began = UnixMs(u64::try_from(began.timestamp().as_millisecond()).ok()?);
        let is_short = short.len() == SHORT && short.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let show = ShowSlug::parse(show).ok()?;
        is_short.then(|| Self { began, show, short: short.to_owned() })
    }
}

/// A moment in the time zone of this computer.
pub(crate) fn zoned(at: UnixMs) -> jiff::Zoned {
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
            assert_eq!(RecordingName::of(Path::new(&format!("/somewhere/{}", name.file()))), Some(name));
        }
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
