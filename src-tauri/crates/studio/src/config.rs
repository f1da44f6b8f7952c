//! What a studio is started with.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use domain::{Canvas, DestinationAddress, Secret, Setup};

/// Where the audience service listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Where the setup's audience can reach us, at port 8420; at another one if that is taken.
    ByReach,
    /// Exactly here (port 0: any free one).
    At(SocketAddr),
}

/// What a studio is started with.
#[derive(Debug, Clone)]
pub struct StudioConfig {
    /// The data folder; it is made if it does not exist.
    pub data_dir: PathBuf,
    /// Size and rate of the program.
    pub canvas: Canvas,
    /// Bit rate of the picture, in kb/s.
    pub video_kbps: u32,
    /// Where the audience service listens.
    pub listen: Listen,
    /// The UDP port of the media; none: the HTTP port's number.
    pub media_port: Option<u16>,
    /// Names that the service answers to, besides its addresses and this computer's own name.
    pub host_names: Vec<String>,
    /// Proxies that are believed about who asks.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether anything may be drawn over the picture.
    pub overlay_allowed: bool,
    /// A setup for this run, which is not remembered; none: the remembered one.
    pub setup: Option<Setup>,
    /// Destinations of this run, besides the remembered ones.
    pub destinations: Vec<(DestinationAddress, Option<Secret>)>,
}

impl StudioConfig {
    /// The window's defaults on `data_dir`.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            canvas: Canvas::default(),
            video_kbps: 2_500,
            listen: Listen::ByReach,
            media_port: None,
            host_names: Vec::new(),
            trusted_proxies: Vec::new(),
            overlay_allowed: true,
            setup: None,
            destinations: Vec::new(),
        }
    }
}
