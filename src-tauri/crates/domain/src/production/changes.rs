//! What changed with an input: the sections of the snapshot that differ from what was emitted last,
//! the picture, the room, the setup. Compares in place and clones what changed, nothing else.

use super::{Effect, Production};
use crate::{
    AudienceStatus, BroadcastState, Check, Composition, DestinationStatus, Device, DeviceChoice, Disk, Event, Graphics,
    Health, Layout, Links, Moderation, Notice, Numbered, OnPicture, OnProgram, Phase, Removal, Setup, SlateWords,
    SourceSetup, SourceStatus,
};

/// What others know: the window, the engine, the room.
#[derive(Debug, Clone, Default)]
pub(super) struct Emitted {
    window: Window,
    picture: Picture,
    room: Option<Room>,
}

/// The sections of the snapshot as they were emitted last. Chat and library, the two that grow
/// without end, are not here: their events are made where they change.
#[derive(Debug, Clone, Default)]
struct Window {
    phase: Option<Phase>,
    setup: Setup,
    devices: Vec<Device>,
    sources: Vec<SourceStatus>,
    checks: Vec<Check>,
    destinations: Vec<DestinationStatus>,
    links: Links,
    audience: AudienceStatus,
    moderation: Moderation,
    removals: Vec<Removal>,
    on_program: OnProgram,
    health: Health,
    disk: Option<Disk>,
    notices: Vec<Notice>,
}

/// What the engine was asked to show.
#[derive(Debug, Clone, Default, PartialEq)]
struct Picture {
    graphics: Graphics,
    sources: Vec<SourceSetup>,
    resolved: Vec<DeviceChoice>,
    layout: Option<Layout>,
    composition: Option<Composition>,
    slate: Option<SlateWords>,
}

/// What the room knows of the show.
#[derive(Debug, Clone, PartialEq)]
struct Room {
    title: String,
    on_picture: Vec<OnPicture>,
    state: BroadcastState,
}

impl Emitted {
    /// As if everything in `production` had been emitted.
    pub(super) fn of(production: &Production) -> Self {
        let snapshot = production.snapshot.clone();
        let window = Window {
            phase: Some(snapshot.phase),
            setup: snapshot.setup,
            devices: snapshot.devices,
            sources: snapshot.sources,
            checks: snapshot.checks,
            destinations: snapshot.destinations,
            links: snapshot.links,
            audience: snapshot.audience,
            moderation: snapshot.moderation,
            removals: snapshot.removals,
            on_program: snapshot.on_program,
            health: snapshot.health,
            disk: snapshot.disk,
            notices: snapshot.notices,
        };
        Self { window, picture: production.picture(), room: Some(production.room_knows()) }
    }
}

impl Production {
    /// Numbers `event`: the one place where events get their numbers.
    pub(super) fn emit(&mut self, event: Event) -> Effect {
        self.snapshot.number += 1;
        Effect::Emit(Numbered { number: self.snapshot.number, event })
    }

    /// Adds what follows from the differences to what others know, and takes it as known.
    pub(super) fn add_changes(&mut self, effects: &mut Vec<Effect>) {
        let picture = self.picture();
        if self.emitted.picture != picture {
            self.emitted.picture = picture;
            effects.push(Effect::ShowPlan);
        }
        let room = Some(self.room_knows());
        if self.emitted.room != room {
            self.emitted.room.clone_from(&room);
            effects.extend(room.map(|Room { title, on_picture, state }| Effect::UpdateRoom {
                title,
                on_picture,
                state,
            }));
        }
        if self.emitted.window.setup != self.snapshot.setup {
            effects.push(Effect::SaveSetup);
        }
        for event in self.changed_sections() {
            effects.push(self.emit(event));
        }
    }

    /// One event for each section that differs from what was emitted.
    fn changed_sections(&mut self) -> Vec<Event> {
        let (window, snapshot) = (&mut self.emitted.window, &self.snapshot);
        let mut events = Vec::new();
        if window.phase.as_ref() != Some(&snapshot.phase) {
            window.phase = Some(snapshot.phase.clone());
            events.push(Event::Phase(snapshot.phase.clone()));
        }
        macro_rules! section {
            ($field:ident, $variant:ident) => {
                if window.$field != snapshot.$field {
                    window.$field.clone_from(&snapshot.$field);
                    events.push(Event::$variant(snapshot.$field.clone()));
                }
            };
        }
        section!(setup, Setup);
        section!(devices, Devices);
        section!(sources, Sources);
        section!(checks, Checks);
        section!(destinations, Destinations);
        section!(links, Links);
        section!(audience, Audience);
        section!(moderation, Moderation);
        section!(removals, Removals);
        section!(on_program, OnProgram);
        section!(health, Health);
        section!(notices, Notices);
        if window.disk != snapshot.disk {
            window.disk = snapshot.disk;
            events.extend(snapshot.disk.map(Event::Disk));
        }
        events
    }

    fn picture(&self) -> Picture {
        let setup = &self.snapshot.setup;
        Picture {
            graphics: self.graphics(),
            resolved: setup.sources.iter().map(|source| self.resolved(source)).collect(),
            sources: setup.sources.clone(),
            layout: Some(setup.layout),
            composition: setup.composition.clone(),
            slate: self.slate(),
        }
    }

    fn room_knows(&self) -> Room {
        let state = match self.snapshot.phase {
            Phase::Idle | Phase::CountingDown { .. } | Phase::Starting { .. } | Phase::Failed { .. } => {
                BroadcastState::Waiting
            }
            Phase::OnAir { .. } if self.interrupted() => BroadcastState::Interrupted,
            Phase::OnAir { .. } => BroadcastState::OnAir,
            Phase::Ending { .. } | Phase::Ended { .. } => BroadcastState::Ended,
        };
        Room { title: self.title_or(&self.snapshot.setup.title), on_picture: self.on_picture(), state }
    }
}
