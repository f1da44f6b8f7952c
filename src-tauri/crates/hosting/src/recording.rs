//! A recording that is finished, or repaired where it was cut off, in words for people.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{ProgramMs, Refusal};
use fmp4::{RecordError, Recorder, RepairError};

/// A recording that can be played to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRecording {
    /// Where it is.
    pub path: PathBuf,
    /// How long it plays.
    pub duration_ms: ProgramMs,
    /// Its size.
    pub bytes: u64,
}

/// A disk that fails says so with one of these, until it goes on.
pub const STOPPED: [&str; 2] = ["recording.disk_full", "recording.unwritable"];

/// Finishes it. Blocks until it is on disk.
///
/// # Errors
///
/// What the operator is notified of. What is on disk may be repaired.
pub fn finish(recorder: Recorder) -> Result<FinishedRecording, Refusal> {
    let finished = recorder.finish().map_err(|error| refusal(&error))?;
    Ok(FinishedRecording { path: finished.path, duration_ms: whole_ms(finished.duration), bytes: finished.bytes })
}

/// What became of a recording that was cut off.
#[derive(Debug)]
pub enum Repaired {
    /// It is whole now.
    Finished(FinishedRecording),
    /// There never was anything in it, or there is no file.
    Nothing {
        /// Why, for people.
        reason: String,
    },
    /// It is as it was: it may be possible later, and must not be lost meanwhile.
    NotYet {
        /// Why, for people.
        reason: String,
        /// Its size, where it can be seen.
        bytes: u64,
        /// How long it plays as it is.
        duration_ms: ProgramMs,
    },
}

/// Finishes one that was cut off. Blocks until it is on disk.
pub fn repair(path: &Path) -> Repaired {
    match fmp4::repair(path) {
        Ok(repaired) => {
            let duration_ms = whole_ms(repaired.duration);
            Repaired::Finished(FinishedRecording { path: path.to_owned(), duration_ms, bytes: repaired.bytes })
        }
        Err(RepairError::Empty) => Repaired::Nothing { reason: RepairError::Empty.to_string() },
        Err(RepairError::Disk(error)) if error.kind() == ErrorKind::NotFound => {
            Repaired::Nothing { reason: "its file is not there".to_owned() }
        }
        Err(error) => {
            let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
            let duration_ms = fmp4::playable(path).map_or(ProgramMs(0), whole_ms);
            Repaired::NotYet { reason: error.to_string(), bytes, duration_ms }
        }
    }
}

fn whole_ms(duration: Duration) -> ProgramMs {
    ProgramMs(u64::try_from((duration + Duration::from_micros(500)).as_millis()).unwrap_or(u64::MAX))
}

/// What the operator is notified of when a recording fails.
#[must_use]
pub fn refusal(error: &RecordError) -> Refusal {
    match error {
        RecordError::DiskFull(_) => {
            let text = "The recording stopped because the disk is full, the show goes on; free some space, and it is \
                        recorded again by itself";
            Refusal::new(STOPPED[0], text)
        }
        RecordError::Empty => Refusal::new("recording.empty", "Nothing was recorded: the show had no picture"),
        RecordError::Create(_) | RecordError::Disk(_) | RecordError::Thread => {
            Refusal::new(STOPPED[1], format!("The recording cannot be written, the show goes on without it: {error}"))
        }
    }
}
