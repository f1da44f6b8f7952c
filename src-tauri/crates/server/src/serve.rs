//! The running server: its service, its rooms, and what it does when it is told to stop.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use archive::Archive;
use audience::{Audience, AudienceConfig, Feed, ServiceLimits, Upload};
use domain::{ShowSlug, UnixMs};
use hosting::unfinished::{self, Outcome};
use hosting::{ArchiveLibrary, DataFolder};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::broadcast::{self, Room};
use crate::cli::Serving;
use crate::keys::{Keys, private};
use crate::report::Report;

/// What one session takes at least of a connection whose programs are not known yet, in kb/s.
const SESSION_KBPS: u32 = 2_700;
/// How often it is looked what is due to be deleted.
const EXPIRY: Duration = Duration::from_secs(30);
/// How long a clean end may take.
const END_WITHIN: Duration = Duration::from_secs(30);
/// Kept from its recovery on: the operator must have a chance to see it.
const RECOVERED_KEPT_MS: u64 = 24 * 3_600_000;

/// What every show's task needs.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) archive: Archive,
    pub(crate) audience: Audience,
    pub(crate) recordings: PathBuf,
    pub(crate) rooms: Arc<Mutex<HashMap<ShowSlug, Room>>>,
    pub(crate) report: Report,
    pub(crate) grace: Duration,
    pub(crate) retention_hours: u32,
    /// True once the server ends.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// Serves until it is told to stop.
pub(crate) async fn serve(data_dir: &Path, serving: Serving, report: Report) -> anyhow::Result<()> {
    let root = data_dir.to_owned();
    let folder = tokio::task::spawn_blocking(move || DataFolder::open(&root)).await??;
    let (database, recordings) = (folder.database(), folder.recordings());
    let archive = tokio::task::spawn_blocking(move || Archive::open(&database)).await??;
    recover(&archive, &recordings).await?;

    let keys = Keys::of(data_dir);
    let (audience, feeds) = listen(&serving, &archive, &keys).await?;
    let http = audience.http_address();
    let listening =
        json!({ "event": "listening", "http": http.to_string(), "media": audience.media_address().to_string() });
    report.say(&listening, &format!("Viewers and publishers may come: http://{http}/"));
    pair(&keys, data_dir, http, report)?;

    let (stop, stopping) = watch::channel(false);
    let host = Host {
        archive: archive.clone(),
        audience: audience.clone(),
        recordings,
        rooms: Arc::default(),
        report,
        grace: serving.grace,
        retention_hours: serving.retention,
        stopping,
    };
    // A show that has a key has a page: people may come before its host does.
    for show in keys.list()?.into_iter().map(|key| key.show) {
        host.open_room(&show).await?;
    }
    run(&host, feeds, &stop).await?;
    audience.shutdown().await;
    tokio::task::spawn_blocking(move || archive.close()).await?;
    drop(folder);
    Ok(())
}

async fn listen(serving: &Serving, archive: &Archive, keys: &Keys) -> anyhow::Result<(Audience, mpsc::Receiver<Feed>)> {
    let config = AudienceConfig {
        media_port: serving.media_port.unwrap_or(serving.listen.port()),
        media_ip: (!serving.public_addresses.is_empty()).then(|| everywhere(serving.listen.ip())),
        public_addresses: serving.public_addresses.clone(),
        host_names: serving.host_names.clone(),
        trusted_proxies: serving.trusted_proxies.clone(),
        upload: serving.uplink.map(|kbps| Upload { kbps, session_kbps: SESSION_KBPS }),
        sockets: hosting::descriptors::for_viewers(),
        ..AudienceConfig::new(serving.listen)
    };
    let library = Arc::new(ArchiveLibrary::new(archive.clone()));
    let limits = ServiceLimits::default();
    let started = Audience::start_with_intake(config, limits, library, Arc::new(keys.clone())).await;
    started.with_context(|| format!("the service cannot listen at {}", serving.listen))
}

/// All addresses of this kind.
fn everywhere(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// Until the end: shows that begin, what is due, and the word to stop.
async fn run(host: &Host, mut feeds: mpsc::Receiver<Feed>, stop: &watch::Sender<bool>) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut expiry = tokio::time::interval(EXPIRY);
    let mut shows = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            Some(feed) = feeds.recv() => {
                shows.spawn(broadcast::run(host.clone(), feed));
            }
            Some(ended) = shows.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a show's task failed; its recording is finished at the next start");
                }
            }
            _ = expiry.tick() => expire(host),
        }
    }
    stop.send_replace(true);
    let ended = async { while shows.join_next().await.is_some() {} };
    if tokio::time::timeout(END_WITHIN, ended).await.is_err() {
        tracing::error!("a show did not end in time; its recording is finished at the next start");
    }
    Ok(())
}

fn expire(host: &Host) {
    let archive = host.archive.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = archive.expire(hosting::clock::moment()) {
            tracing::error!(%error, "what is due could not be deleted");
        }
    });
}

/// Finishes what a crash left unfinished, before anything can begin.
async fn recover(archive: &Archive, recordings: &Path) -> anyhow::Result<()> {
    let (archive, recordings) = (archive.clone(), recordings.to_owned());
    tokio::task::spawn_blocking(move || {
        let found = unfinished::find(&archive, &recordings)?;
        for show in &found.shows {
            let kept = || UnixMs(hosting::clock::now().0 + RECOVERED_KEPT_MS);
            let expires_at = (!found.strangers.contains(&show.episode)).then(kept);
            match unfinished::finish(&archive, show, expires_at, |_| {}) {
                Ok(Outcome::Finished) => {
                    tracing::info!(title = show.title, "a show ended without a clean end; its recording is whole")
                }
                Ok(Outcome::Nothing(refusal)) => tracing::warn!("{}", refusal.message),
                Ok(Outcome::NotYet(reason)) => tracing::error!(
                    title = show.title,
                    reason,
                    "a recording is not finished; it is kept, and tried again at the next start"
                ),
                Err(error) => tracing::error!(%error, title = show.title, "the end of a show could not be filed"),
            }
        }
        Ok(())
    })
    .await?
}

/// Without a key nobody could publish: the first start makes one.
fn pair(keys: &Keys, data_dir: &Path, http: std::net::SocketAddr, report: Report) -> anyhow::Result<()> {
    if !keys.list()?.is_empty() {
        return Ok(());
    }
    let show = ShowSlug::default();
    let (_, token) = keys.add(&show)?;
    hosting::redact::remember(&token);
    let file = std::path::absolute(data_dir.join(format!("pairing-{show}.txt")))?;
    let write = || -> std::io::Result<()> { writeln!(private(&file, true)?, "antenne+http://{http}/{show}#{token}") };
    write().with_context(|| format!("the pairing line cannot be written to {}", file.display()))?;
    let event = json!({ "event": "pairing", "show": show, "file": file });
    report.say(
        &event,
        &format!(
            "The key for “{show}” stands in {}. Give it to whoever publishes, then delete the file.",
            file.display()
        ),
    );
    Ok(())
}

impl Host {
    /// Opens the room of the next episode of `show`, unless it is open.
    pub(crate) async fn open_room(&self, show: &ShowSlug) -> anyhow::Result<()> {
        if self.rooms().contains_key(show) {
            return Ok(());
        }
        let (archive, slug) = (self.archive.clone(), show.clone());
        let planned = tokio::task::spawn_blocking(move || hosting::plan(&archive, &slug, "")).await??;
        let room = Room::open(&self.audience, &self.archive, planned);
        self.rooms().insert(show.clone(), room);
        Ok(())
    }

    pub(crate) fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<ShowSlug, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
