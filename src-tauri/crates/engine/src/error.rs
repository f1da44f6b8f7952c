//! What can go wrong with picture and sound, and whose fault it is.

use std::time::Duration;

use domain::{Blame, Class, Code, Coded};

/// Why the engine did not do what it was asked. Never holds an address, a path's key or a secret.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A part of GStreamer is not installed.
    #[error("GStreamer's element \"{element}\" is missing; install the package {package} and start again")]
    MissingElement {
        /// The element's factory name.
        element: String,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// GStreamer itself could not be started.
    #[error("GStreamer could not be started: {problem}")]
    Gstreamer {
        /// What it said.
        problem: String,
    },
    /// A pipeline could not be put together: a defect, or an unexpected version of an element.
    #[error("the {pipeline} could not be built: {problem}")]
    Build {
        /// Which pipeline, for people.
        pipeline: &'static str,
        /// What did not fit.
        problem: String,
    },
    /// A pipeline refused to change its state.
    #[error("the {pipeline} did not start: {problem}")]
    StateChange {
        /// Which pipeline, for people.
        pipeline: &'static str,
        /// What its elements said.
        problem: String,
    },
    /// A pipeline missed the deadline of a state change; it was abandoned.
    #[error("the {pipeline} did not answer within {} s and was abandoned", deadline.as_secs_f32())]
    Deadline {
        /// Which pipeline, for people.
        pipeline: &'static str,
        /// The deadline that it missed.
        deadline: Duration,
    },
    /// A device hangs whatever is done with it; no further attempt is made until it lets go.
    #[error(
        "{source_name} does not answer: unplug it and plug it in again, or choose another; it is opened again when it answers"
    )]
    Stuck {
        /// The source's name.
        source_name: String,
    },
    /// No picture could be taken from a recording.
    #[error("no picture could be taken from the recording: {problem}")]
    Thumbnail {
        /// What happened.
        problem: String,
    },
    /// Devices could not be listed or watched.
    #[error("cameras and microphones cannot be listed: {problem}")]
    Devices {
        /// What happened.
        problem: String,
    },
    /// A part of the engine panicked, which is a defect; it was noticed and started again.
    #[error(
        "a part of the studio failed (the {part}) and was started again, which is a defect of Antenne: the log says more"
    )]
    Panicked {
        /// Which part, for people.
        part: &'static str,
    },
    /// The engine panics whatever is done.
    #[error(
        "the studio's engine fails again and again, which is a defect of Antenne: the show ends, and what was recorded is whole"
    )]
    GaveUp,
    /// A broadcast is already running.
    #[error("the program is already on air")]
    AlreadyOnAir,
    /// A thread could not be started.
    #[error("the system gave no more threads: {problem}")]
    Thread {
        /// What the system said.
        problem: String,
    },
}

impl EngineError {
    /// The error of a pipeline that could not be built because of `problem`.
    pub(crate) fn build(pipeline: &'static str, problem: impl ToString) -> Self {
        Self::Build { pipeline, problem: problem.to_string() }
    }
}

impl Coded for EngineError {
    fn code(&self) -> Code {
        use Blame::{Antenne, Operator, System};
        use Class::{Conflict, Internal, Missing, Unavailable};
        let (name, class, blame) = match self {
            Self::MissingElement { .. } => ("engine.missing_element", Missing, System),
            Self::Gstreamer { .. } => ("engine.gstreamer", Unavailable, System),
            Self::Build { .. } => ("engine.build", Internal, Antenne),
            Self::StateChange { .. } => ("engine.state_change", Unavailable, System),
            Self::Deadline { .. } => ("engine.deadline", Unavailable, System),
            Self::Stuck { .. } => ("source.stuck", Unavailable, System),
            Self::Thumbnail { .. } => ("recording.thumbnail", Unavailable, System),
            Self::Devices { .. } => ("engine.devices", Unavailable, System),
            Self::Panicked { .. } => ("engine.panicked", Internal, Antenne),
            Self::GaveUp => ("engine.gave_up", Internal, Antenne),
            Self::AlreadyOnAir => ("engine.already_on_air", Conflict, Operator),
            Self::Thread { .. } => ("engine.thread", Unavailable, System),
        };
        Code::new(name, class, blame)
    }
}
