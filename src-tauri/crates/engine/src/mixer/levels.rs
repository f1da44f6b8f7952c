//! Levels of the program and of the sources, emitted together.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::{Levels, SourceId};

use super::lock;
use crate::event::{EngineEvent, EventSink};

/// Below this everything counts as silence, in dBFS.
const FLOOR_DB: f32 = -60.0;

/// Joins the sources' peaks with the program's levels; emits them whenever the program's come.
pub(crate) struct LevelMeter {
    sink: EventSink,
    /// The highest peak of each source since the last event.
    sources: Mutex<BTreeMap<SourceId, f32>>,
}

impl LevelMeter {
    /// A meter whose events go to `sink`.
    pub(crate) fn new(sink: EventSink) -> Self {
        Self { sink, sources: Mutex::new(BTreeMap::new()) }
    }

    /// A source's peak before gain and mute, in dBFS.
    pub(crate) fn source(&self, id: &SourceId, db: f32) {
        let mut sources = lock(&self.sources);
        match sources.get_mut(id) {
            Some(peak) => *peak = peak.max(db),
            None => drop(sources.insert(id.clone(), db)),
        }
    }

    /// A source is closed.
    pub(crate) fn forget(&self, id: &SourceId) {
        lock(&self.sources).remove(id);
    }

    /// A message of the element `level`: the program's levels.
    pub(crate) fn program(&self, message: &gst::StructureRef) {
        if message.name() != "level" {
            return;
        }
        let mut sources = lock(&self.sources);
        let sources_peak_db = sources.clone();
        sources.values_mut().for_each(|peak| *peak = FLOOR_DB);
        drop(sources);
        (self.sink)(EngineEvent::Levels(Levels {
            program_peak_db: stereo(message, "peak"),
            program_rms_db: stereo(message, "rms"),
            sources_peak_db,
        }));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "decibels need no more than an f32")]
fn stereo(message: &gst::StructureRef, field: &str) -> [f32; 2] {
    let Ok(values) = message.get::<gst::glib::ValueArray>(field) else { return [FLOOR_DB; 2] };
    [0, 1].map(|channel| {
        let value = values.get(channel).and_then(|value| value.get::<f64>().ok());
        value.map_or(FLOOR_DB, |db| (db as f32).max(FLOOR_DB))
    })
}
