//! Sessions with a browser's half in the same test: datagrams go over real sockets, time is an argument.

use std::net::UdpSocket;

use bytes::Bytes;
use media::{AccessUnit, Format, H264Config, Look, ProgramTime, Track};
use str0m::change::SdpAnswer;
use str0m::ice::TransId;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

use super::super::negotiate::Negotiator;
use super::super::socket::{MediaSocket, bind};
use super::*;
use crate::config::ServiceLimits;

const FRAME: Duration = Duration::from_millis(40);
const SHOW: ShowKey = ShowKey::for_tests(1);

/// The media thread without a thread.
struct Service {
    fan_out: FanOut,
    socket: MediaSocket,
    negotiator: Negotiator,
    program: Program,
    frames: u32,
    now: Instant,
}

impl Service {
    fn start() -> Self {
        let socket = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let around = Around {
            limits: ServiceLimits::default(),
            upload: None,
            metrics: Arc::default(),
            notify: Arc::new(|_| {}),
        };
        let socket = MediaSocket::new(socket, address).unwrap();
        let mut fan_out = FanOut::new(around, Arc::default());
        let program = Program::new(Look::Dressed);
        fan_out.read(SHOW, program.clone(), Arc::default(), &socket);
        Self { fan_out, socket, negotiator: Negotiator::new().unwrap(), program, frames: 0, now: Instant::now() }
    }

    /// Somebody joins; nothing was sent yet.
    fn join(&mut self) -> Browser {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut rtc = Rtc::builder().clear_codecs().enable_opus(true, false).enable_h264(true).build(self.now);
        rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
        let mut changes = rtc.sdp_api();
        changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let here = [self.socket.address()];
        let negotiated =
            self.negotiator.answer(&offer.to_sdp_string(), &here).unwrap_or_else(|error| panic!("{error}"));
        let answer = negotiated.answer.clone();
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        let said = |what: &str| answer.lines().find_map(|line| line.strip_prefix(what)).unwrap().trim().to_owned();
        let (fragment, password) = (said("a=ice-ufrag:"), said("a=ice-pwd:"));
        let theirs = rtc.direct_api().local_ice_credentials().ufrag;
        let address = socket.local_addr().unwrap().ip();
        let viewer = Viewer { id: fragment.clone(), address, held: None, upload: Upload::Free };
        let (sender, mut joined) = oneshot::channel();
        let session = Box::new(negotiated);
        self.fan_out.request(Request::Join { show: SHOW, session, viewer, answer: sender }, &self.socket, self.now);
        assert_eq!(joined.try_recv(), Ok(Ok(())));
        Browser { rtc, socket, fragment, password, theirs, reports: true }
    }

    fn session(&self, browser: &Browser) -> Option<&Session> {
        self.fan_out.by_fragment.get(&browser.fragment).and_then(|key| self.fan_out.sessions.get(key))
    }

    /// Takes `count` datagrams that were sent.
    async fn take(&mut self, mut count: usize) {
        while count > 0 {
            tokio::time::timeout(Duration::from_secs(5), self.socket.readable()).await.unwrap().unwrap();
            let mut arrived = Vec::new();
            self.socket.receive(|one| arrived.push((one.source, one.destination, one.contents.to_vec())));
            count -= arrived.len();
            for (source, destination, contents) in arrived {
                let arrived = Arrived { source, destination, contents: &contents };
                self.fan_out.receive(&arrived, &self.socket, self.now);
            }
        }
    }

    fn publish(&mut self) {
        let format = Format::H264(H264Config { width: 64, height: 64, fps: 25, sps: Bytes::new(), pps: Bytes::new() });
        let keyframe = self.frames.is_multiple_of(50);
        self.program.publish(AccessUnit {
            track: Track::Video,
            config: self.program.configure(format),
            pts: ProgramTime::ZERO + FRAME * self.frames,
            duration: FRAME,
            keyframe,
            data: Bytes::from_static(if keyframe { &[0, 0, 0, 1, 0x65, 9, 9] } else { &[0, 0, 0, 1, 0x41, 9, 9] }),
        });
        self.frames += 1;
        while self.fan_out.publish_next(&self.socket, self.now) {}
    }

    /// A frame's time passes for the service and for `browsers`, a frame is published, and everything
    /// that is sent arrives.
    async fn step(&mut self, browsers: &mut [&mut Browser]) {
        self.now += FRAME;
        self.publish();
        self.fan_out.tick(&self.socket, self.now);
        for _ in 0..4 {
            let mut sent = 0;
            for browser in browsers.iter_mut() {
                sent += browser.pump(self.socket.address(), self.now);
            }
            self.take(sent).await;
        }
    }
}

/// A browser's half of a session.
struct Browser {
    rtc: Rtc,
    socket: UdpSocket,
    fragment: String,
    password: String,
    theirs: String,
    /// Whether its reports (SRTCP) leave it.
    reports: bool,
}

impl Browser {
    /// Takes what came and sends what there is to send. How many datagrams that were.
    fn pump(&mut self, service: SocketAddr, now: Instant) -> usize {
        let mut space = [0; 2000];
        let here = self.socket.local_addr().unwrap();
        while let Ok((length, source)) = self.socket.recv_from(&mut space) {
            let receive = Receive::new(Protocol::Udp, source, here, &space[..length]).unwrap();
            self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
        }
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        let mut sent = 0;
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return sent,
                Output::Transmit(transmit) => {
                    assert_eq!(transmit.destination, service);
                    // RFC 5761 §4: how reports are known among everything else.
                    let is_report = matches!(transmit.contents[..2], [128..=191, 192..=223]);
                    if self.reports || !is_report {
                        self.socket.send_to(&transmit.contents, service).unwrap();
                        sent += 1;
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    /// A connectivity check as this browser would send it, with this password.
    fn check(&self, password: &str) -> Vec<u8> {
        let hmac = str0m::crypto::from_feature_flags().sha1_hmac_provider;
        let username = format!("{}:{}", self.fragment, self.theirs);
        let check = StunMessage::binding_request(&username, TransId::new(), true, 7, 1 << 24, false);
        let mut bytes = vec![0; 500];
        let hmac = |key: &[u8], parts: &[&[u8]]| hmac.sha1_hmac(key, parts);
        let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).unwrap();
        bytes.truncate(length);
        bytes
    }
}

#[tokio::test]
async fn a_viewer_who_reports_stays_and_one_who_does_not_is_gone_after_ten_seconds() {
    let mut service = Service::start();
    let (mut good, mut mute) = (service.join(), service.join());
    while [&good, &mute].iter().any(|browser| service.session(browser).unwrap().stage != Stage::Watching) {
        assert!(service.frames < 100, "both are connected by now");
        service.step(&mut [&mut good, &mut mute]).await;
    }
    mute.reports = false;
    let since = service.now;
    while service.session(&mute).is_some() {
        service.step(&mut [&mut good, &mut mute]).await;
        assert!(service.now - since < Duration::from_secs(13));
    }
    // A report that was on its way, and the second between two looks at reports.
    assert!(service.now - since > Duration::from_secs(8), "{:?}", service.now - since);
    while service.now - since < Duration::from_secs(40) {
        service.step(&mut [&mut good]).await;
    }
    assert!(service.session(&good).is_some());
}

#[tokio::test]
async fn a_program_that_pauses_ends_nobody_who_still_checks_the_connection() {
    let mut service = Service::start();
    let mut good = service.join();
    while service.frames < 100 {
        service.step(&mut [&mut good]).await;
    }
    let since = service.now;
    while service.now - since < Duration::from_secs(60) {
        service.now += FRAME;
        service.fan_out.tick(&service.socket, service.now);
        let sent = good.pump(service.socket.address(), service.now);
        service.take(sent).await;
    }
    assert!(service.session(&good).is_some());
}

#[tokio::test]
async fn checks_from_more_than_sixteen_sources_are_dropped_at_the_door() {
    let mut service = Service::start();
    let browser = service.join();
    let check = browser.check(&browser.password);
    let sources: Vec<UdpSocket> = (0..40).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    for source in &sources {
        source.set_nonblocking(true).unwrap();
        source.send_to(&check, service.socket.address()).unwrap();
        service.take(1).await;
    }
    let answered = sources.iter().filter(|source| source.recv(&mut [0; 500]).is_ok()).count();
    assert_eq!((answered, service.session(&browser).unwrap().peer.sources.len()), (SOURCES, SOURCES));
    // Those that are known go on being answered.
    sources[3].send_to(&check, service.socket.address()).unwrap();
    service.take(1).await;
    assert!(sources[3].recv(&mut [0; 500]).is_ok());
}

#[tokio::test]
async fn a_source_is_believed_only_after_a_check_that_proves_itself() {
    let mut service = Service::start();
    let mut browser = service.join();
    let forged = browser.check("not the password at all");
    for _ in 0..SOURCES * 2 {
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        stranger.send_to(&forged, service.socket.address()).unwrap();
        service.take(1).await;
    }
    assert!(service.session(&browser).unwrap().peer.sources.is_empty() && service.fan_out.by_source.is_empty());
    while service.session(&browser).unwrap().stage != Stage::Watching {
        assert!(service.frames < 100, "the strangers took no place of it");
        service.step(&mut [&mut browser]).await;
    }
}

#[tokio::test]
async fn nobody_takes_a_source_over_whose_owner_is_there() {
    let mut service = Service::start();
    let (mut ada, mallory) = (service.join(), service.join());
    while service.session(&ada).unwrap().stage != Stage::Watching {
        assert!(service.frames < 100, "she is connected by now");
        service.step(&mut [&mut ada]).await;
    }
    // As if it came from her address: she sends it herself.
    for check in [mallory.check(&mallory.password), mallory.check("wrong")] {
        ada.socket.send_to(&check, service.socket.address()).unwrap();
        service.take(1).await;
    }
    let hers = service.fan_out.by_fragment[&ada.fragment];
    assert_eq!(service.fan_out.by_source.get(&ada.socket.local_addr().unwrap()), Some(&hers));
    assert!(service.session(&mallory).unwrap().peer.sources.is_empty());
    // Once she is gone it is anybody's.
    service.now += OWNED;
    ada.socket.send_to(&mallory.check(&mallory.password), service.socket.address()).unwrap();
    service.take(1).await;
    assert_eq!(service.session(&mallory).unwrap().peer.sources, [ada.socket.local_addr().unwrap()]);
}

#[tokio::test]
async fn a_session_that_panics_ends_alone() {
    let mut service = Service::start();
    let (mut one, mut other) = (service.join(), service.join());
    while service.frames < 60 {
        service.step(&mut [&mut one, &mut other]).await;
    }
    let key = service.fan_out.by_fragment[&one.fragment];
    service.fan_out.sessions.get_mut(&key).unwrap().panic();
    service.step(&mut [&mut one, &mut other]).await;
    assert!(service.session(&one).is_none());
    assert_eq!(service.session(&other).unwrap().stage, Stage::Watching);
}
