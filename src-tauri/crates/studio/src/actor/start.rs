//! Opening a studio, in the order in which a failure leaves the least behind.

use std::sync::Arc;

use archive::Archive;
use domain::{Input, PlanId, Production, Severity};
use engine::{DeviceWatch, Engine, EngineConfig};
use tokio::sync::mpsc;

use super::{Actor, Message, failure};
use crate::config::StudioConfig;
use crate::error::StudioError;
use crate::lanes::{Lanes, Observers};
use crate::recording::{DiskWatch, Reopening};
use crate::service::{self, Service};
use crate::settings::{self, Remembered};
use crate::tasks::Tasks;
use crate::unfinished::{self, Again};
use crate::{bridge, effects, redact};
use hosting::ArchiveLibrary;
use hosting::DataFolder;
use hosting::clock::now;

pub(crate) async fn open(
    mut config: StudioConfig,
    inbox: mpsc::Sender<Message>,
    observers: Observers,
    lanes: Lanes,
) -> Result<Actor, StudioError> {
    for (_, key) in &config.destinations {
        if let Some(key) = key {
            redact::remember(key.expose());
        }
    }
    let data_dir = config.data_dir.clone();
    let folder = Arc::new(blocking(move || DataFolder::open(&data_dir)).await?);
    let remembers = config.setup.is_none();
    let Remembered { setup, beside, notices } = match config.setup.clone() {
        Some(setup) => Remembered { setup, ..Remembered::default() },
        None => settings::read(&folder.settings()),
    };
    let database = folder.database();
    let archive = blocking(move || Archive::open(&database)).await?;
    // Before anything can begin: nothing of it is on air.
    let (looked_into, recordings) = (archive.clone(), folder.recordings());
    let found = blocking(move || Ok::<_, StudioError>(hosting::unfinished::find(&looked_into, &recordings))).await?;
    blocking(engine::init).await?;

    let library = Arc::new(ArchiveLibrary::new(archive.clone()));
    let service = service::listen(&config, &setup, library).await?;
    let Service { audience, links, announcement, moved, .. } = service;
    let sink = bridge::engine_sink(observers.clone());
    let engine_config = EngineConfig {
        canvas: config.canvas,
        video_kbps: config.video_kbps,
        audio_kbps: effects::AUDIO_KBPS,
        graphs_dir: folder.graphs(),
    };
    let engine = blocking(move || Engine::start(engine_config, sink)).await?;
    let production = Production::new(setup, config.canvas, config.overlay_allowed);
    let destinations = std::mem::take(&mut config.destinations);
    let monitor = super::monitor::config(&config.canvas, 0);
    let mut actor = Actor {
        config,
        production,
        engine,
        audience,
        announcement,
        show: None,
        archive,
        folder,
        tasks: Tasks::default(),
        inbox,
        awake: None,
        beginning: None,
        unfiled: None,
        opening: None,
        recording: None,
        recorder: None,
        disk_watch: DiskWatch::default(),
        reopening: Reopening::default(),
        archive_restarts: 0,
        again: Again::default(),
        program: None,
        is_deaf: false,
        is_probe_lost: false,
        chosen: None,
        remembered: beside,
        hearts: None,
        audience_events: None,
        lanes,
        subscribers: Vec::new(),
        monitored: false,
        monitor,
        plan: PlanId(0),
        stopping: None,
        stop_at: None,
        _devices: None,
    };
    if remembers {
        actor.keep_settings();
    }
    actor.input(Input::Links(links));
    for refusal in notices.into_iter().chain(moved) {
        actor.problem(Severity::Warning, refusal);
    }
    for effect in actor.production.remembered_destinations() {
        effects::carry_out(&mut actor, effect);
    }
    for (address, key) in destinations {
        effects::add_given_destination(&mut actor, &address, key);
    }
    effects::show_plan(&mut actor);
    match blocking(move || DeviceWatch::start(bridge::device_sink(observers))).await {
        Ok(watch) => actor._devices = Some(watch),
        Err(error) => actor.message(failure(&error)),
    }
    unfinished::recover(&mut actor, found);
    actor.plan();
    let listening = actor.audience.http_address();
    tracing::info!(%listening, at = now().0, "the studio is open");
    Ok(actor)
}

async fn blocking<T: Send + 'static, E: Into<StudioError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, StudioError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("blocking work is never aborted and does not panic").map_err(Into::into)
}
