//! A picture of a recording.

use std::path::Path;

use crate::error::EngineError;

/// Writes a small JPEG of `recording` to `jpeg`.
///
/// # Errors
///
/// [`EngineError::Thumbnail`] where no picture could be decoded or written.
pub fn thumbnail(_recording: &Path, _jpeg: &Path) -> Result<(), EngineError> {
    Err(EngineError::Thumbnail { problem: "not built yet".to_owned() })
}
