//! What a room promises, kept as plain sums and sets beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::room::limits::{COMMENT_CHARACTERS, HEARTS_IN_A_MESSAGE};
use domain::room::{
    Comment, CommentKey, ConnectionId, Delivery, Errand, HostOrder, Limits, Now, RoomEffect, RoomInput, RoomNews, Stored,
    ViewerEvent,
};
use domain::{BroadcastState, Bye, PublicViewer, Said, Seq, ToViewer, ViewerId, Voice, names, text};

/// What happened so far, as far as a promise needs it.
pub(crate) struct Model {
    limits: Limits,
    now: Now,
    state: BroadcastState,
    people: BTreeMap<ConnectionId, ViewerId>,
    known: BTreeSet<ConnectionId>,
    ever: BTreeSet<ViewerId>,
    silenced: BTreeMap<ViewerId, Voice>,
    next: Seq,
    kept: BTreeMap<Seq, Stored>,
    repeated: BTreeSet<Seq>,
    keys: BTreeMap<CommentKey, Seq>,
    removed: BTreeSet<Seq>,
    stored: BTreeMap<Seq, Said>,
    told: Option<Seq>,
    comments: BTreeMap<ViewerId, u32>,
    taps: u64,
    hearts: u64,
    hearts_told: u64,
    hearts_kept: u64,
    hearts_told_at: Option<Duration>,
    presence_told_at: Option<Duration>,
}

impl Model {
    pub(crate) fn new(next: Seq, limits: Limits) -> Self {
        Self {
            limits,
            now: Now { elapsed: Duration::ZERO, program_ms: domain::ProgramMs(0) },
            state: BroadcastState::Waiting,
            people: BTreeMap::new(),
            known: BTreeSet::new(),
            ever: BTreeSet::new(),
            silenced: BTreeMap::new(),
            next,
            kept: BTreeMap::new(),
            repeated: BTreeSet::new(),
            keys: BTreeMap::new(),
            removed: BTreeSet::new(),
            stored: BTreeMap::new(),
            told: None,
            comments: BTreeMap::new(),
            taps: 0,
            hearts: 0,
            hearts_told: 0,
            hearts_kept: 0,
            hearts_told_at: None,
            presence_told_at: None,
        }
    }

    /// Notes an input, before the room sees it.
    pub(crate) fn expect(&mut self, now: Now, input: &RoomInput) {
        self.now = now;
        match input {
            RoomInput::Viewer(ViewerEvent::Joined { connection, viewer, .. })
                if self.people.len() < self.limits.connections
                    && self.silenced.get(&viewer.id) != Some(&Voice::Ejected) =>
            {
                self.ever.insert(viewer.id.clone());
                self.people.entry(*connection).or_insert_with(|| viewer.id.clone());
                self.known.insert(*connection);
            }
            RoomInput::Viewer(ViewerEvent::Left { connection }) => drop(self.people.remove(connection)),
            RoomInput::Viewer(ViewerEvent::Hearts { connection, count }) if self.people.contains_key(connection) => {
                self.taps += u64::from((*count).min(HEARTS_IN_A_MESSAGE));
            }
            RoomInput::Stored(seq, stored) if *seq < self.next => {
                if let Stored::Repeated(first) = self.kept.entry(*seq).or_insert(*stored) {
                    self.repeated.insert(*first);
                }
            }
            RoomInput::Host(order) => self.expect_order(order),
            _ => {}
        }
    }

    fn expect_order(&mut self, order: &HostOrder) {
        match order {
            HostOrder::Remove(seq) if *seq < self.next => drop(self.removed.insert(*seq)),
            HostOrder::Voice { viewer, voice: Voice::Free } => drop(self.silenced.remove(viewer)),
            HostOrder::Voice { viewer, voice } => {
                self.silenced.insert(viewer.clone(), *voice);
                if *voice == Voice::Ejected {
                    self.people.retain(|_, id| id != viewer);
                }
            }
            HostOrder::OnAir if self.state != BroadcastState::Ended => self.state = BroadcastState::OnAir,
            HostOrder::Interrupted(true) if self.state == BroadcastState::OnAir => {
                self.state = BroadcastState::Interrupted;
            }
            HostOrder::Interrupted(false) if self.state == BroadcastState::Interrupted => {
                self.state = BroadcastState::OnAir;
            }
            HostOrder::Ended { .. } => self.state = BroadcastState::Ended,
            _ => {}
        }
    }

    /// Whether the room stands where its events brought it.
    pub(crate) fn state_is(&self, state: BroadcastState) -> bool {
        self.state == state
    }

    /// Holds one effect against everything before it.
    pub(crate) fn check(&mut self, effect: &RoomEffect) {
        match effect {
            RoomEffect::Deliver(Delivery::To(connection, message)) => {
                assert!(self.known.contains(connection), "{connection:?} never came in and is sent {message:?}");
                self.one(message);
            }
            RoomEffect::Deliver(Delivery::ToAll(message)) => self.everybody(message),
            RoomEffect::Deliver(Delivery::Dismiss(_, Bye::Removed)) => {
                assert!(self.silenced.values().any(|voice| *voice == Voice::Ejected), "nobody was ejected");
            }
            RoomEffect::Deliver(Delivery::Dismiss(connection, bye)) => {
                assert_eq!(*bye, Bye::Full);
                assert!(
                    self.people.len() >= self.limits.connections,
                    "{connection:?} was dismissed from a room with space"
                );
            }
            RoomEffect::Errand(Errand::Store(comment)) => self.store(comment),
            RoomEffect::Errand(Errand::KeepHearts { second_ms, by_hue }) => {
                assert_eq!(second_ms.0 % 1000, 0, "a second starts at a second");
                self.hearts_kept += by_hue.values().map(|count| u64::from(*count)).sum::<u64>();
                assert!(self.hearts_kept <= self.hearts, "hearts were kept that nobody gave");
            }
            RoomEffect::Errand(Errand::News(news)) => self.news(news),
        }
    }

    fn news(&mut self, news: &RoomNews) {
        match news {
            RoomNews::Said(said) => {
                assert_eq!(self.told, Some(said.seq), "what is on the picture was sent to everybody first");
            }
            RoomNews::NotSaid(_) => {}
            RoomNews::Removed(seq) => assert!(self.removed.contains(seq)),
            RoomNews::Hearts { count, total, .. } => {
                self.hearts += u64::from(*count);
                assert_eq!(*total, self.hearts);
                assert!(self.hearts <= self.taps, "more hearts than taps");
            }
            RoomNews::Presence(status) => {
                assert!(status.people.len() <= 200 && status.people.len() <= status.viewers as usize);
                for person in &status.people {
                    assert!(self.people.values().any(|id| *id == person.id), "{person:?} is not here");
                    assert_eq!(person.muted, self.silenced.contains_key(&person.id));
                    assert_eq!(text::clean_name(&person.name).as_ref(), Some(&person.name));
                }
            }
            RoomNews::Voice { viewer, voice } => {
                assert_eq!(self.silenced.get(viewer).copied().unwrap_or_default(), *voice);
            }
            RoomNews::Held(held) => assert!(held.len() <= 50 && held.iter().all(|held| held.texts.len() <= 3)),
        }
    }

    /// At the end every heart was told and kept, once.
    pub(crate) fn assert_settled(&self) {
        assert_eq!((self.hearts_told, self.hearts_kept), (self.hearts, self.hearts));
    }

    fn one(&mut self, message: &ToViewer) {
        match message {
            ToViewer::Welcome { viewer, backlog, hearts, .. } => {
                assert_named(viewer);
                assert_eq!(*hearts, self.hearts_told, "what the next message of hearts adds to");
                assert!(backlog.len() <= 50 && backlog.is_sorted_by_key(|said| said.seq));
                for said in backlog.iter() {
                    assert!(!self.removed.contains(&said.seq), "{said:?} was removed");
                    assert_eq!(self.kept.get(&said.seq), Some(&Stored::Kept), "{said:?} is not in the archive");
                }
            }
            ToViewer::Accepted { seq, .. } => {
                let is_kept = self.kept.get(seq) == Some(&Stored::Kept);
                assert!(is_kept || self.repeated.contains(seq), "{seq} is not in the archive");
            }
            ToViewer::Renamed { viewer } => assert_viewer(viewer),
            ToViewer::Refused { .. } | ToViewer::Held { .. } | ToViewer::Voice { .. } => {}
            other => panic!("{other:?} is for everybody"),
        }
    }

    fn everybody(&mut self, message: &ToViewer) {
        match message {
            ToViewer::Said(said) => {
                assert_eq!(self.kept.get(&said.seq), Some(&Stored::Kept), "{said:?} is not in the archive");
                assert!(!self.removed.contains(&said.seq), "{said:?} was removed");
                assert!(self.told < Some(said.seq), "{said:?} came out of order or twice");
                assert_eq!(self.stored.get(&said.seq), Some(said), "what is told is what was kept");
                self.told = Some(said.seq);
            }
            ToViewer::Hearts { by_hue, total, .. } => {
                self.hearts_told += by_hue.values().map(|count| u64::from(*count)).sum::<u64>();
                assert_eq!((*total, self.hearts_told), (self.hearts, self.hearts), "hearts are told exactly");
                apart(&mut self.hearts_told_at, self.now, Duration::from_millis(200));
            }
            ToViewer::Presence { viewers, peak, anonymous, joined } => {
                let here = self.people.values().collect::<BTreeSet<_>>().len();
                assert_eq!(*viewers as usize, here, "people are counted, not connections");
                assert!(peak >= viewers && anonymous <= viewers && joined.len() <= 5);
                apart(&mut self.presence_told_at, self.now, Duration::from_secs(1));
            }
            ToViewer::Renamed { viewer } => assert_viewer(viewer),
            ToViewer::Removed { seq } => assert!(self.removed.contains(seq)),
            ToViewer::State { state, .. } => assert_eq!(*state, self.state),
            other => panic!("{other:?} is for one viewer"),
        }
    }

    fn store(&mut self, comment: &Comment) {
        let Comment { said, key, token_hash, .. } = comment;
        assert_ne!(self.state, BroadcastState::Ended, "a comment after the end");
        let is_hosts = said.viewer.badge.is_some();
        let author = &said.viewer.id;
        if is_hosts {
            assert_eq!(said.viewer, names::host(), "nobody else has a badge");
            self.next = Seq(self.next.0 + 1);
            self.stored.insert(said.seq, said.clone());
            return;
        }
        assert!(self.ever.contains(author), "{author} never came in");
        assert!(!self.silenced.contains_key(author), "{author} is silenced");
        assert_eq!(ViewerId::from_random([token_hash[0]; 16]), *author, "the proof is another's");
        assert_eq!(said.seq, self.next, "places are given without gaps");
        self.next = Seq(self.next.0 + 1);
        if let Some(before) = self.keys.insert(key.clone(), said.seq) {
            assert_eq!(self.kept.get(&before), Some(&Stored::Failed), "{key:?} is asked for twice");
        }
        assert_eq!(text::clean(&said.text), said.text);
        assert!((1..=COMMENT_CHARACTERS).contains(&said.text.chars().count()));
        assert_viewer(&said.viewer);
        assert!(!said.viewer.name.is_empty(), "a comment needs a name");
        let (now, at) = (self.now.program_ms.0, said.at_ms.0);
        assert!((now.saturating_sub(30_000)..=now).contains(&at), "{at} was not on the picture at {now}");
        self.stored.insert(said.seq, said.clone());
        let comments = self.comments.entry(author.clone()).or_default();
        *comments += 1;
        let most = allowed(self.now, self.limits.say_burst, self.limits.say_interval);
        assert!(u128::from(*comments) <= most, "{comments} comments of one person");
    }
}

/// The most that a bucket can have let pass since the room opened.
fn allowed(now: Now, burst: u32, interval: Duration) -> u128 {
    u128::from(burst) + now.elapsed.as_nanos() / interval.as_nanos()
}

/// Somebody who is not the host, and has nothing of the host's.
fn assert_viewer(viewer: &PublicViewer) {
    assert_named(viewer);
    assert!(viewer.badge.is_none() && !names::is_hosts(&viewer.name), "{viewer:?}");
    assert!(viewer.n.is_none_or(|n| n >= 2));
}

fn assert_named(viewer: &PublicViewer) {
    assert_eq!(text::clean_name(&viewer.name).unwrap_or_default(), viewer.name);
}

fn apart(last: &mut Option<Duration>, now: Now, least: Duration) {
    assert!(
        last.is_none_or(|last| last + least <= now.elapsed),
        "told again after {:?}",
        now.elapsed - last.unwrap_or_default()
    );
    *last = Some(now.elapsed);
}
