//! What goes on around the show that is soaked.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use antenne_tests::antenne::OnAir;
use antenne_tests::peers::RtmpServer;
use antenne_tests::room::Guest;
use antenne_tests::surroundings::{Camera, Session};
use audience::client::WhepClient;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long a destination or a camera is away.
const AWAY: Duration = Duration::from_secs(8);

/// What happened, counted.
#[derive(Default)]
struct Counts {
    joins: AtomicU64,
    refused_joins: AtomicU64,
    comments: AtomicU64,
    hearts: AtomicU64,
    dead_servers: AtomicU64,
    pulled_cameras: AtomicU64,
}

/// What happened, when it is over.
pub(crate) struct Lived(Arc<Counts>);

impl Lived {
    /// What did not happen although it had to, so that a soak in which nothing happens does not hold.
    pub(crate) fn problems(&self) -> Vec<String> {
        let Counts { joins, comments, hearts, dead_servers, pulled_cameras, refused_joins } = &*self.0;
        let had_to = [
            ("viewer joined", joins),
            ("comment was accepted", comments),
            ("heart was sent", hearts),
            ("server died", dead_servers),
            ("camera was pulled", pulled_cameras),
        ];
        let missing = had_to.iter().filter(|(_, count)| count.load(Ordering::Relaxed) == 0);
        let mut problems: Vec<String> = missing.map(|(what, _)| format!("no {what}")).collect();
        let refused = refused_joins.load(Ordering::Relaxed);
        if refused > 0 {
            problems.push(format!("{refused} viewers were not let in"));
        }
        problems
    }
}

impl fmt::Display for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { joins, comments, hearts, dead_servers, pulled_cameras, refused_joins } = &*self.0;
        write!(
            f,
            "{} joins ({} refused), {} comments, {} hearts, {} dead servers, {} pulled cameras",
            count(joins),
            count(refused_joins),
            count(comments),
            count(hearts),
            count(dead_servers),
            count(pulled_cameras)
        )
    }
}

/// Everything around the show, until it is ended.
pub(crate) struct Life {
    counts: Arc<Counts>,
    over: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Life {
    /// Begins. `server`, `session` and `camera` are looked after until the end.
    pub(crate) fn start(on_air: &OnAir, server: RtmpServer, session: Arc<Session>, camera: Camera) -> Self {
        let (over, ends) = watch::channel(false);
        let counts = Arc::new(Counts::default());
        let mut tasks = vec![
            tokio::spawn(break_server(server, counts.clone(), ends.clone())),
            tokio::spawn(pull_camera(session, camera, counts.clone(), ends.clone())),
        ];
        for number in 0..4 {
            tasks.push(tokio::spawn(view(on_air.whep_url.clone(), number, counts.clone(), ends.clone())));
            tasks.push(tokio::spawn(talk(on_air.room_url.clone(), number, counts.clone(), ends.clone())));
        }
        Self { counts, over, tasks }
    }

    /// Ends what goes on, and says what went on.
    pub(crate) async fn end(self) -> Lived {
        self.over.send_replace(true);
        for task in self.tasks {
            task.await.expect("whoever is around the show does not panic");
        }
        Lived(self.counts)
    }
}

/// Lets time pass; whether it goes on after that.
async fn goes_on(ends: &mut watch::Receiver<bool>, span: Duration) -> bool {
    timeout(span, ends.wait_for(|over| *over)).await.is_err()
}

/// Joins by WHEP, watches for some seconds, leaves; one in four without saying so.
async fn view(url: String, number: u64, counts: Arc<Counts>, mut ends: watch::Receiver<bool>) {
    for turn in number.. {
        match WhepClient::connect(&url).await {
            Ok(viewer) => {
                counts.joins.fetch_add(1, Ordering::Relaxed);
                let mut units = viewer.units();
                let watching = async { while units.recv().await.is_some() {} };
                let goes_on = tokio::select! {
                    () = watching => true,
                    goes_on = goes_on(&mut ends, Duration::from_secs(2 + turn % 5)) => goes_on,
                };
                if turn % 4 == 0 {
                    drop(viewer)
                } else {
                    viewer.close().await
                }
                if !goes_on {
                    return;
                }
            }
            Err(_) => {
                counts.refused_joins.fetch_add(1, Ordering::Relaxed);
                if !goes_on(&mut ends, Duration::from_secs(1)).await {
                    return;
                }
            }
        }
    }
}

/// Joins the room, talks and taps for half a minute, leaves, and comes again as somebody else.
async fn talk(url: String, number: u64, counts: Arc<Counts>, mut ends: watch::Receiver<bool>) {
    for turn in 0u64.. {
        let mut guest = Guest::join(&url, Some(&format!("Guest {number}-{turn}"))).await;
        let mut clock = interval(Duration::from_millis(900));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for beat in 0..33 {
            tokio::select! {
                _ = clock.tick() => {}
                _ = ends.wait_for(|over| *over) => return,
            }
            guest.hearts(1).await;
            counts.hearts.fetch_add(1, Ordering::Relaxed);
            if beat % 3 == 0 {
                guest.say(&format!("c{beat}"), &format!("comment {beat} of guest {number}-{turn}")).await;
                counts.comments.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Kills the server each minute, and starts it again.
async fn break_server(mut server: RtmpServer, counts: Arc<Counts>, mut ends: watch::Receiver<bool>) {
    while goes_on(&mut ends, Duration::from_secs(60) - AWAY).await {
        server.stop().await;
        counts.dead_servers.fetch_add(1, Ordering::Relaxed);
        let goes_on = goes_on(&mut ends, AWAY).await;
        server.restart().await;
        if !goes_on {
            break;
        }
    }
    server.stop().await;
}

/// Pulls the camera, and plugs it in again.
async fn pull_camera(session: Arc<Session>, camera: Camera, counts: Arc<Counts>, mut ends: watch::Receiver<bool>) {
    let mut camera = camera;
    while goes_on(&mut ends, Duration::from_secs(45) - AWAY).await {
        camera.pull().await;
        counts.pulled_cameras.fetch_add(1, Ordering::Relaxed);
        let goes_on = goes_on(&mut ends, AWAY).await;
        camera = session.plug_camera("Loose Cable").await;
        if !goes_on {
            break;
        }
    }
    camera.pull().await;
}
