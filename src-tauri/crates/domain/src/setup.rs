//! What the operator chose; remembered between sessions. Holds no secret.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DeviceChoice, Layout, ShowSlug};

/// Who can watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Reach {
    /// Only programs on this computer.
    ThisComputer,
    /// Everybody on the networks that this computer is part of.
    ThisNetwork,
}

/// Which graphics the audience may put on the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Overlay {
    /// New comments appear as cards.
    pub chat: bool,
    /// Hearts rise.
    pub hearts: bool,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { chat: true, hearts: true }
    }
}

impl Overlay {
    /// Nothing on the picture.
    pub const NONE: Self = Self { chat: false, hearts: false };
}

/// A destination as it is remembered: never with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DestinationSetup {
    /// The address with `{key}` where the key stands.
    pub address: String,
}

/// Everything the operator chose before going on air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Setup {
    /// Title of the next episode; empty means date and time.
    pub title: String,
    /// The series it belongs to.
    pub show: ShowSlug,
    /// How camera and screen share the picture.
    pub layout: Layout,
    /// Which camera.
    pub camera: DeviceChoice,
    /// Which microphone.
    pub microphone: DeviceChoice,
    /// Which screen.
    pub screen: DeviceChoice,
    /// Gain of the microphone in decibels, −60 to +20.
    pub gain_db: f32,
    /// Whether the microphone is muted.
    pub muted: bool,
    /// What the audience may put on the picture.
    pub overlay: Overlay,
    /// Who can watch; none until it was asked.
    pub reach: Option<Reach>,
    /// Whether 3-2-1 is counted before the show.
    pub countdown: bool,
    /// How long a replay is kept after the end, in hours; 1 to 8760.
    pub retention_hours: u32,
    /// Where the program is pushed besides.
    pub destinations: Vec<DestinationSetup>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            title: String::new(),
            show: ShowSlug::default(),
            layout: Layout::Solo,
            camera: DeviceChoice::First,
            microphone: DeviceChoice::First,
            screen: DeviceChoice::None,
            gain_db: 0.0,
            muted: false,
            overlay: Overlay::default(),
            reach: None,
            countdown: true,
            retention_hours: 24,
            destinations: Vec::new(),
        }
    }
}

impl Setup {
    /// The gain that a microphone strip can have, in decibels.
    pub const GAIN_DB: std::ops::RangeInclusive<f32> = -60.0..=20.0;
    /// How long replays can be kept, in hours.
    pub const RETENTION_HOURS: std::ops::RangeInclusive<u32> = 1..=8760;
    /// How many destinations there can be.
    pub const DESTINATIONS: usize = 16;
    /// The longest title, in characters.
    pub const TITLE_CHARACTERS: usize = 120;
}
