//! What goes into the state machine and what comes out of it.

use crate::room::RoomNews;
use crate::{
    BroadcastState, Command, DestinationAddress, DestinationId, DestinationReport, Device, Disk, EpisodeId, Levels,
    Links, Numbered, OnPicture, Proof, Refusal, Replay, Said, Secret, Seq, Severity, SourceId, SourceState, Stats,
    UnixMs, ViewerId, Voice,
};

/// What happened.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "fields whose name and type say all")]
pub enum Input {
    /// The operator asked for something.
    Command(Command),
    /// Time passed; at least four times a second.
    Tick,
    /// Devices were looked at.
    Devices(Vec<Device>),
    /// A source changed its state.
    Source {
        /// The source's name.
        id: SourceId,
        /// What it does now.
        state: SourceState,
        /// What is wrong.
        problem: Option<String>,
    },
    /// The frames of a source were looked at, once a second.
    Content {
        /// The source's name.
        id: SourceId,
        /// Nothing but black.
        black: bool,
        /// The same frame for some time.
        still: bool,
    },
    /// Levels, about 20 a second.
    Levels(Levels),
    /// The running episode has this title, because the operator gave none.
    Titled(String),
    /// The encoding runs since `at`, which is program zero.
    Began {
        /// Program zero on the wall clock.
        at: UnixMs,
    },
    /// The encoding could not begin.
    BeginFailed(Refusal),
    /// The probe decoded the public output.
    Proof(Proof),
    /// The recording is finished and filed, and the room knows.
    EndedOnDisk,
    /// A destination changed.
    Destination(DestinationReport),
    /// Numbers of the last second.
    Stats(Stats),
    /// The disk was measured.
    Disk(Disk),
    /// The viewer's page was asked for at its public address.
    Page(Result<(), String>),
    /// The addresses are known, or changed.
    Links(Links),
    /// Something in the room.
    Room(RoomNews),
    /// What the archive holds.
    Library(Vec<Replay>),
    /// The next episode is planned under this id; its earlier comments are `chat`.
    Planned {
        episode: EpisodeId,
        /// Comments that were accepted before.
        chat: Vec<Said>,
    },
    /// The next episode could not be planned.
    PlanFailed(Refusal),
    /// Something went wrong that the operator must know.
    Problem { severity: Severity, refusal: Refusal },
    /// A problem with this code is over.
    Solved(&'static str),
}

/// What must be done. Effects are instructions; whether they succeeded comes back as [`Input`].
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "fields whose name and type say all")]
pub enum Effect {
    /// Hand the event to every subscriber, under this number.
    Emit(Numbered),
    /// Show what [`crate::plan()`] says now.
    ShowPlan,
    /// Begin the encoding, recording and feed of the planned episode.
    Begin {
        episode: EpisodeId,
        /// Its title; empty where the operator gave none.
        title: String,
    },
    /// Join as a viewer and look.
    Probe,
    /// Finish everything.
    End { episode: EpisodeId },
    /// Plan the next episode, unless that is under way: the room opens.
    PlanEpisode,
    /// The episode has another title.
    Retitle {
        episode: EpisodeId,
        /// Not empty.
        title: String,
    },
    /// The show has another address: its links change, and its next episode is planned there.
    MoveShow,
    /// Bring the room up to date.
    UpdateRoom {
        /// The episode's title; the room's page shows it.
        title: String,
        /// What the picture carries, and a page need not show.
        on_picture: Vec<OnPicture>,
        /// Whether the show is interrupted, as far as the studio knows.
        state: BroadcastState,
    },
    /// Push to a destination.
    AddDestination {
        id: DestinationId,
        address: DestinationAddress,
        /// Its key.
        key: Option<Secret>,
    },
    /// End the push to a destination.
    RemoveDestination(DestinationId),
    /// Say something in the room, as the host.
    Say(String),
    /// Take a comment out of room and archive.
    RemoveMessage(Seq),
    /// Put a comment back into room and archive.
    RestoreMessage(Said),
    /// Take a viewer's voice in this episode, or give it back.
    SetVoice { viewer: ViewerId, voice: Voice },
    /// Say what somebody wrote who waits to be let in.
    LetIn(ViewerId),
    /// Listen where the chosen audience can reach us.
    Listen,
    /// Make the operator's picture for so many pixels of the screen.
    SetMonitorWidth(u32),
    /// Keep a replay, or not.
    KeepReplay { episode: EpisodeId, keep: bool },
    /// Delete a replay.
    DeleteReplay(EpisodeId),
    /// Open the folder of a file.
    OpenFolder(String),
    /// Remember the setup.
    SaveSetup,
    /// Write a line of the as-run log.
    AsRun {
        /// What kind of line.
        kind: AsRunWhat,
        /// What happened.
        detail: String,
    },
}

/// What a line of the as-run log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsRunWhat {
    /// The layout changed.
    Layout,
    /// Graphics came or went.
    Graphics,
    /// A source changed.
    Source,
    /// A destination changed.
    Destination,
    /// A comment was removed or a viewer muted.
    Moderation,
    /// The broadcast began or ended.
    Broadcast,
}
