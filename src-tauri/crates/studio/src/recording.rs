//! The recording of a broadcast: one more reader of the program, and what it reports.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{Input, Refusal, Severity};
use fmp4::{Recorder, RecorderEvent};
use hosting::recording::{STOPPED, refusal};
use media::Program;
use tokio::sync::mpsc;

use crate::actor::{Message, problem};

mod watch;

pub(crate) use watch::{DiskWatch, Reopening};

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

#[cfg(test)]
mod tests {
    use fmp4::RecordError;
    use hosting::recording::finish;
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
