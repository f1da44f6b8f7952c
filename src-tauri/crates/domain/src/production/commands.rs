//! What the operator asks for.

use super::{AsRunWhat, DestinationTarget, Effect, Production};
use crate::room::limits::COMMENT_CHARACTERS;
use crate::{
    Command, DestinationAddress, DestinationId, DestinationSetup, DestinationState, DestinationStatus, EpisodeId,
    Phase, Refusal, Replay, ReplayState, Secret, Seq, Setup, ShowSlug, UnixMs, ViewerId, Voice, names,
};

/// Whoever is not the host is silenced, or may speak again.
fn set_voice(viewer: ViewerId, voice: Voice) -> Result<Vec<Effect>, Refusal> {
    if viewer == names::host().id {
        return Err(Refusal::new("chat.host", "that is you: the host is heard always"));
    }
    Ok(vec![Effect::SetVoice { viewer, voice }])
}

impl Production {
    pub(super) fn command(&mut self, now: UnixMs, command: Command) -> Result<Vec<Effect>, Refusal> {
        match command {
            Command::SetTitle { title } => self.set_title(&title),
            Command::SetShow { name, slug } => self.set_show(&name, slug),
            Command::SetLayout { layout } => {
                self.snapshot.setup.layout = layout;
                self.snapshot.setup.composition = None;
                Ok(as_run(AsRunWhat::Layout, format!("{layout:?}")))
            }
            Command::SetComposition { composition } => self.set_composition(composition),
            Command::AddSource { kind, choice } => self.add_source(kind, choice),
            Command::RemoveSource { id } => self.remove_source(&id),
            Command::SelectSource { id, choice } => self.select_source(&id, choice),
            Command::SetGain { id, gain_db } => self.set_gain(&id, gain_db),
            Command::SetMuted { id, muted } => self.set_muted(&id, muted),
            Command::SetOverlay { overlay } => {
                self.snapshot.setup.overlay = overlay;
                Ok(as_run(
                    AsRunWhat::Graphics,
                    format!("chat {}, hearts {}", on_off(overlay.chat), on_off(overlay.hearts)),
                ))
            }
            Command::SetReach { reach } => {
                self.off_air("who can watch cannot be changed while on air")?;
                let changed = self.snapshot.setup.reach.replace(reach) != Some(reach);
                Ok(self.listen_if(changed))
            }
            Command::SetNetwork { host_names, trusted_proxies, upload_kbps } => {
                self.off_air("names, proxies and upload cannot be changed while on air")?;
                let changed = self.snapshot.setup.set_network(&host_names, &trusted_proxies, upload_kbps)?;
                Ok(self.listen_if(changed))
            }
            Command::SetCountdown { countdown } => {
                self.snapshot.setup.countdown = countdown;
                Ok(Vec::new())
            }
            Command::SetRetention { hours } => {
                if !Setup::RETENTION_HOURS.contains(&hours) {
                    return Err(Refusal::new("archive.retention", "replays are kept for 1 to 8760 hours"));
                }
                self.snapshot.setup.retention_hours = hours;
                Ok(Vec::new())
            }
            Command::AddDestination { address, key } => self.add_destination(&address, key),
            Command::SetDestinationKey { id, key } => self.set_destination_key(id, key),
            Command::RemoveDestination { id } => self.remove_destination(id),
            Command::GoLive => self.go_live(now),
            Command::End => self.end(),
            Command::NewEpisode => self.new_episode(),
            Command::ShowComment { seq } => self.show_comment(seq),
            Command::HideComment => {
                self.snapshot.on_program.comment = None;
                Ok(as_run(AsRunWhat::Graphics, "comment hidden"))
            }
            Command::SetTitleCard { visible } => {
                if visible && self.title_or(&self.snapshot.setup.title).trim().is_empty() {
                    return Err(Refusal::new("broadcast.no_title", "there is no title to show yet; write one first"));
                }
                self.snapshot.on_program.title = visible;
                Ok(as_run(AsRunWhat::Graphics, if visible { "title shown" } else { "title hidden" }))
            }
            Command::SetSlate { visible } => {
                self.snapshot.on_program.slate = visible;
                Ok(as_run(AsRunWhat::Graphics, if visible { "slate shown" } else { "slate hidden" }))
            }
            Command::Say { text } => self.say(&text),
            Command::RemoveMessage { seq } => {
                self.message(seq)?;
                Ok(vec![Effect::RemoveMessage(seq)])
            }
            Command::RestoreMessage { seq } => self.restore(seq),
            Command::SetViewerMuted { viewer, muted } => {
                let voice = if muted { Voice::Muted } else { Voice::Free };
                set_voice(viewer, voice)
            }
            Command::EjectViewer { viewer } => set_voice(viewer, Voice::Ejected),
            Command::LetIn { viewer } => {
                let is_held = self.snapshot.moderation.held.iter().any(|held| held.viewer.id == viewer);
                let unknown = || Refusal::new("chat.not_held", "nobody of that name waits to be let in any more");
                is_held.then(|| vec![Effect::LetIn(viewer)]).ok_or_else(unknown)
            }
            Command::KeepReplay { episode, keep } => {
                if self.finished_replay(&episode)?.state == ReplayState::Unfinished {
                    let text = "this recording is not finished yet; it is kept until it is, or until you delete it";
                    return Err(Refusal::new("replay.unfinished", text));
                }
                Ok(vec![Effect::KeepReplay { episode, keep }])
            }
            Command::DeleteReplay { episode } => {
                self.finished_replay(&episode)?;
                Ok(vec![Effect::DeleteReplay(episode)])
            }
            Command::OpenReplayFolder { episode } => {
                let path = self.finished_replay(&episode)?.path.clone();
                let path = path.ok_or_else(|| Refusal::new("replay.no_file", "this replay has no file"))?;
                Ok(vec![Effect::OpenFolder(path)])
            }
            Command::SetMonitorWidth { pixels } => Ok(vec![Effect::SetMonitorWidth(pixels)]),
            Command::DismissNotice { id } => {
                self.dismiss(id);
                Ok(Vec::new())
            }
        }
    }

    /// Refuses in `words` while on air.
    fn off_air(&self, words: &str) -> Result<(), Refusal> {
        if self.on_air_episode().is_some() { Err(Refusal::new("audience.on_air", words)) } else { Ok(()) }
    }

    /// The service listens anew where that is reached by others or in another way now.
    fn listen_if(&mut self, changed: bool) -> Vec<Effect> {
        if changed && self.awaits_plan() {
            // Its room goes with the service; it is planned again at the new place.
            self.planned = None;
        }
        if changed { vec![Effect::Listen] } else { Vec::new() }
    }

    fn set_title(&mut self, title: &str) -> Result<Vec<Effect>, Refusal> {
        // A trailing blank stays, or nobody could type a second word.
        let blank = if title.ends_with(' ') { " " } else { "" };
        let title = crate::text::clean(title);
        if title.chars().count() > Setup::TITLE_CHARACTERS {
            return Err(Refusal::new("broadcast.title", "a title has at most 120 characters"));
        }
        let blank = if title.is_empty() { "" } else { blank };
        self.snapshot.setup.title = title + blank;
        self.titled_after_the_end = matches!(self.snapshot.phase, Phase::Ended { .. });
        // The last title wins, also for the replay, and also after the end.
        let title = self.title_or(self.snapshot.setup.title.trim());
        Ok(match &self.snapshot.phase {
            Phase::Starting { episode, .. }
            | Phase::OnAir { episode, .. }
            | Phase::Ending { episode }
            | Phase::Ended { episode }
                if !title.is_empty() =>
            {
                vec![Effect::Retitle { episode: episode.clone(), title }]
            }
            _ => Vec::new(),
        })
    }

    fn set_show(&mut self, name: &str, slug: ShowSlug) -> Result<Vec<Effect>, Refusal> {
        let name = crate::text::clean(name);
        if name.chars().count() > Setup::TITLE_CHARACTERS {
            return Err(Refusal::new("show.name", "a show's name has at most 120 characters"));
        }
        let moves = slug != self.snapshot.setup.show;
        if moves && !self.awaits_plan() {
            return Err(Refusal::new("show.on_air", "the show's address can be changed when it is over"));
        }
        self.snapshot.setup.show_name = name;
        if !moves {
            return Ok(Vec::new());
        }
        self.snapshot.setup.show = slug;
        // Its room opens at the new address.
        self.planned = None;
        Ok(vec![Effect::MoveShow])
    }

    fn say(&self, text: &str) -> Result<Vec<Effect>, Refusal> {
        let is_open = !matches!(self.snapshot.phase, Phase::Ending { .. } | Phase::Ended { .. });
        if !is_open || self.planned.is_none() {
            return Err(Refusal::new("chat.closed", "the chat is not open now; it opens with the next show"));
        }
        let text = crate::text::clean(text);
        if text.is_empty() {
            return Err(Refusal::new("chat.empty", "there is nothing in this comment that others could read"));
        }
        if text.chars().count() > COMMENT_CHARACTERS {
            let text = format!("a comment has at most {COMMENT_CHARACTERS} characters; make it a little shorter");
            return Err(Refusal::new("chat.too_long", text));
        }
        Ok(vec![Effect::Say(text)])
    }

    fn show_comment(&mut self, seq: Seq) -> Result<Vec<Effect>, Refusal> {
        self.message(seq)?;
        let writer = self.snapshot.chat.iter().find(|said| said.seq == seq).map(|said| &said.viewer);
        let is_silenced = |viewer: &&crate::PublicViewer| {
            self.snapshot.moderation.silenced.iter().any(|silenced| silenced.id == viewer.id)
        };
        if let Some(viewer) = writer.filter(is_silenced) {
            let text = format!("{} is muted; let them speak again first", viewer.name);
            return Err(Refusal::new("chat.muted", text));
        }
        self.snapshot.on_program.comment = Some(seq);
        Ok(as_run(AsRunWhat::Graphics, format!("comment {seq} shown")))
    }

    fn message(&self, seq: Seq) -> Result<(), Refusal> {
        let known = self.snapshot.chat.iter().any(|said| said.seq == seq);
        known.then_some(()).ok_or_else(|| Refusal::new("chat.unknown", "this comment is no longer there"))
    }

    fn finished_replay(&self, episode: &EpisodeId) -> Result<&Replay, Refusal> {
        let replay = self.snapshot.library.iter().find(|replay| replay.episode == *episode);
        let replay = replay.ok_or_else(|| Refusal::new("replay.unknown", "this replay is no longer there"))?;
        if replay.state == ReplayState::OnAir {
            return Err(Refusal::new("replay.on_air", "this show is on air; end it first"));
        }
        Ok(replay)
    }

    fn add_destination(&mut self, address: &str, key: Option<String>) -> Result<Vec<Effect>, Refusal> {
        let address = DestinationAddress::parse(address)
            .map_err(|error| Refusal::new("destination.address", error.to_string()))?;
        if self.targets.len() >= Setup::DESTINATIONS {
            return Err(Refusal::new("destination.too_many", "there can be 16 destinations; remove one first"));
        }
        let key = key.filter(|key| !key.is_empty()).map(Secret::new);
        let id = self.add_target(address, key);
        Ok(self.push_effect(id).into_iter().collect())
    }

    /// Enters a destination in the table; nothing is pushed yet.
    pub(super) fn add_target(&mut self, address: DestinationAddress, key: Option<Secret>) -> DestinationId {
        let id = DestinationId(self.next_destination);
        self.next_destination += 1;
        self.snapshot.destinations.push(DestinationStatus {
            id,
            host: address.host().to_owned(),
            state: DestinationState::Idle,
            code: String::new(),
            problem: String::new(),
            kbps: 0,
            wants_key: address.wants_key(),
            key_missing: address.wants_key() && key.is_none(),
        });
        self.targets.push(DestinationTarget { id, address, key });
        self.remember_destinations();
        id
    }

    /// The destinations that were remembered and need no key: to be pushed to from the start.
    #[must_use]
    pub fn remembered_destinations(&self) -> Vec<Effect> {
        self.targets.iter().filter_map(|target| self.push_effect(target.id)).collect()
    }

    fn push_effect(&self, id: DestinationId) -> Option<Effect> {
        let target = self.targets.iter().find(|target| target.id == id)?;
        let ready = !target.address.wants_key() || target.key.is_some();
        ready.then(|| Effect::AddDestination { id, address: target.address.clone(), key: target.key.clone() })
    }

    fn set_destination_key(&mut self, id: DestinationId, key: String) -> Result<Vec<Effect>, Refusal> {
        if key.is_empty() {
            return Err(Refusal::new("destination.key", "the key is empty; copy it from the service's own page"));
        }
        let target = self.targets.iter_mut().find(|target| target.id == id);
        let target = target.ok_or_else(unknown_destination)?;
        target.address = target.address.without_its_key();
        target.key = Some(Secret::new(key));
        for row in self.snapshot.destinations.iter_mut().filter(|row| row.id == id) {
            (row.wants_key, row.key_missing) = (true, false);
            fresh(row);
        }
        let again = self.push_effect(id);
        Ok([Effect::RemoveDestination(id)].into_iter().chain(again).collect())
    }

    fn remove_destination(&mut self, id: DestinationId) -> Result<Vec<Effect>, Refusal> {
        let before = self.targets.len();
        self.targets.retain(|target| target.id != id);
        if self.targets.len() == before {
            return Err(unknown_destination());
        }
        self.snapshot.destinations.retain(|row| row.id != id);
        self.remember_destinations();
        Ok(vec![Effect::RemoveDestination(id)])
    }

    fn remember_destinations(&mut self) {
        let remembered = self.targets.iter().filter_map(|target| target.address.remembered());
        self.snapshot.setup.destinations =
            remembered.map(|address| DestinationSetup { address: address.to_owned() }).collect();
    }

    /// Whether the program does not come although it should.
    pub(super) fn interrupted(&self) -> bool {
        matches!(self.snapshot.phase, Phase::OnAir { .. })
            && self.snapshot.health.stats.program_ms.0 > 0
            && self.snapshot.health.stats.fps < 1.0
    }
}

/// As if nothing had been pushed there yet.
pub(super) fn fresh(row: &mut DestinationStatus) {
    (row.state, row.kbps) = (DestinationState::Idle, 0);
    row.code.clear();
    row.problem.clear();
}

fn unknown_destination() -> Refusal {
    Refusal::new("destination.unknown", "this destination is no longer there")
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn as_run(kind: AsRunWhat, detail: impl Into<String>) -> Vec<Effect> {
    vec![Effect::AsRun { kind, detail: detail.into() }]
}
