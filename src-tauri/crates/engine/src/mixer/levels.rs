//! Levels of the program and of the microphone, told together.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::Levels;

use crate::event::{EngineEvent, EventSink};

/// Below this everything counts as silence, in dBFS.
const FLOOR_DB: f32 = -60.0;

/// Joins the microphone's peak with the program's levels; tells them whenever the program's arrive.
pub(crate) struct LevelMeter {
    sink: EventSink,
    /// The highest peak since the last telling, as bits of an `f32`.
    microphone: AtomicU32,
}

impl LevelMeter {
    /// A meter that tells `sink`.
    pub(crate) fn new(sink: EventSink) -> Self {
        Self { sink, microphone: AtomicU32::new(FLOOR_DB.to_bits()) }
    }

    /// Takes the microphone's peak before gain and mute.
    pub(crate) fn microphone(&self, db: f32) {
        let higher = |bits| (db > f32::from_bits(bits)).then_some(db.to_bits());
        // An error means that a higher peak stands there already.
        let _ = self.microphone.fetch_update(Ordering::Relaxed, Ordering::Relaxed, higher);
    }

    /// Takes a message of the element `level`.
    pub(crate) fn program(&self, message: &gst::StructureRef) {
        if message.name() != "level" {
            return;
        }
        let microphone = f32::from_bits(self.microphone.swap(FLOOR_DB.to_bits(), Ordering::Relaxed));
        (self.sink)(EngineEvent::Levels(Levels {
            program_peak_db: stereo(message, "peak"),
            program_rms_db: stereo(message, "rms"),
            microphone_peak_db: microphone,
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
