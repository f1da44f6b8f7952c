//! What a show's page learns without entering the room.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::UnixMs;

/// What is at a show's address now: the answer of `GET /S/show.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShowPage {
    /// The open episode's title.
    pub title: String,
    /// Whether there is a program to watch.
    pub on_air: bool,
    /// Whether whoever asks would find no place in the room.
    pub room_full: bool,
    /// Where it can be watched by HLS, from the root of the service; none where there is nothing to watch,
    /// or not so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hls_url: Option<String>,
    /// The newest episode of the show that can be watched afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_replay: Option<LastReplay>,
}

/// A replay that a page offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LastReplay {
    /// Its page, from the root of the service.
    pub address: String,
    /// Its title.
    pub title: String,
    /// When it began.
    pub started_at: UnixMs,
    /// Its length, in milliseconds.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

/// Every open show: the answer of `GET /shows.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OpenShows {
    /// In the order of their addresses.
    pub shows: Vec<OpenShow>,
}

/// A show whose page is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OpenShow {
    /// Its page, from the root of the service.
    pub address: String,
    /// The open episode's title.
    pub title: String,
    /// Whether there is a program to watch.
    pub on_air: bool,
}
