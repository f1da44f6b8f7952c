//! What was observed: devices, sources, people, numbers.

use super::{AsRunWhat, CARD_STANDS_MS, CARDS, CHAT_KEPT, Effect, Input, Production, card};
use crate::{DestinationReport, Event, Levels, Phase, Role, Said, Seq, SourceState, UnixMs};

/// Below this peak a microphone counts as silent, in dBFS.
const SILENCE_DB: f32 = -50.0;

impl Production {
    pub(super) fn observe(&mut self, now: UnixMs, input: Input) -> Vec<Effect> {
        match input {
            Input::Command(_) => Vec::new(),
            Input::Tick => {
                self.cards.retain(|(_, since)| now.since(*since) < CARD_STANDS_MS && *since <= now);
                self.silence(now);
                self.time_passed(now)
            }
            Input::Devices(devices) => {
                self.snapshot.devices = devices;
                Vec::new()
            }
            Input::Source { role, state, problem } => self.source(role, state, problem),
            Input::Picture { role, black, still } => {
                if role == Role::Camera {
                    self.observed.picture = Some((black, still));
                }
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
            Input::Said(said) => self.said(now, said),
            Input::Removed(seq) => self.removed(seq),
            Input::Presence(mut audience) => {
                audience.hearts = self.snapshot.audience.hearts;
                self.snapshot.audience = audience;
                Vec::new()
            }
            Input::HeartsTotal(total) => {
                self.snapshot.audience.hearts = total;
                Vec::new()
            }
            Input::Muted { viewer, muted } => {
                for person in self.snapshot.audience.people.iter_mut().filter(|person| person.id == viewer) {
                    person.muted = muted;
                }
                let detail = format!("viewer {viewer} {}", if muted { "muted" } else { "may speak again" });
                vec![Effect::AsRun { kind: AsRunWhat::Moderation, detail }]
            }
            Input::Library(library) => {
                self.snapshot.library = library;
                Vec::new()
            }
            Input::Planned { episode, chat } => {
                self.planned = Some(episode);
                self.snapshot.chat = chat;
                let said = self.snapshot.chat.iter().cloned().map(Event::Said);
                std::iter::once(Event::ChatCleared).chain(said).map(Effect::Emit).collect()
            }
            Input::Problem { severity, refusal } => {
                self.notice(severity, refusal);
                Vec::new()
            }
            Input::Solved(code) => {
                self.snapshot.notices.retain(|notice| notice.code != code);
                Vec::new()
            }
        }
    }

    fn source(&mut self, role: Role, state: SourceState, problem: Option<String>) -> Vec<Effect> {
        let Some(row) = self.snapshot.sources.iter_mut().find(|row| row.role == role) else { return Vec::new() };
        if row.state == SourceState::Off || (row.state == state && row.problem == problem) {
            return Vec::new();
        }
        let changed = row.state != state;
        row.state = state;
        row.problem = problem;
        if role == Role::Camera && state != SourceState::Running {
            self.observed.picture = None;
        }
        let detail = format!("{role:?} {state:?}").to_lowercase();
        if changed { vec![Effect::AsRun { kind: AsRunWhat::Source, detail }] } else { Vec::new() }
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
        if levels.microphone_peak_db > SILENCE_DB {
            self.observed.heard_at = Some(now);
        }
        let program = levels.program_peak_db.iter().fold(f32::NEG_INFINITY, |loudest, db| loudest.max(*db));
        if program > SILENCE_DB {
            self.observed.silent_since = None;
        } else if self.observed.silent_since.is_none() {
            self.observed.silent_since = Some(now);
        }
        Vec::new()
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
        vec![Effect::Emit(Event::Said(said))]
    }

    fn removed(&mut self, seq: Seq) -> Vec<Effect> {
        self.cards.retain(|(card, _)| card.seq != seq);
        self.snapshot.chat.retain(|said| said.seq != seq);
        if self.snapshot.on_program.comment == Some(seq) {
            self.snapshot.on_program.comment = None;
        }
        let detail = format!("comment {seq} removed");
        vec![Effect::Emit(Event::Removed(seq)), Effect::AsRun { kind: AsRunWhat::Moderation, detail }]
    }

    /// Whether the show is on air, with or without proof.
    pub(super) const fn is_on_air(&self) -> bool {
        matches!(self.snapshot.phase, Phase::OnAir { .. })
    }
}
