//! Turns the studio's updates into the events of `antenne live`, and writes what the lists print.

use domain::{DestinationState, Event, Notice, Phase, Proof, Snapshot, SourceId, SourceState, Update};
use studio::lines::rfc3339;

use crate::live_event::{DroppedBy, LiveEvent, SourceTurn};

/// Follows the studio's updates and turns them into events.
pub(crate) struct Reporter {
    known: Snapshot,
    chat: u64,
    was_lost: Vec<SourceId>,
    ran: Vec<SourceId>,
    is_on_air_reported: bool,
}

impl Reporter {
    /// Begins at `snapshot`.
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        let chat = snapshot.chat.len() as u64;
        Self { known: snapshot, chat, was_lost: Vec::new(), ran: Vec::new(), is_on_air_reported: false }
    }

    /// What is known now, but for the chat.
    pub(crate) const fn known(&self) -> &Snapshot {
        &self.known
    }

    /// Takes an update; answers the events that it amounts to.
    pub(crate) fn take(&mut self, update: Update) -> Vec<LiveEvent> {
        match update {
            Update::Snapshot { snapshot } => {
                *self = Self { is_on_air_reported: self.is_on_air_reported, ..Self::new(snapshot) };
                Vec::new()
            }
            Update::Event { numbered } => self.event(numbered.event),
            Update::Levels { .. } | Update::Clock { .. } => Vec::new(),
        }
    }

    fn event(&mut self, event: Event) -> Vec<LiveEvent> {
        match event {
            Event::Phase(phase) => {
                self.known.phase = phase;
                return self.phase().into_iter().collect();
            }
            Event::Health(health) => {
                self.known.health = health;
                let on_air = matches!(self.known.phase, Phase::OnAir { .. });
                return if on_air { vec![self.stats()] } else { Vec::new() };
            }
            Event::Destinations(rows) => {
                let before = std::mem::replace(&mut self.known.destinations, rows);
                return self.destinations(&before);
            }
            Event::Sources(rows) => {
                self.known.sources = rows;
                return self.sources();
            }
            Event::Notices(notices) => {
                let before = std::mem::replace(&mut self.known.notices, notices);
                let fresh = self.known.notices.iter().filter(|notice| before.iter().all(|old| old.id != notice.id));
                let event = |notice: &Notice| LiveEvent::Notice {
                    severity: notice.severity,
                    code: notice.code.clone(),
                    message: notice.text.clone(),
                };
                return fresh.map(event).collect();
            }
            Event::Said(_) => self.chat += 1,
            Event::Removed(_) => self.chat = self.chat.saturating_sub(1),
            Event::ChatCleared => self.chat = 0,
            Event::Audience(audience) => self.known.audience = audience,
            Event::Links(links) => self.known.links = links,
            Event::Library(library) => self.known.library = library,
            Event::Devices(devices) => self.known.devices = devices,
            Event::Setup(_)
            | Event::Checks(_)
            | Event::OnProgram(_)
            | Event::Removals(_)
            | Event::Disk(_)
            | Event::Moderation(_) => {}
        }
        Vec::new()
    }

    fn phase(&mut self) -> Option<LiveEvent> {
        match &self.known.phase {
            Phase::OnAir { episode, since, proof } if !self.is_on_air_reported => {
                self.is_on_air_reported = true;
                let links = &self.known.links;
                Some(LiveEvent::OnAir {
                    episode: episode.clone(),
                    at: rfc3339(*since),
                    verified: *proof == Proof::Verified,
                    reason: missing(proof),
                    viewer_url: links.viewer_url.clone(),
                    whep_url: links.whep_url.clone(),
                    hls_url: links.hls_url(),
                    room_url: links.room_url.clone(),
                })
            }
            Phase::OnAir { proof, .. } => {
                Some(LiveEvent::Proof { verified: *proof == Proof::Verified, reason: missing(proof) })
            }
            Phase::Ended { episode } => {
                let replay = self.known.library.iter().find(|replay| replay.episode == *episode);
                let base = self.known.links.viewer_url.rsplit_once('/').map_or("", |(base, _)| base);
                let recording = replay.and_then(|replay| replay.path.clone());
                Some(LiveEvent::Ended {
                    episode: episode.clone(),
                    duration_ms: replay.map(|replay| replay.duration_ms),
                    replay_url: recording.as_ref().map(|_| format!("{base}/replays/{episode}")),
                    recording,
                })
            }
            _ => None,
        }
    }

    fn stats(&self) -> LiveEvent {
        let (stats, audience) = (&self.known.health.stats, &self.known.audience);
        LiveEvent::Stats {
            program_ms: stats.program_ms.0,
            fps: stats.fps,
            dropped: stats.dropped_rendering + stats.dropped_encoder + stats.dropped_network,
            dropped_by: DroppedBy {
                rendering: stats.dropped_rendering,
                encoder: stats.dropped_encoder,
                network: stats.dropped_network,
            },
            encoded_kbps: stats.encoded_kbps,
            recording_bytes: stats.recording_bytes,
            viewers: audience.viewers,
            hearts: audience.hearts,
            chat: self.chat,
        }
    }

    fn destinations(&self, before: &[domain::DestinationStatus]) -> Vec<LiveEvent> {
        let rows = self.known.destinations.iter().enumerate();
        let changed = rows.filter(|(_, row)| {
            let old = before.iter().find(|old| old.id == row.id);
            row.state != DestinationState::Idle
                && old.is_none_or(|old| (old.state, &old.code) != (row.state, &row.code))
        });
        changed
            .map(|(index, row)| LiveEvent::Destination {
                index,
                host: row.host.clone(),
                state: row.state,
                code: row.code.clone(),
                message: row.problem.clone(),
            })
            .collect()
    }

    /// `running` the first time, `lost`, and `back` when it runs again.
    fn sources(&mut self) -> Vec<LiveEvent> {
        let mut events = Vec::new();
        for row in &self.known.sources {
            let Some(device) = &row.device else { continue };
            let lost_before = self.was_lost.contains(&row.id);
            let state = match row.state {
                SourceState::Lost if !lost_before => {
                    self.was_lost.push(row.id.clone());
                    SourceTurn::Lost
                }
                SourceState::Running if lost_before => {
                    self.was_lost.retain(|id| *id != row.id);
                    SourceTurn::Back
                }
                SourceState::Running if !self.ran.contains(&row.id) => {
                    self.ran.push(row.id.clone());
                    SourceTurn::Running
                }
                _ => continue,
            };
            events.push(LiveEvent::Source {
                source: row.id.clone(),
                id: device.clone(),
                role: row.kind,
                state,
                message: row.problem.clone(),
            });
        }
        events
    }
}

/// What the proof lacks.
fn missing(proof: &Proof) -> Option<String> {
    if let Proof::Unverified { reason } = proof { Some(reason.clone()) } else { None }
}
