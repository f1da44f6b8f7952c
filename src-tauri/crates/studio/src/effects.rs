//! Carries out what the domain decided.

use std::path::Path;
use std::time::Duration;

use archive::AsRunKind;
use bytes::Bytes;
use domain::room::RoomNews;
use domain::{
    AsRunWhat, BroadcastState, Command, DestinationAddress, Effect, Input, Phase, ProgramMs, Proof, Refusal, Secret,
    Severity,
};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::actor::{Actor, Message, problem};
use crate::tasks::AtClose;
use crate::{disk, probe, redact, replays};

/// Bit rate of each encoding of the sound, in kb/s.
pub(crate) const AUDIO_KBPS: u32 = 128;
/// How long the viewer's page may take to answer.
const PAGE_WITHIN: Duration = Duration::from_secs(5);
/// The task that proves the show.
pub(crate) const PROBE: &str = "watching its own show";
const DISK: &str = "measuring the disk";
const PAGE: &str = "asking for the viewers' page";
/// Says that a folder could not be opened, until one can.
const FOLDER: &str = "replay.folder_closed";

pub(crate) fn carry_out(actor: &mut Actor, effect: Effect) {
    match effect {
        // Handed to subscribers before anything is carried out.
        Effect::Emit(_) => {}
        Effect::ShowPlan => show_plan(actor),
        Effect::Begin { episode, title } => actor.begin(episode, title),
        Effect::Probe => probe(actor),
        Effect::End { episode } => {
            tracing::info!(%episode, "ending");
            actor.engine.end();
        }
        Effect::PlanEpisode => actor.plan(),
        Effect::Retitle { episode, title } => actor.retitle(episode, title),
        Effect::MoveShow => actor.move_show(),
        Effect::UpdateRoom { title, on_picture, state } => {
            let Some(show) = &actor.show else { return };
            show.set_title(title);
            show.set_on_picture(on_picture);
            show.interrupted(state == BroadcastState::Interrupted);
        }
        Effect::AddDestination { id, address, key } => {
            redact::remember_address(address.with_key(key.as_ref()).expose());
            actor.engine.add_destination(id, &address, key.as_ref());
        }
        Effect::RemoveDestination(id) => actor.engine.remove_destination(id),
        Effect::Say(text) => {
            if !actor.show.as_ref().is_some_and(|show| show.say(text.clone())) {
                actor.input(Input::Room(RoomNews::NotSaid(text)));
            }
        }
        Effect::RemoveMessage(seq) => {
            let Some(episode) = actor.production.episode().cloned() else { return };
            if !actor.show.as_ref().is_some_and(|show| show.remove_message(seq)) {
                // There is no room that would say so, and nothing may keep it on the picture.
                actor.input(Input::Room(RoomNews::Removed(seq)));
            }
            replays::change(actor, move |archive| archive.remove_message(&episode, seq).map(|()| false));
        }
        Effect::RestoreMessage(said) => {
            let Some(episode) = actor.production.episode().cloned() else { return };
            // Without a room nobody reads it now; whoever comes finds it in the archive.
            let _is_told = actor.show.as_ref().is_some_and(|show| show.restore_message(said.clone()));
            replays::change(actor, move |archive| archive.restore_message(&episode, said).map(|()| false));
        }
        Effect::SetVoice { viewer, voice } => {
            let Some(episode) = actor.production.episode().cloned() else { return };
            if !actor.show.as_ref().is_some_and(|show| show.set_voice(viewer.clone(), voice)) {
                actor.input(Input::Room(RoomNews::Voice { viewer: viewer.clone(), voice }));
            }
            let work = move |archive: &archive::Archive| archive.set_voice(&episode, &viewer, voice).map(|()| false);
            replays::change(actor, work);
        }
        Effect::LetIn(viewer) => {
            if let Some(show) = &actor.show {
                show.let_in(viewer);
            }
        }
        Effect::Listen => actor.listen_again(),
        Effect::SetMonitorWidth(pixels) => actor.set_monitor_width(pixels),
        Effect::KeepReplay { episode, keep } => {
            let hours = actor.production.snapshot().setup.retention_hours;
            let work = move |archive: &archive::Archive| {
                archive.keep(&episode, keep, hosting::clock::now(), hours).map(|()| true)
            };
            replays::change(actor, work);
        }
        Effect::DeleteReplay(episode) => {
            replays::change(actor, move |archive| archive.delete(&episode).map(|()| true));
        }
        Effect::OpenFolder(path) => open_folder(actor, &path),
        Effect::SaveSetup => actor.save_setup(),
        Effect::AsRun { kind, detail } => as_run(actor, kind, &detail),
    }
}

/// Hands the engine its target.
pub(crate) fn show_plan(actor: &mut Actor) {
    let id = actor.next_plan();
    actor.engine.show(domain::plan(&actor.production, id));
}

/// A destination of the command line. Its address was read there; here it can only be one too many.
pub(crate) fn add_given_destination(actor: &mut Actor, address: &DestinationAddress, key: Option<Secret>) {
    redact::remember_address(address.with_key(key.as_ref()).expose());
    let template = address.template().to_owned();
    let command = Command::AddDestination { address: template, key: key.map(|key| key.expose().to_owned()) };
    actor.input(Input::Command(command));
}

/// Joins as a viewer and looks, until the show is proved or over.
pub(crate) fn probe(actor: &mut Actor) {
    let wanted = matches!(
        actor.production.snapshot().phase,
        Phase::Starting { .. } | Phase::OnAir { proof: Proof::Unverified { .. }, .. }
    );
    if wanted && !actor.tasks.is_running(PROBE) {
        let (url, inbox) = (actor.production.snapshot().links.whep_url.clone(), actor.inbox.clone());
        actor.tasks.spawn(PROBE, AtClose::Abort, Some(Message::ProbeStopped), async move {
            probe::watch(url, inbox).await;
            Vec::new()
        });
    }
}

/// Measures the disk, unless the last time is not over.
pub(crate) fn measure_disk(actor: &mut Actor) {
    if actor.tasks.is_running(DISK) {
        return;
    }
    let (folder, kbps) = (actor.folder.recordings(), actor.config.video_kbps + AUDIO_KBPS);
    actor.tasks.blocking(DISK, None, move || {
        let Some(disk) = disk::measure(&folder, kbps) else { return Vec::new() };
        let free = disk.free_bytes;
        vec![Message::Input(Input::Disk(disk)), Message::Room(free)]
    });
}

fn as_run(actor: &Actor, kind: AsRunWhat, detail: &str) {
    let Some(episode) = actor.production.episode() else { return };
    let kind = match kind {
        AsRunWhat::Layout => AsRunKind::Layout,
        AsRunWhat::Graphics => AsRunKind::Graphics,
        AsRunWhat::Source => AsRunKind::Source,
        AsRunWhat::Destination => AsRunKind::Destination,
        AsRunWhat::Moderation => AsRunKind::Removal,
        AsRunWhat::Broadcast => AsRunKind::Broadcast,
    };
    let at = ProgramMs(actor.engine.program_time().map_or(0, media::ProgramTime::as_millis));
    actor.archive.append_as_run(episode, at, kind, detail);
}

fn open_folder(actor: &mut Actor, path: &str) {
    let folder = Path::new(path).parent().map(Path::to_owned);
    actor.tasks.blocking("opening a folder", None, move || {
        let Some(folder) = folder else { return Vec::new() };
        match opener::open(&folder) {
            Ok(()) => vec![Message::Input(Input::Solved(FOLDER))],
            Err(error) => {
                let text = format!("The folder {} could not be opened: {error}", folder.display());
                vec![problem(Severity::Warning, Refusal::new(FOLDER, text))]
            }
        }
    });
}

/// Asks for the viewer's page at its public address, as a viewer would, unless it is being asked.
pub(crate) fn ask_for_the_page(actor: &mut Actor) {
    if actor.tasks.is_running(PAGE) {
        return;
    }
    // Where there was no network there may be one by now.
    if actor.production.snapshot().links.only_here {
        actor.renew_links();
    }
    let url = actor.production.snapshot().links.viewer_url.clone();
    actor.tasks.spawn(PAGE, AtClose::Abort, None, async move {
        let answer = match tokio::time::timeout(PAGE_WITHIN, page_answers(&url)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} seconds", PAGE_WITHIN.as_secs())),
        };
        vec![Message::Input(Input::Page(answer))]
    });
}

async fn page_answers(url: &str) -> Result<(), String> {
    let address = url.parse().map_err(|_| format!("{url} is no address"))?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    // The reason stands in the source of the client's own words.
    let words =
        |error: &dyn std::error::Error| error.source().map_or_else(|| error.to_string(), |source| source.to_string());
    let status = client.get(address).await.map_err(|error| words(&error))?.status();
    if status.is_success() { Ok(()) } else { Err(format!("the page answers with {status}")) }
}
