//! The live state machine: what the operator asks for and what was observed go in, effects and
//! events come out. Pure and total: every input is answered in every phase.

mod air;
mod changes;
mod checks;
mod commands;
mod health;
mod observed;
mod sources;
mod words;

pub use words::{AsRunWhat, Effect, Input};

use std::collections::BTreeMap;

use changes::Emitted;

use crate::{
    AudienceStatus, Canvas, ChatCard, DestinationAddress, DestinationId, EpisodeId, Graphics, Health, Links,
    Moderation, Notice, NoticeId, OnPicture, OnProgram, Overlay, Phase, PublicViewer, Refusal, Said, Secret, Setup,
    Severity, Snapshot, SourceId, TitleCard, UnixMs, names,
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
    silence_told: Option<Severity>,
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
    next_destination: u64,
    next_notice: u64,
    episode_title: Option<String>,
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
            next_destination: 0,
            next_notice: 0,
            episode_title: None,
        };
        for destination in &setup.destinations {
            if let Ok(address) = DestinationAddress::parse(&destination.address) {
                production.add_target(address, None);
            }
        }
        production.snapshot.sources = production.source_rows();
        production.snapshot.checks = production.checks(UnixMs(0));
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
        let title = on_program.title.then(|| TitleCard {
            title: self.title_or(&self.snapshot.setup.title),
            show: self.snapshot.setup.show.to_string(),
        });
        Graphics {
            chat: if overlay.chat { self.cards.iter().map(|(card, _)| card.clone()).collect() } else { Vec::new() },
            hearts: overlay.hearts,
            comment: comment.filter(|_| self.overlay_allowed),
            title: title.filter(|_| self.overlay_allowed),
        }
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
        self.snapshot.sources = self.source_rows();
        self.snapshot.checks = self.checks(now);
        self.add_changes(&mut effects);
        Ok(effects)
    }

    /// The title of the episode; date and time is filled in by whoever knows the time zone.
    fn title_or(&self, title: &str) -> String {
        self.episode_title.clone().filter(|_| title.is_empty()).unwrap_or_else(|| title.to_owned())
    }

    fn overlay(&self) -> Overlay {
        if self.overlay_allowed { self.snapshot.setup.overlay } else { Overlay::NONE }
    }

    /// Notifies the operator; a notice with the same code is replaced.
    fn notice(&mut self, severity: Severity, refusal: Refusal) {
        self.snapshot.notices.retain(|notice| notice.code != refusal.code);
        self.next_notice += 1;
        let id = NoticeId(self.next_notice);
        self.snapshot.notices.push(Notice { id, severity, code: refusal.code, text: refusal.message });
        if self.snapshot.notices.len() > 20 {
            self.snapshot.notices.remove(0);
        }
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

#[cfg(test)]
mod tests;
