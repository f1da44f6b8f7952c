//! Where the audience service listens, and how it moves there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use audience::{Audience, AudienceConfig, AudienceError, Upload};
use domain::{Input, Links, Reach, Refusal, Setup, Severity};

use crate::actor::{Actor, Message};
use crate::config::{Listen, StudioConfig};
use crate::names::Announcement;
use crate::tasks::AtClose;
use crate::{addresses, descriptors, names};
use hosting::ArchiveLibrary;

/// The port that is asked for when nothing else is said.
const DEFAULT_PORT: u16 = 8420;
/// The program's sound for viewers, in kb/s.
const AUDIO_KBPS: u32 = 128;
/// The task that moves the service.
pub(crate) const LISTEN: &str = "opening the port";

/// What the setup says of who reaches the service, and how.
#[derive(PartialEq)]
pub(crate) struct Wanted {
    reach: Option<Reach>,
    host_names: Vec<String>,
    trusted_proxies: Vec<IpAddr>,
    upload_kbps: Option<u32>,
}

impl Wanted {
    fn of(setup: &Setup) -> Self {
        let Setup { reach, host_names, trusted_proxies, upload_kbps, .. } = setup;
        Self {
            reach: *reach,
            host_names: host_names.clone(),
            trusted_proxies: trusted_proxies.clone(),
            upload_kbps: *upload_kbps,
        }
    }
}

/// A service that listens.
pub(crate) struct Service {
    pub(crate) audience: Audience,
    pub(crate) links: Links,
    /// Of this computer's name, where others can reach it.
    pub(crate) announcement: Option<Announcement>,
    /// For whom it listens.
    pub(crate) wanted: Wanted,
    /// Where it listens at another port than it was to.
    pub(crate) moved: Option<Refusal>,
}

/// Starts the audience service where the configuration or the reach says. Where the default port
/// is taken, at another one, and says so.
pub(crate) async fn listen(
    config: &StudioConfig,
    setup: &Setup,
    library: Arc<ArchiveLibrary>,
) -> Result<Service, AudienceError> {
    let wanted = Wanted::of(setup);
    let address = match (config.listen, wanted.reach) {
        (Listen::At(address), _) => address,
        (Listen::ByReach, Some(Reach::ThisNetwork)) => SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), DEFAULT_PORT),
        (Listen::ByReach, _) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
    };
    let at = |listen: SocketAddr| AudienceConfig {
        media_port: config.media_port.unwrap_or(listen.port()),
        host_names: names::answered([&config.host_names[..], &wanted.host_names].concat()),
        trusted_proxies: [&config.trusted_proxies[..], &wanted.trusted_proxies].concat(),
        upload: wanted.upload_kbps.map(|kbps| Upload { kbps, session_kbps: config.video_kbps + AUDIO_KBPS }),
        sockets: descriptors::for_viewers(),
        ..AudienceConfig::new(listen)
    };
    let mut moved = None;
    let audience = match Audience::start(at(address), library.clone()).await {
        Err(AudienceError::PortTaken { .. }) if config.listen == Listen::ByReach => {
            let elsewhere = AudienceConfig { listen: SocketAddr::new(address.ip(), 0), ..at(address) };
            let elsewhere = AudienceConfig { media_port: config.media_port.unwrap_or(0), ..elsewhere };
            let audience = Audience::start(elsewhere, library).await?;
            let message = format!(
                "Port {DEFAULT_PORT} is used by another program; viewers find the show at port {} until the next start",
                audience.http_address().port()
            );
            moved = Some(Refusal::new("audience.port_moved", message));
            audience
        }
        other => other?,
    };
    let links = addresses::links(&setup.show, audience.http_address());
    let announcement = Announcement::start(audience.http_address(), &format!("/{}", setup.show));
    Ok(Service { audience, links, announcement, wanted, moved })
}

impl Actor {
    /// The links as they are now: the show may have another address, or the computer another network.
    pub(crate) fn renew_links(&mut self) {
        let links = addresses::links(&self.production.snapshot().setup.show, self.audience.http_address());
        if self.production.snapshot().links != links {
            self.input(Input::Links(links));
        }
    }

    /// The show has another address: its next episode is planned there.
    pub(crate) fn move_show(&mut self) {
        self.renew_links();
        self.plan();
    }

    /// Moves the service to where, and by which names, the chosen audience can reach it. Only off
    /// air. The next episode is planned at the new place.
    pub(crate) fn listen_again(&mut self) {
        if self.tasks.is_running(LISTEN) {
            // It is seen when it listens that somebody else is to be reached by now.
            return;
        }
        (self.show, self.audience_events, self.announcement) = (None, None, None);
        let (old, mut config, archive) = (self.audience.clone(), self.config.clone(), self.archive.clone());
        if let Listen::At(address) = &mut config.listen {
            // A port that was any free one stays the one that people know.
            *address = old.http_address();
        }
        let setup = self.production.snapshot().setup.clone();
        let defect = Refusal::new("audience.listen", "the audience service failed to open its port");
        self.tasks.spawn(LISTEN, AtClose::Finish, Some(Message::Listening(Err(defect))), async move {
            old.shutdown().await;
            let outcome = listen(&config, &setup, Arc::new(ArchiveLibrary::new(archive))).await;
            vec![Message::Listening(outcome.map(Box::new).map_err(|error| Refusal::from_coded(&error)))]
        });
    }

    /// The service listens at its new place, or nowhere.
    pub(crate) fn listening(&mut self, outcome: Result<Box<Service>, Refusal>) {
        self.is_deaf = outcome.is_err();
        match outcome {
            Ok(service) => {
                let Service { audience, links, announcement, wanted, moved } = *service;
                (self.audience, self.announcement) = (audience, announcement);
                self.input(Input::Links(links));
                if let Some(refusal) = moved {
                    self.problem(Severity::Warning, refusal);
                }
                if Wanted::of(&self.production.snapshot().setup) != wanted {
                    self.listen_again();
                    return;
                }
            }
            Err(refusal) => self.problem(Severity::Alarm, refusal),
        }
        // Also without an audience: what is recorded and pushed needs an episode.
        if self.production.awaits_plan() {
            self.plan();
        }
    }
}
