//! What the archive takes and what it answers, beyond the vocabulary of the domain.

use std::path::PathBuf;

use domain::{EpisodeId, ProgramMs, Replay, ReplayState, ShowSlug, UnixMs};

/// A moment, as it is seen on this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What the system clock shows.
    pub wall: UnixMs,
    /// What a clock shows that nobody can set; none where there is none.
    pub boot: Option<BootTime>,
}

/// Time since the computer was started, sleep included: `CLOCK_BOOTTIME` of clock_gettime(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootTime {
    /// Which start that was: another number at each.
    pub boot: u64,
    /// Milliseconds since then.
    pub ms: u64,
}

/// How an episode ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When. For [`ReplayState::Recovered`] this may lie in the past.
    pub ended_at: UnixMs,
    /// Length of the recording, in milliseconds.
    pub duration_ms: u64,
    /// Size of the recording.
    pub bytes: u64,
    /// Cleanly, by a crash, or with a recording that is yet to be finished, which may end once more when
    /// it is. [`ReplayState::OnAir`] is no end and refused.
    pub state: ReplayState,
    /// The most people at once.
    pub peak_viewers: u32,
    /// When the replay is to be deleted; none to keep it. One that is unfinished is always kept.
    pub expires_at: Option<UnixMs>,
}

/// An episode that was begun and never ended, because the studio died during the show; or one that
/// ended and whose recording could not be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub episode: EpisodeId,
    /// Its recording, whether or not the file is there.
    pub recording: Option<PathBuf>,
    /// When it began.
    pub started_at: UnixMs,
    /// Its title.
    pub title: String,
    /// Only its recording is unfinished. Otherwise it may also be the show that is on air.
    pub has_ended: bool,
    /// The most people at once, where that is known.
    pub peak_viewers: u32,
}

/// What is known about the address of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "short-lived, handed on at once")]
pub enum Lookup {
    /// It is there; on air, too.
    Found(Replay),
    /// It was there, and was deleted.
    Gone,
    /// Never heard of, or not begun yet.
    Unknown,
}

/// A series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Show {
    /// Its short name in addresses.
    pub slug: ShowSlug,
    /// Its name for people.
    pub title: String,
    /// Episodes in the archive that were begun and are not deleted.
    pub episodes: u64,
    /// When it was last on air, also where that episode is deleted.
    pub last_started_at: Option<UnixMs>,
}

/// What a line of the as-run log is about; the database writes it as the name in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AsRunKind {
    /// The layout changed.
    Layout,
    /// Graphics came or went.
    Graphics,
    /// A source changed.
    Source,
    /// A destination changed.
    Destination,
    /// A comment was removed, or a viewer muted.
    Removal,
    /// The broadcast began or ended.
    Broadcast,
}

/// A line of the as-run log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsRunEntry {
    /// Program time.
    pub at: ProgramMs,
    /// What it is about.
    pub kind: AsRunKind,
    /// What happened.
    pub detail: String,
}
