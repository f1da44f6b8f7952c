//! Opening a studio, in the order in which a failure leaves the least behind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use archive::Archive;
use audience::{Audience, AudienceConfig, AudienceError};
use bytes::Bytes;
use domain::{Input, Levels, PlanId, Production, Reach, Refusal, Severity};
use engine::{DeviceWatch, Engine, EngineConfig};
use tokio::sync::{mpsc, watch};

use super::{Actor, Message, now};
use crate::config::{Listen, StudioConfig};
use crate::error::StudioError;
use crate::folder::DataFolder;
use crate::ledger::Shelf;
use crate::{bridge, effects, episode, redact, replays, settings};

/// The port that is asked for when nothing else is said.
const DEFAULT_PORT: u16 = 8420;

pub(super) async fn open(mut config: StudioConfig, inbox: mpsc::Sender<Message>) -> Result<Actor, StudioError> {
    for (_, key) in &config.destinations {
        if let Some(key) = key {
            redact::remember(key.expose());
        }
    }
    let folder = Arc::new(DataFolder::open(&config.data_dir)?);
    let (remembered, unreadable) = settings::read(&folder.settings());
    let setup = config.setup.clone().unwrap_or(remembered);
    let database = folder.database();
    let archive = blocking(move || Archive::open(&database)).await?;
    engine::init()?;

    let shelf = Arc::new(Shelf::new(archive.clone()));
    let (audience, moved) = listen(&config, setup.reach, shelf).await?;
    let listening = audience.http_address();
    let sink = bridge::engine_sink(inbox.clone());
    let engine_config = EngineConfig {
        canvas: config.canvas,
        video_kbps: config.video_kbps,
        audio_kbps: effects::AUDIO_KBPS,
        graphs_dir: folder.graphs(),
    };
    let engine = blocking(move || Engine::start(engine_config, sink)).await?;
    let production = Production::new(setup, config.canvas, config.overlay_allowed);
    let destinations = std::mem::take(&mut config.destinations);
    let mut actor = Actor {
        config,
        production,
        engine,
        audience,
        show: None,
        // Nobody sends anything before a show is open.
        audience_events: mpsc::channel(1).1,
        archive,
        folder,
        listening,
        inbox: inbox.clone(),
        awake: None,
        probe: None,
        recording: None,
        recorder: None,
        program: None,
        subscribers: Vec::new(),
        levels: watch::Sender::new(Levels::default()),
        monitor: watch::Sender::new(Bytes::new()),
        monitored: false,
        plan: PlanId(0),
        ticks: 0,
        hearts_total: None,
        stopping: None,
        stop_at: None,
        _devices: None,
    };
    actor
        .input(Input::Links(crate::addresses::links(&actor.production.snapshot().setup.show.clone(), listening)))
        .await;
    for refusal in unreadable.into_iter().chain(moved) {
        actor.problem(Severity::Warning, refusal).await;
    }
    for effect in actor.production.remembered_destinations() {
        effects::carry_out(&mut actor, effect).await;
    }
    for (address, key) in destinations {
        effects::add_given_destination(&mut actor, &address, key).await;
    }
    effects::show_plan(&mut actor);
    match DeviceWatch::start(bridge::device_sink(inbox.clone())) {
        Ok(watch) => actor._devices = Some(watch),
        Err(error) => actor.problem(Severity::Warning, Refusal::from_coded(&error)).await,
    }
    replays::recover(&actor.archive, &inbox);
    episode::plan(&mut actor).await;
    tracing::info!(%listening, at = now().0, "the studio is open");
    Ok(actor)
}

/// Starts the audience service where the configuration or the reach says. Where the default port
/// is taken, at another one, and says so.
pub(crate) async fn listen(
    config: &StudioConfig,
    reach: Option<Reach>,
    shelf: Arc<Shelf>,
) -> Result<(Audience, Option<Refusal>), StudioError> {
    let address = match (config.listen, reach) {
        (Listen::At(address), _) => address,
        (Listen::ByReach, Some(Reach::ThisNetwork)) => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), DEFAULT_PORT),
        (Listen::ByReach, _) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
    };
    let at = |listen: SocketAddr| AudienceConfig {
        listen,
        media_port: config.media_port.unwrap_or(listen.port()),
        host_names: Vec::new(),
    };
    match Audience::start(at(address), shelf.clone()).await {
        Ok(audience) => Ok((audience, None)),
        Err(AudienceError::PortTaken { .. }) if config.listen == Listen::ByReach => {
            let elsewhere = AudienceConfig { listen: SocketAddr::new(address.ip(), 0), ..at(address) };
            let elsewhere = AudienceConfig { media_port: config.media_port.unwrap_or(0), ..elsewhere };
            let audience = Audience::start(elsewhere, shelf).await?;
            let message = format!(
                "Port {DEFAULT_PORT} is used by another program; viewers find the show at port {} until the next start",
                audience.http_address().port()
            );
            Ok((audience, Some(Refusal::new("audience.port_moved", message))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn blocking<T: Send + 'static, E: Into<StudioError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, StudioError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("blocking work is never aborted and does not panic").map_err(Into::into)
}
