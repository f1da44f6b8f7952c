//! What the audience needs from the archive, through the audience's own traits.

use std::collections::BTreeMap;

use archive::{Archive, Lookup};
use audience::{Journal, Library, ReplayLookup};
use domain::room::{Comment, Stored};
use domain::{EpisodeId, ProgramMs, PublicViewer, Replay, ShowSlug, Timeline};
use tokio::sync::oneshot;

/// Where one episode's chat and hearts are written.
pub struct ArchiveJournal {
    archive: Archive,
    episode: EpisodeId,
}

impl ArchiveJournal {
    /// The journal of `episode`, whose row stands.
    #[must_use]
    pub const fn new(archive: Archive, episode: EpisodeId) -> Self {
        Self { archive, episode }
    }
}

impl Journal for ArchiveJournal {
    fn identity(&self, token_hash: [u8; 32], answer: oneshot::Sender<Option<PublicViewer>>) {
        self.archive.identity(
            token_hash,
            Box::new(move |viewer| {
                let _gone = answer.send(viewer);
            }),
        );
    }

    fn append_chat(&self, comment: Comment, stored: oneshot::Sender<Stored>) {
        self.archive.append_chat(
            &self.episode,
            comment,
            Box::new(move |answer| {
                let _gone = stored.send(answer);
            }),
        );
    }

    fn append_hearts(&self, second_ms: ProgramMs, by_hue: &BTreeMap<u16, u32>) {
        self.archive.append_hearts(&self.episode, second_ms, by_hue);
    }
}

/// Where replays are looked up.
pub struct ArchiveLibrary {
    archive: Archive,
}

impl ArchiveLibrary {
    /// All that `archive` has.
    #[must_use]
    pub const fn new(archive: Archive) -> Self {
        Self { archive }
    }
}

impl Library for ArchiveLibrary {
    fn replay(&self, episode: &EpisodeId) -> ReplayLookup {
        match self.archive.replay(episode) {
            Ok(Lookup::Found(replay)) => ReplayLookup::Found { replay },
            Ok(Lookup::Gone) => ReplayLookup::Gone,
            Ok(Lookup::Unknown) => ReplayLookup::Unknown,
            Err(error) => {
                tracing::error!(%error, "a replay could not be looked up");
                ReplayLookup::Unknown
            }
        }
    }

    fn last_replay(&self, show: &ShowSlug) -> Option<Replay> {
        self.archive.last_replay(show).unwrap_or_else(|error| {
            tracing::error!(%error, "the last replay could not be looked up");
            None
        })
    }

    fn timeline(&self, episode: &EpisodeId) -> Option<Timeline> {
        self.archive.timeline(episode).unwrap_or_else(|error| {
            tracing::error!(%error, "a timeline could not be read");
            None
        })
    }
}
