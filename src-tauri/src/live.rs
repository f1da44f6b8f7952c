//! `antenne live`: the same studio without a window.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use domain::{Command, DeviceChoice, DeviceKind, Layout, Overlay, Phase, Reply, Setup, SourceKind, SourceState};
use studio::{Listen, Studio, StudioConfig, Subscription};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, interval, sleep_until};

use crate::cli::LiveOptions;
use crate::live_event::LiveEvent;
use crate::logging::{self, say};
use crate::report::Reporter;
use crate::taken::{choose, taken};
use crate::voice::{Voice, Weight};

/// How long the sources may take before the show begins without them.
const SOURCES_WITHIN: Duration = Duration::from_secs(8);
/// How long the end may take: what the studio allows itself, and closing.
const END_WITHIN: Duration = studio::END_WITHIN.saturating_add(Duration::from_secs(10));

/// The data folder: what was said, else `antenne` in the user's data folder.
pub(crate) fn data_dir(said: Option<PathBuf>) -> Result<PathBuf> {
    let usual = || dirs::data_dir().map(|folder| folder.join("antenne"));
    said.or_else(usual).context("there is no home folder: choose a data folder with --data-dir")
}

/// Goes on air as `options` say, until the end.
pub(crate) fn run(options: LiveOptions) -> Result<()> {
    let json = options.json;
    let (until, stay) = (options.duration, options.stay);
    let (config, devices) = config(&options)?;
    let voice = logging::output(if json { left_out_json } else { left_out_text })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let output = voice.clone();
    say(&format!("antenne: {}", devices.sentence().unwrap_or_default()));
    if json {
        output.say(serde_json::to_string(&devices)?, Weight::Once);
    }
    let outcome = runtime.block_on(async {
        let mut end = EndSignals::listen()?;
        let studio = Studio::start(config).await?;
        let outcome = match broadcast(&studio, until, (output, json), &mut end).await {
            Ok(mut ended) => serve_on(&mut ended, stay, &mut end).await,
            Err(error) => Err(error),
        };
        studio.close().await;
        outcome
    });
    voice.finish();
    outcome
}

fn left_out_json(lines: u64) -> String {
    // Writing an event of two plain fields cannot fail.
    serde_json::to_string(&LiveEvent::LeftOut { lines }).unwrap_or_default()
}

fn left_out_text(lines: u64) -> String {
    LiveEvent::LeftOut { lines }.sentence().unwrap_or_default()
}

/// The studio as `options` say, and what was taken.
fn config(options: &LiveOptions) -> Result<(StudioConfig, LiveEvent)> {
    let canvas = options.canvas()?;
    let destinations = options.destinations()?;
    studio::init_engine()?;
    let found = studio::list_devices();
    let camera = choose(options.camera.as_ref(), DeviceKind::Camera, &found)?;
    let microphone = choose(options.mic.as_ref(), DeviceKind::Microphone, &found)?;
    let screen = choose(Some(&options.screen), DeviceKind::Screen, &found)?;
    let devices = LiveEvent::Devices {
        camera: taken(&camera, DeviceKind::Camera, &found),
        microphone: taken(&microphone, DeviceKind::Microphone, &found),
        screen: taken(&screen, DeviceKind::Screen, &found),
    };
    let two = camera != DeviceChoice::None && screen != DeviceChoice::None;
    let mut setup = Setup {
        title: options.title.clone().unwrap_or_default(),
        show: options.show.clone(),
        layout: options.layout.unwrap_or(if two { Layout::Corner } else { Layout::Solo }),
        overlay: if options.no_overlay { Overlay::NONE } else { Overlay::default() },
        countdown: false,
        upload_kbps: options.upload_kbps,
        ..Setup::default()
    };
    setup.first_mut(SourceKind::Camera).choice = camera;
    setup.first_mut(SourceKind::Microphone).choice = microphone;
    setup.first_mut(SourceKind::Screen).choice = screen;
    let config = StudioConfig {
        canvas,
        video_kbps: options.video_kbps,
        listen: options.listen.map_or(Listen::ByReach, Listen::At),
        media_port: options.media_port,
        host_names: options.host_names.clone(),
        trusted_proxies: options.trusted_proxies.clone(),
        overlay_allowed: !options.no_overlay,
        setup: Some(setup),
        destinations,
        ..StudioConfig::new(data_dir(options.data_dir.clone())?)
    };
    Ok((config, devices))
}

/// The show, until it is over.
async fn broadcast(
    studio: &Studio,
    until: Option<Duration>,
    (voice, json): (Voice, bool),
    end: &mut EndSignals,
) -> Result<Following> {
    let closed = || anyhow!("the studio closed");
    let mut subscription = studio.subscribe(false).await.context("the studio closed")?;
    let first = studio.snapshot().await.ok_or_else(closed)?;
    let mut output = Output { reporter: Reporter::new(first), voice, json };
    wait_for_sources(&mut subscription, &mut output, end).await?;
    if let Reply::Refused(refusal) = studio.dispatch(Command::GoLive).await {
        bail!("{}", refusal.message);
    }

    let mut clock = interval(Duration::from_millis(50));
    let mut ending: Option<Instant> = None;
    let mut is_asked_for = false;
    loop {
        let patience = sleep_until(ending.unwrap_or_else(|| Instant::now() + END_WITHIN));
        tokio::select! {
            update = subscription.next_update() => output.print(update.ok_or_else(closed)?)?,
            () = end.next() => {
                if ending.is_some() {
                    bail!("ended at once; what was recorded is finished at the next start");
                }
                ending = begin_the_end(studio).await;
            }
            _ = clock.tick(), if until.is_some() && ending.is_none() => {
                let reached = studio.program_time().await.zip(until).is_some_and(|(at, until)| at.since_zero() >= until);
                if reached {
                    ending = begin_the_end(studio).await;
                }
            }
            () = patience, if ending.is_some() => bail!("the show did not end within {} s", END_WITHIN.as_secs()),
        }
        match &output.reporter.known().phase {
            Phase::Ended { .. } => return Ok(Following { subscription, output }),
            Phase::Failed { reason } => bail!("{}", reason.message),
            Phase::CountingDown { .. } => is_asked_for = true,
            // Ended while it waited for its place in the archive.
            Phase::Idle if is_asked_for => bail!("ended before the show began"),
            _ => {}
        }
    }
}

/// What happens is printed for `stay`, or until a signal: open pages have become the replay meanwhile.
async fn serve_on(following: &mut Following, stay: Option<Duration>, end: &mut EndSignals) -> Result<()> {
    let Some(stay) = stay else { return Ok(()) };
    say(&format!("antenne: the replay is served for another {} s; Ctrl-C ends that", stay.as_secs()));
    let until = sleep_until(Instant::now() + stay);
    tokio::pin!(until);
    loop {
        tokio::select! {
            update = following.subscription.next_update() => {
                following.output.print(update.context("the studio closed")?)?;
            }
            () = end.next() => return Ok(()),
            () = &mut until => return Ok(()),
        }
    }
}

async fn begin_the_end(studio: &Studio) -> Option<Instant> {
    if let Reply::Refused(refusal) = studio.dispatch(Command::End).await {
        say(&format!("antenne: {}", refusal.message));
    }
    Some(Instant::now() + END_WITHIN)
}

/// A show begins with its pictures rather than with slates; but it does begin.
async fn wait_for_sources(subscription: &mut Subscription, output: &mut Output, end: &mut EndSignals) -> Result<()> {
    let patience = sleep_until(Instant::now() + SOURCES_WITHIN);
    tokio::pin!(patience);
    loop {
        let sources = &output.reporter.known().sources;
        if sources.iter().all(|row| matches!(row.state, SourceState::Off | SourceState::Running)) {
            return Ok(());
        }
        tokio::select! {
            update = subscription.next_update() => output.print(update.context("the studio closed")?)?,
            () = &mut patience => {
                say("antenne: not every source gives a picture or sound yet; the show begins without");
                return Ok(());
            }
            () = end.next() => bail!("ended before the show began"),
        }
    }
}

/// A subscription, and where what it brings is printed.
struct Following {
    subscription: Subscription,
    output: Output,
}

struct Output {
    reporter: Reporter,
    voice: Voice,
    json: bool,
}

impl Output {
    fn print(&mut self, update: domain::Update) -> Result<()> {
        for event in self.reporter.take(update) {
            let weight = if matches!(event, LiveEvent::Stats { .. }) { Weight::Repeated } else { Weight::Once };
            let line = if self.json { Some(serde_json::to_string(&event)?) } else { event.sentence() };
            if let Some(line) = line {
                self.voice.say(line, weight);
            }
        }
        Ok(())
    }
}

/// Ctrl-C, SIGTERM and a closed terminal are a clean end.
pub(crate) struct EndSignals([Signal; 3]);

impl EndSignals {
    /// Hears them from now on.
    pub(crate) fn listen() -> Result<Self> {
        let on = |kind| signal(kind).context("signals cannot be heard");
        Ok(Self([on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?]))
    }

    /// The next of them.
    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
