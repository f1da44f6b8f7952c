//! Cameras, microphones and screens as the operator sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a device gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DeviceKind {
    /// Moving pictures of a place.
    Camera,
    /// Sound.
    Microphone,
    /// What a loudspeaker plays.
    ComputerSound,
    /// What a display shows.
    Screen,
    /// A way to compress pictures.
    Encoder,
}

/// A device that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Device {
    /// What it gives.
    pub kind: DeviceKind,
    /// Stable across unplugging and restarts, where the system lets us; `[A-Za-z0-9:._-]`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// A remark for people, e.g. `1280×720 MJPEG, 30 a second`.
    pub detail: String,
    /// Why it cannot be used now, in a sentence; none if it can.
    pub unusable: Option<String>,
}

/// What was chosen for a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
#[ts(export)]
pub enum DeviceChoice {
    /// The first real device there is, else none.
    First,
    /// The device with this id.
    Device(String),
    /// The test device.
    Test,
    /// A still image, PNG or JPEG: the path of its file.
    Image(String),
    /// Nothing.
    None,
}

impl DeviceChoice {
    /// Reads `ID|image:PATH|test|none` as the command line writes it. Total: whatever is none of
    /// these is a device's id.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match (text, text.strip_prefix("image:")) {
            ("test", _) => Self::Test,
            ("none", _) => Self::None,
            (_, Some(path)) => Self::Image(path.to_owned()),
            (id, None) => Self::Device(id.to_owned()),
        }
    }

    /// The choice with [`DeviceChoice::First`] resolved against what was found.
    #[must_use]
    pub fn resolve(&self, kind: DeviceKind, found: &[Device]) -> Self {
        match self {
            Self::First => found
                .iter()
                .find(|device| device.kind == kind && device.unusable.is_none())
                .map_or(Self::None, |device| Self::Device(device.id.clone())),
            other => other.clone(),
        }
    }
}
