//! Sources: what they are called, what they are, what was chosen for them, what they do.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

use crate::{DeviceChoice, DeviceKind};

/// Names a source everywhere: in setup, plan, slots, levels, losses, as-run log and window. It
/// stays the same when the source is unplugged, hidden or given another device.
///
/// 1 to 40 of `a-z`, `0-9` and `-`. What a source *is* is its [`SourceKind`], never its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(export, type = "string")]
pub struct SourceId(String);

impl SourceId {
    /// The longest name, in characters.
    const LONGEST: usize = 40;

    /// Reads a name; none where it has other characters, or none, or too many.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&text.len());
        let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        (fits && plain).then(|| Self(text.to_owned()))
    }

    /// The first name that `is_free` of `camera`, `camera-2`, `camera-3` … for a source of `kind`.
    #[must_use]
    pub fn unused(kind: SourceKind, is_free: impl Fn(&Self) -> bool) -> Self {
        let word = kind.word();
        let numbered = (2u64..).map(|number| Self(format!("{word}-{number}")));
        let mut names = std::iter::once(Self(word.to_owned())).chain(numbered);
        names.find(|name| is_free(name)).expect("numbers do not end before sources do")
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SourceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a source's name has 1 to 40 of a-z, 0-9 and -")
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a source is: which devices can be chosen for it, and whether it gives frames or audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SourceKind {
    /// Frames of a place.
    Camera,
    /// Audio of a place.
    Microphone,
    /// Frames of what a display shows.
    Screen,
    /// Audio of what the computer plays. That it is silent is nothing unusual.
    ComputerSound,
}

impl SourceKind {
    /// Whether it gives frames; otherwise it gives audio.
    #[must_use]
    pub const fn is_video(self) -> bool {
        match self {
            Self::Camera | Self::Screen => true,
            Self::Microphone | Self::ComputerSound => false,
        }
    }

    /// The devices that can be chosen for it.
    #[must_use]
    pub const fn devices(self) -> DeviceKind {
        match self {
            Self::Camera => DeviceKind::Camera,
            Self::Microphone => DeviceKind::Microphone,
            Self::Screen => DeviceKind::Screen,
            Self::ComputerSound => DeviceKind::ComputerSound,
        }
    }

    /// Its word in names and in the as-run log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Screen => "screen",
            Self::ComputerSound => "computer-sound",
        }
    }
}

/// What the operator chose for a source; remembered between sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceSetup {
    /// Its name.
    pub id: SourceId,
    /// What it is.
    pub kind: SourceKind,
    /// The device, or what stands in for one.
    pub choice: DeviceChoice,
    /// Its strip in the mix. Without effect where it gives no audio.
    #[serde(default)]
    pub strip: Strip,
}

impl SourceSetup {
    /// A source at unity gain.
    #[must_use]
    pub fn new(id: SourceId, kind: SourceKind, choice: DeviceChoice) -> Self {
        Self { id, kind, choice, strip: Strip::default() }
    }
}

/// A source's strip in the audio mix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Strip {
    /// Gain in decibels, −60 to +20; 0 leaves the audio as it is.
    pub gain_db: f32,
    /// Whether it is silent, whatever the gain.
    pub muted: bool,
}

impl Strip {
    /// The gain that a strip can have, in decibels.
    pub const GAIN_DB: std::ops::RangeInclusive<f32> = -60.0..=20.0;
}

/// Where a source's frames or audio come from: a choice, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceSpec {
    /// A device of this kind, by its id.
    Device(SourceKind, String),
    /// The test device of this kind.
    Test(SourceKind),
    /// A still image: a PNG or JPEG file. Its transparency is kept.
    Image(std::path::PathBuf),
}

impl SourceSpec {
    /// What `choice` comes to for a source of `kind`, with the first device already resolved; none
    /// where nothing is to be opened.
    #[must_use]
    pub fn of(kind: SourceKind, choice: DeviceChoice) -> Option<Self> {
        match choice {
            DeviceChoice::Device(id) => Some(Self::Device(kind, id)),
            DeviceChoice::Image(path) if kind.is_video() => Some(Self::Image(path.into())),
            DeviceChoice::Test => Some(Self::Test(kind)),
            DeviceChoice::First | DeviceChoice::None | DeviceChoice::Image(_) => None,
        }
    }

    /// Whether it gives frames; otherwise it gives audio.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        match self {
            Self::Device(kind, _) | Self::Test(kind) => kind.is_video(),
            Self::Image(_) => true,
        }
    }
}

/// What a source does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SourceState {
    /// Nothing was chosen.
    Off,
    /// Opened, nothing received yet.
    Starting,
    /// Frames or audio arrive.
    Running,
    /// They stopped arriving; it is being reopened.
    Lost,
}

/// A source as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SourceStatus {
    /// Its name, from the setup.
    pub id: SourceId,
    /// What it is.
    pub kind: SourceKind,
    /// The device's id, `test`, or the path of an image; none where nothing was chosen or found.
    pub device: Option<String>,
    /// The device's name for people.
    pub name: String,
    /// What it does.
    pub state: SourceState,
    /// What happened and what to do, where something is wrong.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["camera", "c", "guest-2", &"x".repeat(40)] {
            assert_eq!(SourceId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Camera", "a b", "../x", "é", &"x".repeat(41)] {
            assert_eq!(SourceId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_new_source_gets_the_first_free_number() {
        let taken = ["camera", "camera-2"].map(|name| SourceId::parse(name).unwrap());
        assert_eq!(SourceId::unused(SourceKind::Camera, |id| !taken.contains(id)).as_str(), "camera-3");
        assert_eq!(SourceId::unused(SourceKind::Screen, |id| !taken.contains(id)).as_str(), "screen");
    }

    #[test]
    fn a_microphone_cannot_be_an_image() {
        let image = || DeviceChoice::Image("/logo.png".to_owned());
        assert_eq!(SourceSpec::of(SourceKind::Microphone, image()), None);
        assert!(SourceSpec::of(SourceKind::Camera, image()).is_some_and(|spec| spec.is_video()));
    }
}
