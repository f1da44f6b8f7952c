//! Finishes recordings that were cut off.
//!
//! A recording grows as `ftyp mdat moov (mdat moof)…`: the first half second is described by the
//! `moov`, each further one by the `moof` after its data (ISO/IEC 14496-12). What a dead process
//! leaves is whole up to its last `moof`. A finished file has the same data and one `moov` that
//! describes all of it; making that needs no decoder and no pipeline, only the tables.

mod boxes;
mod movie;
mod tables;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};

use domain::ProgramMs;

use crate::error::EngineError;
use crate::event::FinishedRecording;
use boxes::Layout;
use movie::Movie;

/// Finishes the recording at `path`, whatever byte it was cut at. A recording that is finished
/// already stays as it is, so that this may be called any number of times.
///
/// The finished file is written beside the old one and then takes its place: a crash in between
/// changes nothing, and needs room for a second copy while it lasts.
///
/// # Errors
///
/// - [`EngineError::NothingToRecover`]: not one fragment is whole.
/// - [`EngineError::Recover`]: the file could not be read, is no recording, or the finished one
///   could not be written.
///
/// In both cases the file is left as it was.
pub fn recover_recording(path: &Path) -> Result<FinishedRecording, EngineError> {
    let mut file = File::open(path).map_err(problem)?;
    let layout = Layout::read(&mut file).map_err(problem)?;
    if let Some(duration_ms) = layout.finished(&mut file).map_err(problem)? {
        return Ok(FinishedRecording { path: path.to_owned(), duration_ms, bytes: layout.length });
    }
    let movie = Movie::read(&mut file, &layout).map_err(problem)?.ok_or(EngineError::NothingToRecover)?;
    let temporary = temporary(path);
    let written = write::finish(&mut file, &layout, &movie, &temporary);
    let bytes = written.and_then(|bytes| std::fs::rename(&temporary, path).map(|()| bytes)).map_err(|error| {
        // What was begun is of no use to anybody.
        let _ = std::fs::remove_file(&temporary);
        problem(error)
    })?;
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        // The name outlives a power cut only where the folder is on disk, too.
        let _ = folder.sync_all();
    }
    Ok(FinishedRecording { path: path.to_owned(), duration_ms: ProgramMs(movie.duration_ms()), bytes })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".recovering");
    path.with_file_name(name)
}

fn problem(error: std::io::Error) -> EngineError {
    EngineError::Recover { problem: error.to_string() }
}

#[cfg(test)]
mod tests;
