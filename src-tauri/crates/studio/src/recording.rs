//! The recording of a broadcast: one more reader of the program, and what it reports.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::{Input, ProgramMs, Refusal, Severity};
use fmp4::{RecordError, Recorder, RecorderEvent, RepairError};
use media::Program;
use tokio::sync::mpsc;

use crate::actor::{Message, problem};

mod name;
mod watch;

pub(crate) use name::{RecordingName, zoned};
pub(crate) use watch::{DiskWatch, Reopening};

/// A recording that can be played to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FinishedRecording {
    pub(crate) path: PathBuf,
    pub(crate) duration_ms: ProgramMs,
    pub(crate) bytes: u64,
}

/// A disk that fails says so with one of these, until it goes on.
const STOPPED: [&str; 2] = ["recording.disk_full", "recording.unwritable"];

/// Starts recording `program` into the new file `path`; what happens to it is reported to `inbox`.
/// Blocks while the file is made.
///
/// # Errors
///
/// What the operator is notified of. The show goes on without a recording.
pub(crate) fn start(program: &Program, path: &Path, inbox: mpsc::Sender<Message>) -> Result<Recorder, Refusal> {
    let events = move |event| {
        for message in messages(&event) {
            // On the recorder's own thread, which has a deep queue and may wait; nobody hears it when
            // the studio is closed.
            let _closed = inbox.blocking_send(message);
        }
    };
    Recorder::start(program, path, Arc::new(events)).map_err(|error| refusal(&error))
}

/// Finishes it. Blocks until it is on disk.
///
/// # Errors
///
/// What the operator is notified of. What is on disk may be repaired.
pub(crate) fn finish(recorder: Recorder) -> Result<FinishedRecording, Refusal> {
    let finished = recorder.finish().map_err(|error| refusal(&error))?;
    Ok(FinishedRecording { path: finished.path, duration_ms: whole_ms(finished.duration), bytes: finished.bytes })
}

/// What became of a recording that was cut off.
#[derive(Debug)]
pub(crate) enum Repaired {
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
pub(crate) fn repair(path: &Path) -> Repaired {
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

fn messages(event: &RecorderEvent) -> Vec<Message> {
    let seconds = |gap: &Duration| format!("{:.1} s", gap.as_secs_f32());
    match event {
        RecorderEvent::Stopped(error) => vec![problem(Severity::Alarm, refusal(error))],
        RecorderEvent::Resumed { gap } => {
            let text = if gap.is_zero() {
                "The recording goes on; nothing is missing".to_owned()
            } else {
                format!("The recording goes on; {} of the show are missing in it", seconds(gap))
            };
            let solved = STOPPED.map(|code| Message::Input(Input::Solved(code)));
            solved.into_iter().chain([problem(Severity::Note, Refusal::new("recording.resumed", text))]).collect()
        }
        RecorderEvent::Overrun { gap } => {
            let text = format!("The disk is too slow: {} of the show are missing in the recording", seconds(gap));
            vec![problem(Severity::Warning, Refusal::new("recording.disk_too_slow", text))]
        }
    }
}

fn refusal(error: &RecordError) -> Refusal {
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

#[cfg(test)]
mod tests {
    use media::Look;

    use super::*;

    fn codes(event: &RecorderEvent) -> Vec<String> {
        let code = |message| match message {
            Message::Input(Input::Problem { refusal, .. }) => refusal.code,
            Message::Input(Input::Solved(code)) => code.to_owned(),
            _ => "?".to_owned(),
        };
        messages(event).into_iter().map(code).collect()
    }

    #[test]
    fn a_recording_that_goes_on_takes_back_what_it_said_when_it_stopped() {
        let full = || RecordError::DiskFull(std::io::ErrorKind::StorageFull.into());
        assert_eq!(codes(&RecorderEvent::Stopped(full())), ["recording.disk_full"]);
        let resumed = codes(&RecorderEvent::Resumed { gap: Duration::from_secs(3) });
        assert_eq!(resumed, ["recording.disk_full", "recording.unwritable", "recording.resumed"]);
        assert_eq!(codes(&RecorderEvent::Overrun { gap: Duration::from_secs(3) }), ["recording.disk_too_slow"]);
    }

    #[test]
    fn a_recording_never_replaces_a_file_and_says_what_is_wrong_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken.mp4");
        std::fs::write(&taken, "precious").unwrap();
        for path in [taken.clone(), taken.join("in-a-file.mp4"), folder.path().join("no/such/folder.mp4")] {
            let refused = start(&Program::new(Look::Dressed), &path, mpsc::channel(1).0).unwrap_err();
            assert_eq!(refused.code, "recording.unwritable");
        }
        assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
    }

    #[test]
    fn a_show_without_a_picture_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.mp4");
        let program = Program::new(Look::Dressed);
        let recorder = start(&program, &path, mpsc::channel(1).0).unwrap();
        program.end();
        assert_eq!(finish(recorder).unwrap_err().code, "recording.empty");
        assert!(!path.exists());
    }
}
