//! What was observed: devices, sources, people, numbers.

use super::{AsRunWhat, CARD_STANDS_MS, CARDS, CHAT_KEPT, Content, Effect, Input, Production, card};
use crate::room::RoomNews;
use crate::{
    DestinationReport, Event, Levels, Phase, Refusal, Replay, ReplayState, Said, Seq, Severity, Silenced, UnixMs,
    ViewerId, Voice,
};

/// Below this peak audio counts as silence, in dBFS.
const SILENCE_DB: f32 = -50.0;

impl Production {
    pub(super) fn observe(&mut self, now: UnixMs, input: Input) -> Vec<Effect> {
        match input {
            Input::Command(_) => Vec::new(),
            Input::Tick => {
                self.cards.retain(|(_, since)| now.since(*since) < CARD_STANDS_MS && *since <= now);
                self.forget_removals(now);
                self.time_passed(now)
            }
            Input::Devices(devices) => {
                self.learn_names(&devices);
                self.snapshot.devices = devices;
                Vec::new()
            }
            Input::Source { id, state, problem } => self.source(&id, state, problem),
            Input::Content { id, black, still } => {
                self.observed.source(&id).content = Some(Content { black, still });
                Vec::new()
            }
            Input::Levels(levels) => self.levels(now, &levels),
            Input::Titled(title) => {
                self.episode_title = Some(title);
                Vec::new()
            }
            Input::Began { at } => self.began(at),
            Input::BeginFailed(reason) => self.begin_failed(reason),
            Input::Proof(proof) => self.proof(proof),
            Input::EndedOnDisk => self.ended_on_disk(),
            Input::Destination(report) => self.destination(report),
            Input::Stats(stats) => {
                self.numbers(stats);
                Vec::new()
            }
            Input::Disk(disk) => {
                self.snapshot.disk = Some(disk);
                Vec::new()
            }
            Input::Page(answer) => {
                self.observed.page = Some(answer.is_ok());
                Vec::new()
            }
            Input::Links(links) => {
                self.snapshot.links = links;
                self.observed.page = None;
                Vec::new()
            }
            Input::Room(news) => self.room(now, news),
            Input::Library(library) => self.library(library).into_iter().collect(),
            Input::Planned { episode, chat } => self.episode_planned(now, episode, chat),
            Input::PlanFailed(reason) => self.plan_failed(reason),
            Input::Problem { severity, refusal } => {
                self.notice(severity, refusal);
                Vec::new()
            }
            Input::Solved(code) => {
                self.solved(code);
                Vec::new()
            }
        }
    }

    /// The list of replays. A show that is over is not on air, also where the archive could not be
    /// brought to say so: what was kept of it can be used, and is finished later.
    pub(super) fn library(&mut self, mut library: Vec<Replay>) -> Option<Effect> {
        let on_air = match &self.snapshot.phase {
            Phase::Starting { episode, .. } | Phase::OnAir { episode, .. } | Phase::Ending { episode } => Some(episode),
            _ => None,
        };
        let is_over = |replay: &&mut Replay| replay.state == ReplayState::OnAir && Some(&replay.episode) != on_air;
        library.iter_mut().filter(is_over).for_each(|replay| replay.state = ReplayState::Unfinished);
        if self.snapshot.library == library {
            return None;
        }
        self.snapshot.library.clone_from(&library);
        Some(self.emit(Event::Library(library)))
    }

    fn destination(&mut self, report: DestinationReport) -> Vec<Effect> {
        let DestinationReport { id, state, code, problem, kbps } = report;
        let Some(row) = self.snapshot.destinations.iter_mut().find(|row| row.id == id) else { return Vec::new() };
        let changed = row.state != state;
        let detail = format!("{} {state:?} {code}", row.host).to_lowercase();
        (row.state, row.code, row.problem, row.kbps) = (state, code.to_owned(), problem, kbps);
        if changed { vec![Effect::AsRun { kind: AsRunWhat::Destination, detail }] } else { Vec::new() }
    }

    fn levels(&mut self, now: UnixMs, levels: &Levels) -> Vec<Effect> {
        for (id, _) in levels.sources_peak_db.iter().filter(|(_, peak)| **peak > SILENCE_DB) {
            self.observed.source(id).heard_at = Some(now);
        }
        let program = levels.program_peak_db.iter().fold(f32::NEG_INFINITY, |loudest, db| loudest.max(*db));
        if program > SILENCE_DB {
            self.observed.silent_since = None;
        } else if self.observed.silent_since.is_none() {
            self.observed.silent_since = Some(now);
        }
        Vec::new()
    }

    fn room(&mut self, now: UnixMs, news: RoomNews) -> Vec<Effect> {
        match news {
            RoomNews::Said(said) => self.said(now, said),
            RoomNews::NotSaid(words) => {
                let text = format!(
                    "your comment could not be kept, so nobody was sent it; write it again in a moment: “{words}”"
                );
                self.notice(Severity::Warning, Refusal::new("chat.not_kept", text));
                Vec::new()
            }
            RoomNews::Removed(seq) => self.removed(now, seq),
            RoomNews::Presence(audience) => {
                self.snapshot.audience = audience;
                Vec::new()
            }
            RoomNews::Hearts { total, .. } => {
                self.snapshot.audience.hearts = total;
                Vec::new()
            }
            RoomNews::Voice { viewer, voice } => self.voice(viewer, voice),
            RoomNews::Held(held) => {
                self.snapshot.moderation.held = held;
                Vec::new()
            }
        }
    }

    fn voice(&mut self, viewer: ViewerId, voice: Voice) -> Vec<Effect> {
        for person in self.snapshot.audience.people.iter_mut().filter(|person| person.id == viewer) {
            person.muted = voice.is_silenced();
        }
        let silenced = &mut self.snapshot.moderation.silenced;
        let before = silenced.iter().position(|one| one.id == viewer).map(|at| silenced.remove(at));
        let detail = match voice {
            Voice::Free => format!("viewer {viewer} may speak again"),
            Voice::Muted => format!("viewer {viewer} muted"),
            Voice::Ejected => format!("viewer {viewer} ejected"),
        };
        if voice.is_silenced() {
            self.take_off(&viewer);
            let (name, hue) = before.map(|one| (one.name, one.hue)).unwrap_or_else(|| self.called(&viewer));
            self.snapshot.moderation.silenced.push(Silenced { id: viewer, name, hue, voice });
        }
        vec![Effect::AsRun { kind: AsRunWhat::Moderation, detail }]
    }

    /// Nothing of somebody who was silenced stays on the picture.
    fn take_off(&mut self, viewer: &ViewerId) {
        let chat = &self.snapshot.chat;
        let theirs = |seq: Seq| chat.iter().any(|said| said.seq == seq && said.viewer.id == *viewer);
        self.cards.retain(|(card, _)| !theirs(card.seq));
        if self.snapshot.on_program.comment.is_some_and(theirs) {
            self.snapshot.on_program.comment = None;
        }
    }

    /// Name and colour of a viewer, as far as they are known.
    fn called(&self, viewer: &ViewerId) -> (String, u16) {
        let people = self.snapshot.audience.people.iter().map(|person| (&person.id, &person.name, person.hue));
        let held = self.snapshot.moderation.held.iter().map(|held| &held.viewer);
        let writers = self.snapshot.chat.iter().rev().map(|said| &said.viewer);
        let writers = held.chain(writers).map(|writer| (&writer.id, &writer.name, writer.hue));
        let found = people.chain(writers).find(|(id, ..)| *id == viewer);
        found.map(|(_, name, hue)| (name.clone(), hue)).unwrap_or_default()
    }

    fn said(&mut self, now: UnixMs, said: Said) -> Vec<Effect> {
        self.cards.push((card(&said), now));
        if self.cards.len() > CARDS {
            self.cards.remove(0);
        }
        self.snapshot.chat.push(said.clone());
        if self.snapshot.chat.len() > CHAT_KEPT {
            self.snapshot.chat.remove(0);
        }
        vec![self.emit(Event::Said(said))]
    }

    /// Whether the show is on air, with or without proof.
    pub(super) const fn is_on_air(&self) -> bool {
        matches!(self.snapshot.phase, Phase::OnAir { .. })
    }
}
