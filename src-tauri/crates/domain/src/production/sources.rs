//! The sources: any number, each with an identity.

use super::{AsRunWhat, Effect, Production};
use crate::{
    Composition, DeviceChoice, Refusal, Setup, SourceId, SourceKind, SourceSetup, SourceState, SourceStatus, Strip,
};

/// The longest device id or path that is accepted, in bytes.
const DEVICE_ID_BYTES: usize = 4096;

impl Production {
    /// What was chosen for `source`, with "the first there is" resolved.
    #[must_use]
    pub fn resolved(&self, source: &SourceSetup) -> DeviceChoice {
        match (&source.choice, self.pinned.get(&source.id)) {
            (DeviceChoice::First, Some(id)) => DeviceChoice::Device(id.clone()),
            (choice, _) => choice.resolve(source.kind.devices(), &self.snapshot.devices),
        }
    }

    pub(super) fn add_source(&mut self, kind: SourceKind, choice: DeviceChoice) -> Result<Vec<Effect>, Refusal> {
        let sources = &mut self.snapshot.setup.sources;
        if sources.len() >= Setup::SOURCES {
            return Err(Refusal::new("source.too_many", "there can be 64 sources; remove one first"));
        }
        let choice = valid_choice(kind, choice)?;
        let id = SourceId::unused(kind, |id| sources.iter().all(|source| source.id != *id));
        let detail = format!("{id} added");
        sources.push(SourceSetup::new(id, kind, choice));
        Ok(as_run(detail))
    }

    pub(super) fn remove_source(&mut self, id: &SourceId) -> Result<Vec<Effect>, Refusal> {
        self.source_setup(id)?;
        self.snapshot.setup.sources.retain(|source| source.id != *id);
        self.observed.sources.remove(id);
        self.pinned.remove(id);
        if let Some(composition) = &mut self.snapshot.setup.composition {
            composition.layers.retain(|layer| layer.source != *id);
        }
        Ok(as_run(format!("{id} removed")))
    }

    pub(super) fn select_source(&mut self, id: &SourceId, choice: DeviceChoice) -> Result<Vec<Effect>, Refusal> {
        let source = self.source_setup(id)?;
        source.choice = valid_choice(source.kind, choice)?;
        self.observed.sources.remove(id);
        self.pinned.remove(id);
        Ok(as_run(format!("{id} chosen")))
    }

    pub(super) fn set_gain(&mut self, id: &SourceId, gain_db: f32) -> Result<Vec<Effect>, Refusal> {
        if !Strip::GAIN_DB.contains(&gain_db) {
            return Err(Refusal::new("audio.gain", "the gain can be -60 to +20 dB"));
        }
        self.audio_setup(id)?.strip.gain_db = gain_db;
        Ok(Vec::new())
    }

    pub(super) fn set_muted(&mut self, id: &SourceId, muted: bool) -> Result<Vec<Effect>, Refusal> {
        self.audio_setup(id)?.strip.muted = muted;
        Ok(as_run(format!("{id} {}", if muted { "muted" } else { "open" })))
    }

    pub(super) fn set_composition(&mut self, composition: Option<Composition>) -> Result<Vec<Effect>, Refusal> {
        let sources = &self.snapshot.setup.sources;
        if let Some(refusal) = composition.as_ref().and_then(|composition| composition.problem(sources)) {
            return Err(refusal);
        }
        self.snapshot.setup.composition = composition;
        Ok(vec![Effect::AsRun { kind: AsRunWhat::Layout, detail: "composition".to_owned() }])
    }

    fn audio_setup(&mut self, id: &SourceId) -> Result<&mut SourceSetup, Refusal> {
        let source = self.source_setup(id)?;
        let silent = || Refusal::new("audio.no_strip", "this source gives no audio");
        if source.kind.is_video() { Err(silent()) } else { Ok(source) }
    }

    fn source_setup(&mut self, id: &SourceId) -> Result<&mut SourceSetup, Refusal> {
        let found = self.snapshot.setup.sources.iter_mut().find(|source| source.id == *id);
        found.ok_or_else(|| Refusal::new("source.unknown", format!("there is no source {id}")))
    }

    /// A source changed its state.
    pub(super) fn source(&mut self, id: &SourceId, state: SourceState, problem: Option<String>) -> Vec<Effect> {
        let Some(row) = self.snapshot.sources.iter_mut().find(|row| row.id == *id) else { return Vec::new() };
        if row.state == SourceState::Off || (row.state == state && row.problem == problem) {
            return Vec::new();
        }
        let changed = row.state != state;
        row.state = state;
        row.problem = problem;
        if state != SourceState::Running
            && let Some(observed) = self.observed.sources.get_mut(id)
        {
            observed.content = None;
        }
        if changed { as_run(format!("{id} {state:?}").to_lowercase()) } else { Vec::new() }
    }

    /// The table of sources that follows from setup and devices, with what is known of each.
    pub(super) fn source_rows(&self) -> Vec<SourceStatus> {
        let row = |source: &SourceSetup| {
            let (device, name) = self.device_of(source);
            let known = self.snapshot.sources.iter().find(|row| row.id == source.id && row.device == device);
            let off = device.is_none();
            SourceStatus {
                id: source.id.clone(),
                kind: source.kind,
                state: match known.map(|row| row.state) {
                    _ if off => SourceState::Off,
                    None | Some(SourceState::Off) => SourceState::Starting,
                    Some(state) => state,
                },
                problem: known.and_then(|row| row.problem.clone()).filter(|_| !off),
                device,
                name,
            }
        };
        self.snapshot.setup.sources.iter().map(row).collect()
    }

    /// The id of what was chosen, and its name for people.
    fn device_of(&self, source: &SourceSetup) -> (Option<String>, String) {
        match self.resolved(source) {
            DeviceChoice::First | DeviceChoice::None => (None, String::new()),
            DeviceChoice::Test => (Some("test".to_owned()), "Test".to_owned()),
            DeviceChoice::Image(path) => {
                let name = path.rsplit('/').next().unwrap_or_default().to_owned();
                (Some(path), name)
            }
            DeviceChoice::Device(id) => {
                let known = self.names.get(&id).cloned();
                let name = known.unwrap_or_else(|| format!("The {} chosen before", source.kind.word()));
                (Some(id), name)
            }
        }
    }

    /// The state of the first source of `kind` that is chosen, and its name; off where none is.
    pub(super) fn first_of(&self, kind: SourceKind) -> (SourceState, Option<&SourceId>) {
        let rows = self.snapshot.sources.iter().filter(|row| row.kind == kind);
        rows.filter(|row| row.state != SourceState::Off)
            .map(|row| (row.state, Some(&row.id)))
            .next()
            .unwrap_or((SourceState::Off, None))
    }
}

fn valid_choice(kind: SourceKind, choice: DeviceChoice) -> Result<DeviceChoice, Refusal> {
    match &choice {
        DeviceChoice::Image(_) if !kind.is_video() => {
            Err(Refusal::new("device.image", format!("an image is no {}", kind.word())))
        }
        DeviceChoice::Device(id) | DeviceChoice::Image(id)
            if id.is_empty() || id.len() > DEVICE_ID_BYTES || id.chars().any(char::is_control) =>
        {
            Err(Refusal::new("device.id", "a device's id is one of those that `antenne devices` prints"))
        }
        _ => Ok(choice),
    }
}

fn as_run(detail: String) -> Vec<Effect> {
    vec![Effect::AsRun { kind: AsRunWhat::Source, detail }]
}
