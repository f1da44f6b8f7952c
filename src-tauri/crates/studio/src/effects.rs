//! Carries out what the domain decided.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archive::AsRunKind;
use domain::{
    AsRunWhat, BroadcastState, Command, DestinationAddress, Effect, Input, Phase, ProgramMs, Refusal, Secret, Severity,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::actor::{Actor, Message, listen};
use crate::ledger::Shelf;
use crate::{addresses, episode, probe, redact, replays, settings};

/// Bit rate of each encoding of the sound, in kb/s.
pub(crate) const AUDIO_KBPS: u32 = 128;
/// How long the viewer's page may take to answer.
const PAGE_WITHIN: Duration = Duration::from_secs(5);

pub(crate) async fn carry_out(actor: &mut Actor, effect: Effect) {
    match effect {
        // Told before anything is carried out.
        Effect::Emit(_) => {}
        Effect::ShowPlan => show_plan(actor),
        Effect::Begin { episode, title } => Box::pin(actor.begin(episode, title)).await,
        Effect::Probe => {
            let url = addresses::links(&actor.production.snapshot().setup.show, actor.listening).whep_url;
            actor.probe = Some(tokio::spawn(probe::watch(url, actor.inbox.clone())));
        }
        Effect::End { episode } => {
            tracing::info!(%episode, replay = actor.replay_url(&episode), "ending");
            actor.engine.end();
        }
        Effect::PlanEpisode => Box::pin(episode::plan(actor)).await,
        Effect::TellRoom { title, on_picture, state } => {
            let Some(show) = &actor.show else { return };
            show.set_title(title);
            show.set_on_picture(on_picture);
            show.interrupted(state == BroadcastState::Interrupted);
        }
        Effect::AddDestination { id, address, key } => {
            redact::remember(address.with_key(key.as_ref()).expose());
            actor.engine.add_destination(id, &address, key.as_ref());
        }
        Effect::RemoveDestination(id) => actor.engine.remove_destination(id),
        Effect::RemoveMessage(seq) => {
            let Some(episode) = actor.production.episode().cloned() else { return };
            if let Some(show) = &actor.show {
                show.remove_message(seq);
            }
            replays::change(&actor.archive, &actor.inbox, move |archive| {
                archive.remove_message(&episode, seq).map(|()| false)
            });
        }
        Effect::SetViewerMuted { viewer, muted } => {
            let Some(episode) = actor.production.episode().cloned() else { return };
            if let Some(show) = &actor.show {
                show.set_muted(viewer.clone(), muted);
            }
            let work =
                move |archive: &archive::Archive| archive.set_viewer_muted(&episode, &viewer, muted).map(|()| false);
            replays::change(&actor.archive, &actor.inbox, work);
        }
        Effect::Listen => Box::pin(listen_again(actor)).await,
        Effect::KeepReplay { episode, keep } => {
            let hours = actor.production.snapshot().setup.retention_hours;
            let work = move |archive: &archive::Archive| {
                archive.keep(&episode, keep, crate::actor::now(), hours).map(|()| true)
            };
            replays::change(&actor.archive, &actor.inbox, work);
        }
        Effect::DeleteReplay(episode) => {
            replays::change(&actor.archive, &actor.inbox, move |archive| archive.delete(&episode).map(|()| true));
        }
        Effect::OpenFolder(path) => open_folder(&path),
        Effect::SaveSetup => save_setup(actor),
        Effect::AsRun { kind, detail } => as_run(actor, kind, &detail),
    }
}

/// Tells the engine the target.
pub(crate) fn show_plan(actor: &mut Actor) {
    let id = actor.next_plan();
    actor.engine.show(domain::plan(&actor.production, id));
}

/// A destination of the command line. Its address was read there; here it can only be one too many.
pub(crate) async fn add_given_destination(actor: &mut Actor, address: &DestinationAddress, key: Option<Secret>) {
    redact::remember(address.with_key(key.as_ref()).expose());
    let template = address.template().to_owned();
    let command = Command::AddDestination { address: template, key: key.map(|key| key.expose().to_owned()) };
    actor.input(Input::Command(command)).await;
}

fn save_setup(actor: &Actor) {
    if actor.config.setup.is_some() {
        return;
    }
    let (file, setup, inbox) =
        (actor.folder.settings(), actor.production.snapshot().setup.clone(), actor.inbox.clone());
    // In order, and quick: a kilobyte; but never on a thread that others wait for.
    let written = tokio::task::block_in_place(move || settings::write(&file, &setup));
    if let Err(error) = written {
        let text = format!("What you chose cannot be remembered ({error}): is the disk full? The show is not affected");
        let _full = inbox.try_send(episode::problem(Severity::Warning, Refusal::new("settings.unwritable", text)));
    }
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

fn open_folder(path: &str) {
    let folder = Path::new(path).parent().map(Path::to_owned);
    tokio::task::spawn_blocking(move || {
        if let Some(folder) = folder
            && let Err(error) = opener::open(&folder)
        {
            tracing::warn!(%error, "the folder could not be opened");
        }
    });
}

/// Moves the audience service to where the chosen audience can reach it. Only off air.
async fn listen_again(actor: &mut Actor) {
    let reach = actor.production.snapshot().setup.reach;
    if actor.config.listen != crate::config::Listen::ByReach {
        return;
    }
    actor.show = None;
    actor.audience.clone().shutdown().await;
    match listen(&actor.config, reach, Arc::new(Shelf::new(actor.archive.clone()))).await {
        Ok((audience, moved)) => {
            actor.audience = audience;
            actor.listening = actor.audience.http_address();
            let show = actor.production.snapshot().setup.show.clone();
            actor.input(Input::Links(addresses::links(&show, actor.listening))).await;
            if let Some(refusal) = moved {
                actor.problem(Severity::Warning, refusal).await;
            }
            if !matches!(actor.production.snapshot().phase, Phase::Ended { .. }) {
                episode::plan(actor).await;
            }
        }
        Err(error) => actor.problem(Severity::Alarm, Refusal::from_coded(&error)).await,
    }
}

/// Asks for the viewer's page at its public address, as a viewer would.
pub(crate) fn ask_for_the_page(actor: &Actor) {
    let url = actor.production.snapshot().links.viewer_url.clone();
    let inbox = actor.inbox.clone();
    tokio::spawn(async move {
        let answer = match tokio::time::timeout(PAGE_WITHIN, page_answers(&url)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("no answer within 5 seconds".to_owned()),
        };
        let _closed = inbox.send(Message::Input(Input::Page(answer))).await;
    });
}

async fn page_answers(url: &str) -> std::io::Result<()> {
    let wrong = |what: &str| std::io::Error::other(what.to_owned());
    let url = url::Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    let address = (*url.socket_addrs(|| None)?.first().ok_or_else(|| wrong("no address"))?, url.path());
    let mut socket = TcpStream::connect(address.0).await?;
    let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", address.1, address.0);
    socket.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    socket.read_exact(&mut status).await?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(wrong("the page answers with an error")) }
}
