//! The live state machine: what the operator asks for and what was observed go in, effects and
//! events come out. Pure and total: every input is answered in every phase.

mod air;
mod changes;
mod checks;
mod commands;
mod health;
mod observed;
mod pinned;
mod removals;
mod sources;
mod standing;
mod words;

pub use words::{AsRunWhat, Effect, Input};

use std::collections::BTreeMap;

use changes::Emitted;

use crate::{
    AudienceStatus, Canvas, ChatCard, DestinationAddress, DestinationId, EpisodeId, Graphics, Health, Links,
    Moderation, OnPicture, OnProgram, Overlay, Phase, PublicViewer, Refusal, Said, Secret, Setup, Severity, ShowSlug,
    SlateWords, Snapshot, SourceId, TitleCard, UnixMs, names,
};

/// How many comments the window keeps.
const CHAT_KEPT: usize = 500;
/// How many cards stand on the picture at once.
const CARDS: usize = 5;
/// How long a card stands on the picture, in milliseconds.
const CARD_STANDS_MS: u64 = 12_000;
/// 3-2-1, in milliseconds.
const COUNTDOWN_MS: u64 = 3_000;
/// How long the proof is awaited, in milliseconds: then the show is on air without one. The probe
/// says before that what it misses.
pub const PROOF_WITHIN_MS: u64 = 8_000;

/// A destination's address and key of this session.
#[derive(Debug, Clone)]
struct DestinationTarget {
    id: DestinationId,
    address: DestinationAddress,
    key: Option<Secret>,
}

/// What the frames of a source looked like in the last second.
#[derive(Debug, Clone, Copy)]
struct Content {
    black: bool,
    still: bool,
}

/// What one source was last observed to give.
#[derive(Debug, Clone, Copy, Default)]
struct ObservedSource {
    content: Option<Content>,
    heard_at: Option<UnixMs>,
}

/// What was last observed.
#[derive(Debug, Clone, Default)]
struct Observed {
    sources: BTreeMap<SourceId, ObservedSource>,
    silent_since: Option<UnixMs>,
    page: Option<bool>,
}

impl Observed {
    fn source(&mut self, id: &SourceId) -> &mut ObservedSource {
        self.sources.entry(id.clone()).or_default()
    }
}

/// One studio's broadcast, from start to end and again.
#[derive(Debug, Clone)]
pub struct Production {
    snapshot: Snapshot,
    emitted: Emitted,
    canvas: Canvas,
    overlay_allowed: bool,
    planned: Option<EpisodeId>,
    cards: Vec<(ChatCard, UnixMs)>,
    targets: Vec<DestinationTarget>,
    observed: Observed,
    last_dropped: (u64, u64, u64),
    /// Lost in the last second: by the encoder, the network, rendering.
    lost: (u64, u64, u64),
    next_destination: u64,
    next_notice: u64,
    episode_title: Option<String>,
    /// The title was changed after the end: it is the next show's, too, until the operator says otherwise.
    titled_after_the_end: bool,
    /// Why nothing is recorded of what is on air.
    recording_stopped: Option<String>,
    /// What the operator has read and taken off the window, and how urgent it was.
    dismissed: BTreeMap<String, Severity>,
    /// What devices were called when they were last seen.
    names: BTreeMap<String, String>,
    /// On air: the device that "the first there is" was.
    pinned: BTreeMap<SourceId, String>,
}

impl Production {
    /// A studio before its first show. `overlay_allowed` is false for a program that must stay
    /// clean whatever the setup says (`--no-overlay`).
    #[must_use]
    pub fn new(setup: Setup, canvas: Canvas, overlay_allowed: bool) -> Self {
        let mut production = Self {
            snapshot: Snapshot {
                number: 0,
                phase: Phase::Idle,
                setup: Setup { destinations: Vec::new(), ..setup.clone() },
                devices: Vec::new(),
                sources: Vec::new(),
                checks: Vec::new(),
                destinations: Vec::new(),
                links: Links::default(),
                audience: AudienceStatus::default(),
                moderation: Moderation::default(),
                chat: Vec::new(),
                removals: Vec::new(),
                on_program: OnProgram::default(),
                health: Health::default(),
                disk: None,
                library: Vec::new(),
                notices: Vec::new(),
            },
            emitted: Emitted::default(),
            canvas,
            overlay_allowed,
            planned: None,
            cards: Vec::new(),
            targets: Vec::new(),
            observed: Observed::default(),
            last_dropped: (0, 0, 0),
            lost: (0, 0, 0),
            next_destination: 0,
            next_notice: 0,
            episode_title: None,
            titled_after_the_end: false,
            recording_stopped: None,
            dismissed: BTreeMap::new(),
            names: BTreeMap::new(),
            pinned: BTreeMap::new(),
        };
        for destination in &setup.destinations {
            if let Ok(address) = DestinationAddress::parse(&destination.address) {
                production.add_target(address, None);
            }
        }
        production.snapshot.sources = production.source_rows();
        production.snapshot.checks = production.checks(UnixMs(0));
        production.judge(UnixMs(0));
        production.emitted = Emitted::of(&production);
        production
    }

    /// Everything the window shows.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Size and rate of the program.
    #[must_use]
    pub const fn canvas(&self) -> Canvas {
        self.canvas
    }

    /// The next episode's id, once it is planned, or the running one's.
    #[must_use]
    pub const fn episode(&self) -> Option<&EpisodeId> {
        self.planned.as_ref()
    }

    /// What is drawn over the picture now.
    #[must_use]
    pub fn graphics(&self) -> Graphics {
        let overlay = self.overlay();
        let on_program = &self.snapshot.on_program;
        let comment =
            on_program.comment.and_then(|seq| self.snapshot.chat.iter().find(|said| said.seq == seq)).map(card);
        let title = self.title_or(&self.snapshot.setup.title);
        // Nobody is shown a card without words.
        let has_words = on_program.title && !title.trim().is_empty();
        let title = has_words.then(|| TitleCard { title, show: self.show_name() });
        Graphics {
            chat: if overlay.chat { self.cards.iter().map(|(card, _)| card.clone()).collect() } else { Vec::new() },
            hearts: overlay.hearts,
            comment: comment.filter(|_| self.overlay_allowed),
            title: title.filter(|_| self.overlay_allowed),
        }
    }

    /// What stands in place of the sources now.
    pub(crate) fn slate(&self) -> Option<SlateWords> {
        let words = || SlateWords::waiting(&self.title_or(&self.snapshot.setup.title), &self.show_name());
        self.snapshot.on_program.slate.then(words)
    }

    /// What the picture carries, for the viewer's page.
    #[must_use]
    pub fn on_picture(&self) -> Vec<OnPicture> {
        let overlay = self.overlay();
        let chat = overlay.chat.then_some(OnPicture::Chat);
        chat.into_iter().chain(overlay.hearts.then_some(OnPicture::Hearts)).collect()
    }

    /// Takes `input`, which happened at `now`, and answers what must be done, in order. Whatever
    /// changed for the window is among it, numbered: here, and nowhere else.
    ///
    /// # Errors
    ///
    /// Only a [`Input::Command`] is refused, with nothing changed.
    pub fn apply(&mut self, now: UnixMs, input: Input) -> Result<Vec<Effect>, Refusal> {
        let mut effects = match input {
            Input::Command(command) => self.command(now, command)?,
            other => self.observe(now, other),
        };
        self.pin();
        self.snapshot.sources = self.source_rows();
        self.snapshot.checks = self.checks(now);
        self.stand(now);
        self.judge(now);
        self.add_changes(&mut effects);
        Ok(effects)
    }

    /// The title of the episode; date and time is filled in by whoever knows the time zone.
    fn title_or(&self, title: &str) -> String {
        self.episode_title.clone().filter(|_| title.is_empty()).unwrap_or_else(|| title.to_owned())
    }

    /// The show's name for people. An address that nobody chose is none.
    fn show_name(&self) -> String {
        let Setup { show_name, show, .. } = &self.snapshot.setup;
        if show_name.is_empty() && *show != ShowSlug::default() { show.to_string() } else { show_name.clone() }
    }

    fn overlay(&self) -> Overlay {
        if self.overlay_allowed { self.snapshot.setup.overlay } else { Overlay::NONE }
    }

    fn on_air_episode(&self) -> Option<&EpisodeId> {
        match &self.snapshot.phase {
            Phase::Starting { episode, .. } | Phase::OnAir { episode, .. } => Some(episode),
            _ => None,
        }
    }
}

/// The card that shows a comment.
fn card(said: &Said) -> ChatCard {
    let PublicViewer { name, hue, badge, n, .. } = said.viewer.clone();
    let is_hosts = badge.as_deref() == Some(names::HOST_BADGE);
    ChatCard { seq: said.seq, name, n, is_hosts, hue, text: said.text.clone() }
}

/// A sentence's part with a capital at its start.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// `less than a minute`, `1 minute`, `90 minutes`, `2 hours`.
fn minutes(minutes: u64) -> String {
    match minutes {
        0 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..=119 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes / 60),
    }
}

#[cfg(test)]
mod tests;
