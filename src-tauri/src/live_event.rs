//! The lines of `antenne live`: for programs as JSON, as `docs/contract.md` describes it, and for people.

use domain::{DestinationState, EpisodeId, Severity, SourceId, SourceKind};
use serde::Serialize;
use strum::VariantNames;

use crate::taken::Taken;

/// One event. Its name on the wire is the variant's in snake case.
#[derive(Debug, Clone, Serialize, VariantNames)]
#[serde(tag = "event", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs, reason = "docs/contract.md says what each field holds; a test compares the two")]
pub(crate) enum LiveEvent {
    /// Before the start: what is taken; none where nothing was found, or none was wanted.
    Devices { camera: Option<Taken>, microphone: Option<Taken>, screen: Option<Taken> },
    /// On air: the program is verified, or was not within the time that it has for that.
    OnAir {
        episode: EpisodeId,
        at: String,
        verified: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        viewer_url: String,
        whep_url: String,
        hls_url: String,
        room_url: String,
    },
    /// The proof changed after `on_air`.
    Proof { verified: bool, reason: Option<String> },
    /// Once a second.
    Stats {
        program_ms: u64,
        fps: f32,
        dropped: u64,
        dropped_by: DroppedBy,
        encoded_kbps: u32,
        recording_bytes: u64,
        viewers: u32,
        hearts: u64,
        chat: u64,
    },
    /// A destination's state, or its reason, changed.
    Destination { index: usize, host: String, state: DestinationState, code: String, message: String },
    /// A source gives frames or audio, was lost, or came back.
    Source { source: SourceId, id: String, role: SourceKind, state: SourceTurn, message: Option<String> },
    /// Something that the operator must know.
    Notice { severity: Severity, code: String, message: String },
    /// Nobody read fast enough: so many lines are missing here.
    LeftOut { lines: u64 },
    /// Over, and the recording is finished.
    Ended { episode: EpisodeId, recording: Option<String>, duration_ms: Option<u64>, replay_url: Option<String> },
}

/// Frames lost so far, by the place where they were.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs, reason = "named as the place")]
pub(crate) struct DroppedBy {
    pub(crate) rendering: u64,
    pub(crate) encoder: u64,
    pub(crate) network: u64,
}

/// What happened to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum SourceTurn {
    /// Its first frame or audio came.
    Running,
    /// They stopped coming.
    Lost,
    /// They come again.
    Back,
}

impl LiveEvent {
    /// What follows `antenne live --help`: the events by name, so that it cannot lack one.
    pub(crate) fn help() -> String {
        format!("Events of --json: {}. docs/contract.md says what they hold.", Self::VARIANTS.join(", "))
    }

    /// A line for people; none for what only programs want.
    pub(crate) fn sentence(&self) -> Option<String> {
        match self {
            Self::Devices { camera, microphone, screen } => {
                let words =
                    [("camera", camera), ("microphone", microphone), ("screen", screen)].map(|(what, taken)| {
                        let name =
                            taken.as_ref().map_or("none".to_owned(), |Taken { id, name }| format!("{name} ({id})"));
                        format!("{what}: {name}")
                    });
                Some(words.join(" · "))
            }
            Self::OnAir { verified: true, viewer_url, .. } => Some(format!("ON AIR, verified. Watch at {viewer_url}")),
            Self::OnAir { reason, viewer_url, .. } => {
                let reason = reason.as_deref().unwrap_or_default();
                Some(format!("ON AIR, unverified ({reason}). Watch at {viewer_url}"))
            }
            Self::Proof { verified: true, .. } => Some("Verified.".to_owned()),
            Self::Proof { reason, .. } => reason.clone(),
            Self::Destination { host, state, message, .. } => {
                let state = match state {
                    DestinationState::Idle => "idle",
                    DestinationState::Connecting => "connecting",
                    DestinationState::OnAir => "on air",
                    DestinationState::Retrying => "retrying",
                    DestinationState::Failed => "failed",
                    DestinationState::Ended => "ended",
                };
                Some(format!("{host}: {state} {message}").trim_end().to_owned())
            }
            Self::Source { id, state, message, .. } => {
                Some(format!("{id} is {state}. {}", message.as_deref().unwrap_or_default()).trim_end().to_owned())
            }
            Self::Notice { message, .. } => Some(message.clone()),
            Self::Ended { duration_ms, recording, .. } => {
                let seconds = duration_ms.unwrap_or(0) / 1000;
                let recording = recording.as_deref().unwrap_or("There is no recording.");
                Some(format!("Ended after {seconds} s. {recording}"))
            }
            Self::LeftOut { lines } => Some(format!("{lines} lines could not be written here and were left out.")),
            Self::Stats { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
