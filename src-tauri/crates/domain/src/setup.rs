//! What the operator chose; remembered between sessions. Holds no secret.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Composition, DeviceChoice, Layout, ShowSlug, SourceId, SourceKind, SourceSetup};

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
    /// The show's name for people; empty where it has none but its address.
    pub show_name: String,
    /// How the first screen and the first camera share the canvas.
    pub layout: Layout,
    /// What stands where, in place of the layout; none while the layout decides.
    pub composition: Option<Composition>,
    /// The sources, in the order in which the window lists them.
    pub sources: Vec<SourceSetup>,
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
    /// What the connection carries to viewers, in kb/s; none: no limit.
    pub upload_kbps: Option<u32>,
    /// Names that the service answers to, besides its addresses and this computer's own name.
    pub host_names: Vec<String>,
    /// Proxies that are believed about who asks.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            title: String::new(),
            show: ShowSlug::default(),
            show_name: String::new(),
            layout: Layout::Solo,
            composition: None,
            sources: Self::first_sources(),
            overlay: Overlay::default(),
            reach: None,
            countdown: true,
            retention_hours: 24,
            destinations: Vec::new(),
            upload_kbps: None,
            host_names: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Setup {
    /// How long replays can be kept, in hours.
    pub const RETENTION_HOURS: std::ops::RangeInclusive<u32> = 1..=8760;
    /// How many destinations there can be.
    pub const DESTINATIONS: usize = 16;
    /// What a connection may carry to viewers, in kb/s.
    pub const UPLOAD_KBPS: std::ops::RangeInclusive<u32> = 100..=100_000_000;
    /// The most sources that there can be.
    pub const SOURCES: usize = 64;
    /// The longest title, in characters.
    pub const TITLE_CHARACTERS: usize = 120;

    /// What a studio has at its first start: the first camera and microphone that there are, and a
    /// place for a screen.
    fn first_sources() -> Vec<SourceSetup> {
        let kinds = [
            (SourceKind::Camera, DeviceChoice::First),
            (SourceKind::Microphone, DeviceChoice::First),
            (SourceKind::Screen, DeviceChoice::None),
        ];
        kinds.map(|(kind, choice)| SourceSetup::new(SourceId::unused(kind, |_| true), kind, choice)).to_vec()
    }

    /// The first source of `kind`; made where there is none.
    pub fn first_mut(&mut self, kind: SourceKind) -> &mut SourceSetup {
        let at = self.sources.iter().position(|source| source.kind == kind).unwrap_or_else(|| {
            let id = SourceId::unused(kind, |id| self.sources.iter().all(|source| source.id != *id));
            self.sources.push(SourceSetup::new(id, kind, DeviceChoice::None));
            self.sources.len() - 1
        });
        &mut self.sources[at]
    }
}
