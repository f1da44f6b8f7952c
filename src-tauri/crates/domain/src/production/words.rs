//! What goes into the state machine and what comes out of it.

use crate::{
    AudienceStatus, BroadcastState, Command, DestinationAddress, DestinationId, DestinationReport, Device, Disk,
    EpisodeId, Event, Levels, Links, OnPicture, Proof, Refusal, Replay, Role, Said, Secret, Seq, Severity, SourceState,
    Stats, UnixMs, ViewerId,
};

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The operator asked for something.
    Command(Command),
    /// Time passed; at least four times a second.
    Tick,
    /// Devices were looked at.
    Devices(Vec<Device>),
    /// A source changed its state.
    Source {
        /// Whose.
        role: Role,
        /// What it does now.
        state: SourceState,
        /// What is wrong.
        problem: Option<String>,
    },
    /// The picture of a source was looked at.
    Picture {
        /// Whose.
        role: Role,
        /// Nothing but black.
        black: bool,
        /// The same picture for some time.
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
    /// The recording was finished, and everybody was told.
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
    /// A comment was accepted.
    Said(Said),
    /// A comment is no more.
    Removed(Seq),
    /// Who is here.
    Presence(AudienceStatus),
    /// Accepted hearts so far.
    HeartsTotal(u64),
    /// A viewer was muted, or may speak again.
    Muted {
        /// Who.
        viewer: ViewerId,
        /// Whether.
        muted: bool,
    },
    /// What the archive holds.
    Library(Vec<Replay>),
    /// The next episode is planned under this id; its earlier comments are `chat`.
    Planned {
        /// The id.
        episode: EpisodeId,
        /// Comments that were accepted before.
        chat: Vec<Said>,
    },
    /// Something went wrong that the operator must know.
    Problem {
        /// How urgent.
        severity: Severity,
        /// What.
        refusal: Refusal,
    },
    /// A problem with this code is over.
    Solved(&'static str),
}

/// What must be done. Effects are instructions; whether they succeeded comes back as [`Input`].
#[derive(Debug, Clone)]
pub enum Effect {
    /// Tell the window.
    Emit(Event),
    /// Show what [`crate::plan()`] says now.
    ShowPlan,
    /// Begin the encoding, recording and feed of the planned episode.
    Begin {
        /// Which.
        episode: EpisodeId,
        /// Its title; empty where the operator gave none.
        title: String,
    },
    /// Join as a viewer and look.
    Probe,
    /// Finish everything.
    End {
        /// Which.
        episode: EpisodeId,
    },
    /// Plan the next episode: the room opens.
    PlanEpisode,
    /// Tell the room its title and what the picture carries.
    TellRoom {
        /// The title.
        title: String,
        /// What the picture carries.
        on_picture: Vec<OnPicture>,
        /// Whether the show is interrupted, as far as the studio knows.
        state: BroadcastState,
    },
    /// Push to a destination.
    AddDestination {
        /// Which.
        id: DestinationId,
        /// Where.
        address: DestinationAddress,
        /// Its key.
        key: Option<Secret>,
    },
    /// Push no longer.
    RemoveDestination(DestinationId),
    /// Take a comment out of room and archive.
    RemoveMessage(Seq),
    /// Mute somebody.
    SetViewerMuted {
        /// Who.
        viewer: ViewerId,
        /// Whether.
        muted: bool,
    },
    /// Listen where the chosen audience can reach us.
    Listen,
    /// Keep a replay, or not.
    KeepReplay {
        /// Which.
        episode: EpisodeId,
        /// Whether.
        keep: bool,
    },
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
