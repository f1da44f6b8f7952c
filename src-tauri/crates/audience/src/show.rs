//! Shows: each has one room and, while it is on air, one program.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::room::HostOrder;
use domain::{Bye, OnPicture, Said, Seq, ShowSlug, ViewerId, Voice};
use media::{Program, Track};

use crate::clock::ProgramClock;
use crate::episode::{Episode, Journal, Notice};
use crate::events::{AudienceEvents, EventSender, NoticeSender};
use crate::hls::Hls;
use crate::metrics::Metrics;
use crate::room::RoomHandle;
use crate::shared::Shared;

/// Names an open episode; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ShowKey(u64);

#[cfg(test)]
impl ShowKey {
    pub(crate) const fn for_tests(number: u64) -> Self {
        Self(number)
    }
}

/// The open episode of a show.
pub(crate) struct Show {
    pub(crate) key: ShowKey,
    pub(crate) slug: ShowSlug,
    /// For those who are not in the room; the room has its own.
    title: Mutex<String>,
    pub(crate) journal: Arc<dyn Journal>,
    /// For the addresses of its people, which are kept in no other form.
    pub(crate) place_key: [u8; 32],
    pub(crate) room: RoomHandle,
    pub(crate) clock: Arc<ProgramClock>,
    pub(crate) hls: Hls,
    /// To its host.
    notices: NoticeSender,
    /// Its own, so that two rooms do not overwrite each other's numbers.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether there is a program to watch.
    on_air: AtomicBool,
}

impl Show {
    pub(crate) fn is_on_air(&self) -> bool {
        self.on_air.load(Ordering::Acquire)
    }

    pub(crate) fn title(&self) -> String {
        self.title.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// All open shows.
#[derive(Default)]
pub(crate) struct Shows {
    open: Mutex<HashMap<ShowSlug, Arc<Show>>>,
    next: AtomicU64,
}

impl Shows {
    /// The show at this address.
    pub(crate) fn at(&self, slug: &str) -> Option<Arc<Show>> {
        let slug = ShowSlug::parse(slug).ok()?;
        self.lock().get(&slug).cloned()
    }

    /// Every open show.
    pub(crate) fn all(&self) -> Vec<Arc<Show>> {
        self.lock().values().cloned().collect()
    }

    /// Takes every show out.
    pub(crate) fn take_all(&self) -> Vec<Arc<Show>> {
        self.lock().drain().map(|(_, show)| show).collect()
    }

    /// Lets every show's host know.
    pub(crate) fn notify(&self, notice: &Notice) {
        for show in self.all() {
            show.notices.send(notice.clone());
        }
    }

    fn key(&self) -> ShowKey {
        ShowKey(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Puts a show at its address; the one that was there comes back.
    fn put(&self, show: Arc<Show>) -> Option<Arc<Show>> {
        self.lock().insert(show.slug.clone(), show)
    }

    /// Takes this show out, unless another episode has taken its place.
    fn remove(&self, show: &Show) -> bool {
        let mut open = self.lock();
        let is_it = open.get(&show.slug).is_some_and(|at| at.key == show.key);
        if is_it {
            open.remove(&show.slug);
        }
        is_it
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ShowSlug, Arc<Show>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A show's open episode, for its host. Clones are the same episode; it stays open until
/// [`Self::close`], until another episode of the show is opened, or until the service ends. After
/// that nothing here has an effect.
#[derive(Clone)]
pub struct ShowHandle {
    show: Arc<Show>,
    shared: Arc<Shared>,
}

impl ShowHandle {
    /// Opens `episode`, in state *waiting*, in place of the one that its show had.
    pub(crate) fn open(shared: Arc<Shared>, episode: Episode) -> (Self, AudienceEvents) {
        let (clock, metrics) = (Arc::new(ProgramClock::default()), Arc::new(Metrics::default()));
        let (sender, events) = EventSender::pair(metrics.clone());
        let notices = sender.notices();
        let to_host = sender.notices();
        let hls = Hls::new(shared.limits.behind, Arc::new(move |notice| to_host.send(notice)));
        let limits = shared.limits.room.clone();
        let room = RoomHandle::open(&episode, limits, shared.limits.beat, clock.clone(), metrics.clone(), sender);
        let Episode { show: slug, title, journal, place_key, .. } = episode;
        let title = Mutex::new(title);
        let key = shared.shows.key();
        let on_air = AtomicBool::new(false);
        let show = Arc::new(Show { key, slug, title, journal, place_key, room, clock, hls, notices, metrics, on_air });
        if let Some(previous) = shared.shows.put(show.clone()) {
            shut(&shared, &previous, Bye::Ended);
        }
        (Self { show, shared }, events)
    }

    /// Which show this is.
    #[must_use]
    pub fn slug(&self) -> &ShowSlug {
        &self.show.slug
    }

    /// People may watch `program`. Its clock is the room's from now on. Another program than before
    /// ends the sessions of those who watched that one.
    pub fn on_air(&self, program: &Program) {
        let config = program.config(Track::Video);
        let video = config.as_ref().and_then(|config| config.h264());
        let size = video.map(|video| (video.width, video.height, video.fps));
        tracing::info!(show = %self.show.slug, look = ?program.look(), ?size, "on air");
        self.show.clock.follow(program.clone());
        self.shared.media.read(self.show.key, program.clone(), self.show.metrics.clone());
        self.show.hls.read(program.clone());
        self.show.on_air.store(true, Ordering::Release);
        self.order(HostOrder::OnAir);
    }

    /// What the picture carries from now on.
    pub fn set_on_picture(&self, on_picture: Vec<OnPicture>) {
        self.order(HostOrder::OnPicture(on_picture));
    }

    /// The episode's title from now on.
    pub fn set_title(&self, title: String) {
        self.show.title.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&title);
        self.order(HostOrder::Title(title));
    }

    /// The program stopped arriving, or arrives again.
    pub fn interrupted(&self, interrupted: bool) {
        self.order(HostOrder::Interrupted(interrupted));
    }

    /// The show is over: chat is closed, its media sessions end, the room stays, and HLS for some seconds.
    pub fn ended(&self, replay_url: Option<String>) {
        self.show.on_air.store(false, Ordering::Release);
        self.order(HostOrder::Ended { replay_url });
        self.shared.media.end(self.show.key);
        self.show.hls.finish();
    }

    /// Says something in the room, as the host. False where the room is gone.
    #[must_use]
    pub fn say(&self, text: String) -> bool {
        self.order(HostOrder::Say(text))
    }

    /// Removes a comment from the room, which then says so. False where the room is gone, and nobody will.
    #[must_use]
    pub fn remove_message(&self, seq: Seq) -> bool {
        self.order(HostOrder::Remove(seq))
    }

    /// Puts a removed comment back at its place, for everybody. False where the room is gone.
    #[must_use]
    pub fn restore_message(&self, said: Said) -> bool {
        self.order(HostOrder::Restore(said))
    }

    /// Silences a viewer in this episode, or lets them speak again. False where the room is gone.
    #[must_use]
    pub fn set_voice(&self, viewer: ViewerId, voice: Voice) -> bool {
        self.order(HostOrder::Voice { viewer, voice })
    }

    /// Says what somebody wrote who waits to be let in.
    pub fn let_in(&self, viewer: ViewerId) {
        self.order(HostOrder::LetIn { viewer });
    }

    /// Units of the program that did not reach viewers because the service was too far behind.
    #[must_use]
    pub fn lost_units(&self) -> u64 {
        self.show.metrics.units_dropped.get()
    }

    /// Closes the episode: everybody is sent `bye ended`, and nothing is at its address any more.
    pub fn close(&self) {
        if self.shared.shows.remove(&self.show) {
            shut(&self.shared, &self.show, Bye::Ended);
        }
    }

    /// Whether the room takes it. It is gone once it was closed.
    fn order(&self, order: HostOrder) -> bool {
        self.show.room.order(order)
    }
}

/// Sends everybody away from a show that is at no address any more.
pub(crate) fn shut(shared: &Shared, show: &Show, bye: Bye) {
    show.on_air.store(false, Ordering::Release);
    shared.media.end(show.key);
    show.hls.close();
    show.room.close(bye);
    shared.metrics.absorb(&show.metrics);
}
