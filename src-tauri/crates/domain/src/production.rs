//! The live state machine: what the operator asks for and what was observed go in, effects and
//! events come out. Pure and total: every input is answered in every phase.

mod air;
mod changes;
mod checks;
mod commands;
mod health;
mod observed;
mod words;

pub use words::{AsRunWhat, Effect, Input};

use changes::Emitted;

use crate::{
    AudienceStatus, Canvas, ChatCard, DestinationAddress, DestinationId, DeviceChoice, DeviceKind, EpisodeId, Graphics,
    Health, Links, Notice, NoticeId, OnPicture, OnProgram, Overlay, Phase, Refusal, Role, Said, Secret, Setup,
    Severity, Snapshot, SourceState, SourceStatus, TitleCard, UnixMs,
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

/// What the camera and the microphone were last observed to do.
#[derive(Debug, Clone, Copy, Default)]
struct Observed {
    picture: Option<(bool, bool)>,
    heard_at: Option<UnixMs>,
    silent_since: Option<UnixMs>,
    silence_told: Option<Severity>,
    page: Option<bool>,
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
                sources: [Role::Camera, Role::Microphone, Role::Screen].map(SourceStatus::off).to_vec(),
                checks: Vec::new(),
                destinations: Vec::new(),
                links: Links::default(),
                audience: AudienceStatus::default(),
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

    /// What was chosen for `role`, with "the first there is" resolved.
    #[must_use]
    pub fn resolved(&self, role: Role) -> DeviceChoice {
        let setup = &self.snapshot.setup;
        let (choice, kind) = match role {
            Role::Camera => (&setup.camera, DeviceKind::Camera),
            Role::Microphone => (&setup.microphone, DeviceKind::Microphone),
            Role::Screen => (&setup.screen, DeviceKind::Screen),
        };
        choice.resolve(kind, &self.snapshot.devices)
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

    /// The sections of the table of sources that follow from setup and devices.
    fn source_rows(&self) -> Vec<SourceStatus> {
        self.snapshot
            .sources
            .iter()
            .map(|row| {
                let (id, name) = self.name_of(row.role);
                let chosen = id.is_some();
                let same = row.id == id;
                SourceStatus {
                    role: row.role,
                    state: match row.state {
                        _ if !chosen => SourceState::Off,
                        SourceState::Off => SourceState::Starting,
                        state if same => state,
                        _ => SourceState::Starting,
                    },
                    problem: row.problem.clone().filter(|_| chosen && same),
                    id,
                    name,
                }
            })
            .collect()
    }

    fn name_of(&self, role: Role) -> (Option<String>, String) {
        match self.resolved(role) {
            DeviceChoice::First | DeviceChoice::None => (None, String::new()),
            DeviceChoice::Test => (Some("test".to_owned()), "Test".to_owned()),
            DeviceChoice::Device(id) => {
                let found = self.snapshot.devices.iter().find(|device| device.id == id);
                let name = found.map_or_else(|| id.clone(), |device| device.name.clone());
                (Some(id), name)
            }
        }
    }
}

impl SourceStatus {
    /// The row of a role for which nothing was chosen.
    #[must_use]
    pub const fn off(role: Role) -> Self {
        Self { role, id: None, name: String::new(), state: SourceState::Off, problem: None }
    }
}

/// The card that shows a comment.
fn card(said: &Said) -> ChatCard {
    ChatCard { seq: said.seq, name: said.viewer.name.clone(), hue: said.viewer.hue, text: said.text.clone() }
}

#[cfg(test)]
mod tests;
