//! An episode watched afterwards.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{EpisodeId, ShowSlug, UnixMs};

/// In what state the recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ReplayState {
    /// Being recorded now.
    OnAir,
    /// Ended cleanly.
    Whole,
    /// Ended by a crash, and finished at the next start.
    Recovered,
    /// Ended, but its recording could not be finished yet: that is tried again at each start and when
    /// there is room. It never expires.
    Unfinished,
}

/// An episode in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Replay {
    /// Which.
    pub episode: EpisodeId,
    /// The series.
    pub show: ShowSlug,
    /// Its title.
    pub title: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended; none while on air.
    pub ended_at: Option<UnixMs>,
    /// Length of the recording, in milliseconds.
    #[ts(type = "number")]
    pub duration_ms: u64,
    /// Size of the recording.
    #[ts(type = "number")]
    pub bytes: u64,
    /// The recording's file; none where there is none (the disk was full, or somebody removed it).
    pub path: Option<String>,
    /// Accepted hearts.
    #[ts(type = "number")]
    pub hearts: u64,
    /// Comments, removed ones not counted.
    #[ts(type = "number")]
    pub chat: u64,
    /// The most people at once.
    pub viewers: u32,
    /// In what state the recording is.
    pub state: ReplayState,
    /// When it is deleted; none while on air or unfinished, or when it is kept.
    pub expires_at: Option<UnixMs>,
}
