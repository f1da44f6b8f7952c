//! What the operator may ask for. A new feature adds a variant here, not a command to the window.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Composition, DestinationId, DeviceChoice, EpisodeId, Layout, NoticeId, Overlay, Reach, Refusal, Seq, ShowSlug,
    SourceId, SourceKind, ViewerId,
};

/// One act of the operator.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum Command {
    /// Names the episode.
    SetTitle {
        /// At most 120 characters.
        title: String,
    },
    /// Names the show, and says at which address it is. The address is refused while on air.
    SetShow {
        /// For people, on the title card; at most 120 characters, empty for none.
        name: String,
        /// As it stands in the viewers' address.
        slug: ShowSlug,
    },
    /// Changes the layout, also on air.
    SetLayout {
        /// The new one.
        layout: Layout,
    },
    /// Puts the sources where `composition` says, also on air, or where the layout says again.
    SetComposition {
        /// None for the layout's.
        composition: Option<Composition>,
    },
    /// Adds a source, also on air. Its name is made from its kind.
    AddSource {
        /// What it is.
        kind: SourceKind,
        /// Its device, or what stands in for one.
        choice: DeviceChoice,
    },
    /// Removes a source and its layers, also on air.
    RemoveSource {
        /// Its name.
        id: SourceId,
    },
    /// Chooses a source's device, also on air.
    SelectSource {
        /// The source's name.
        id: SourceId,
        /// The device, or what stands in for one.
        choice: DeviceChoice,
    },
    /// Sets the gain of a source's strip.
    SetGain {
        /// The source's name.
        id: SourceId,
        /// −60 to +20.
        gain_db: f32,
    },
    /// Mutes a source's strip, or not.
    SetMuted {
        /// The source's name.
        id: SourceId,
        /// Whether it is silent.
        muted: bool,
    },
    /// What the audience may put on the picture.
    SetOverlay {
        /// Which of it.
        overlay: Overlay,
    },
    /// Who can watch. Refused while on air.
    SetReach {
        /// Who.
        reach: Reach,
    },
    /// Under which names, behind which proxies and over what connection viewers reach the show.
    /// Refused while on air.
    SetNetwork {
        /// Such as `live.example.org`; at most 32.
        host_names: Vec<String>,
        /// Addresses that are believed about who asks; at most 32.
        trusted_proxies: Vec<String>,
        /// In kb/s; none: no limit.
        upload_kbps: Option<u32>,
    },
    /// Whether 3-2-1 is counted.
    SetCountdown {
        /// Whether.
        countdown: bool,
    },
    /// How long replays are kept; for replays that end from now on.
    SetRetention {
        /// 1 to 8760.
        hours: u32,
    },
    /// Adds a destination, also on air.
    AddDestination {
        /// `rtmp://…`, with `{key}` where the key stands.
        address: String,
        /// The key. Kept in memory only.
        key: Option<String>,
    },
    /// Gives the key of a remembered destination.
    SetDestinationKey {
        /// Which.
        id: DestinationId,
        /// The key. Kept in memory only.
        key: String,
    },
    /// Removes a destination, also on air.
    RemoveDestination {
        /// Which.
        id: DestinationId,
    },
    /// Goes on air.
    GoLive,
    /// Ends the countdown or the show.
    End,
    /// From the end screen back to the start.
    NewEpisode,
    /// Shows a comment large, in place of the one that is shown.
    ShowComment {
        /// Which.
        seq: Seq,
    },
    /// Hides the large comment.
    HideComment,
    /// Shows or hides the title card.
    SetTitleCard {
        /// Whether.
        visible: bool,
    },
    /// Shows the waiting slate, with the title, in place of the sources; or the sources again. Also before the
    /// show, which then begins with it.
    SetSlate {
        /// Whether.
        visible: bool,
    },
    /// Says something in the chat, as the host.
    Say {
        /// 1 to 500 characters.
        text: String,
    },
    /// Removes a comment from room, picture and replay.
    RemoveMessage {
        /// Which.
        seq: Seq,
    },
    /// Puts a comment back that was removed a moment ago: see `removals`.
    RestoreMessage {
        /// Which.
        seq: Seq,
    },
    /// Mutes a viewer in this episode, or lets them speak (and come in) again.
    SetViewerMuted {
        /// Who.
        viewer: ViewerId,
        /// Whether.
        muted: bool,
    },
    /// Sends a viewer out of the room, for as long as this episode lasts.
    EjectViewer {
        /// Who.
        viewer: ViewerId,
    },
    /// Says what somebody new wrote from where somebody was silenced. To refuse them is to mute them.
    LetIn {
        /// Who.
        viewer: ViewerId,
    },
    /// Keeps a replay, or lets it expire.
    KeepReplay {
        /// Which.
        episode: EpisodeId,
        /// Whether.
        keep: bool,
    },
    /// Deletes a replay: file, thumbnail and rows.
    DeleteReplay {
        /// Which.
        episode: EpisodeId,
    },
    /// Opens the folder that holds a replay's file.
    OpenReplayFolder {
        /// Which.
        episode: EpisodeId,
    },
    /// How wide the operator's picture is on the screen: it is made as large as is worth it.
    SetMonitorWidth {
        /// In the screen's pixels.
        pixels: u32,
    },
    /// Takes a notice off the window.
    DismissNotice {
        /// Which.
        id: NoticeId,
    },
}

impl std::fmt::Debug for Command {
    /// Prints the variant without keys: commands are logged.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AddDestination { .. } => f.write_str("AddDestination { .. }"),
            Self::SetDestinationKey { id, .. } => write!(f, "SetDestinationKey {{ id: {id}, .. }}"),
            other => f.write_str(&serde_name(other)),
        }
    }
}

/// The wire name of a command's variant.
fn serde_name(command: &Command) -> String {
    let name = match command {
        Command::SetTitle { .. } => "set_title",
        Command::SetShow { .. } => "set_show",
        Command::SetLayout { .. } => "set_layout",
        Command::SetComposition { .. } => "set_composition",
        Command::AddSource { .. } => "add_source",
        Command::RemoveSource { .. } => "remove_source",
        Command::SelectSource { .. } => "select_source",
        Command::SetGain { .. } => "set_gain",
        Command::SetMuted { .. } => "set_muted",
        Command::SetOverlay { .. } => "set_overlay",
        Command::SetReach { .. } => "set_reach",
        Command::SetNetwork { .. } => "set_network",
        Command::SetCountdown { .. } => "set_countdown",
        Command::SetRetention { .. } => "set_retention",
        Command::AddDestination { .. } => "add_destination",
        Command::SetDestinationKey { .. } => "set_destination_key",
        Command::RemoveDestination { .. } => "remove_destination",
        Command::GoLive => "go_live",
        Command::End => "end",
        Command::NewEpisode => "new_episode",
        Command::ShowComment { .. } => "show_comment",
        Command::HideComment => "hide_comment",
        Command::SetTitleCard { .. } => "set_title_card",
        Command::SetSlate { .. } => "set_slate",
        Command::Say { .. } => "say",
        Command::RemoveMessage { .. } => "remove_message",
        Command::RestoreMessage { .. } => "restore_message",
        Command::SetViewerMuted { .. } => "set_viewer_muted",
        Command::EjectViewer { .. } => "eject_viewer",
        Command::LetIn { .. } => "let_in",
        Command::KeepReplay { .. } => "keep_replay",
        Command::DeleteReplay { .. } => "delete_replay",
        Command::OpenReplayFolder { .. } => "open_replay_folder",
        Command::SetMonitorWidth { .. } => "set_monitor_width",
        Command::DismissNotice { .. } => "dismiss_notice",
    };
    name.to_owned()
}

/// The answer to a command. The picture changes when an event says that it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "reply", rename_all = "snake_case")]
#[ts(export)]
pub enum Reply {
    /// It will be done.
    Accepted,
    /// It will not.
    Refused(Refusal),
}
