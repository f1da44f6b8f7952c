//! An episode that is planned: its row stands, and its room may open.

use std::sync::Arc;

use archive::{Archive, ArchiveError};
use audience::Episode;
use domain::room::Place;
use domain::{EpisodeId, PublicViewer, Said, Seq, ShowSlug, ViewerId, Voice};

use crate::clock::now;
use crate::ledger::ArchiveJournal;

/// An episode whose row stands in the archive.
#[derive(Debug)]
pub struct Planned {
    /// Which.
    pub episode: EpisodeId,
    /// Whose.
    pub show: ShowSlug,
    /// What it will be called.
    pub title: String,
    /// Greater than every place that was ever given in it.
    pub next_seq: Seq,
    /// The last comments.
    pub said: Vec<Said>,
    /// Who has no voice in it.
    pub silenced: Vec<(ViewerId, Voice)>,
    spoke: Vec<(ViewerId, Option<Place>)>,
    named: Vec<PublicViewer>,
    place_key: [u8; 32],
}

/// Plans the next episode of `show`, or finds the one that was planned and never begun. Blocks.
///
/// # Errors
///
/// What the archive reports.
pub fn plan(archive: &Archive, show: &ShowSlug, title: &str) -> Result<Planned, ArchiveError> {
    let episode = match archive.planned(show)? {
        Some(episode) => episode,
        None => {
            let episode = EpisodeId::from_random(random());
            archive.plan_episode(&episode, show, title, now())?;
            episode
        }
    };
    let (next_seq, said) = archive.last_said(&episode)?;
    let silenced = archive.silenced(&episode)?;
    let spoke = archive.who_spoke(&episode)?;
    let named = archive.who_was_called(&episode)?;
    let place_key = archive.place_key(&episode, random())?;
    let (show, title) = (show.clone(), title.to_owned());
    Ok(Planned { episode, show, title, next_seq, said, silenced, spoke, named, place_key })
}

impl Planned {
    /// Its room, for the audience; what happens in it is written to `archive`.
    #[must_use]
    pub fn room(self, archive: &Archive) -> Episode {
        let Self { episode, show, title, next_seq, said, spoke, named, place_key, .. } = self;
        let journal = Arc::new(ArchiveJournal::new(archive.clone(), episode.clone()));
        Episode { id: episode, show, title, next_seq, backlog: said, spoke, named, place_key, journal }
    }
}

/// Random bits from the system's source.
///
/// # Panics
///
/// Where the system has no randomness: nothing that must not be guessed can be made then.
#[must_use]
pub fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bits = [0; BYTES];
    getrandom::fill(&mut bits).expect("the system has a source of randomness");
    bits
}
