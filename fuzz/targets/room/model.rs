//! What a room promises, kept as plain sums and sets beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::room::{ConnectionId, HEARTS_IN_A_MESSAGE, Limits, Now, RoomEffect, RoomEvent};
use domain::{BroadcastState, Bye, PublicViewer, Said, Seq, ToViewer, ViewerId, text};

/// What happened so far, as far as a promise needs it.
pub(crate) struct Model {
    limits: Limits,
    now: Now,
    state: BroadcastState,
    people: BTreeMap<ConnectionId, ViewerId>,
    known: BTreeSet<ConnectionId>,
    muted: BTreeSet<ViewerId>,
    next: Seq,
    kept: BTreeMap<Seq, bool>,
    removed: BTreeSet<Seq>,
    stored: BTreeMap<Seq, Said>,
    told: Option<Seq>,
    comments: BTreeMap<ViewerId, u32>,
    taps: BTreeMap<ViewerId, u32>,
    tapping: Option<ViewerId>,
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
            muted: BTreeSet::new(),
            next,
            kept: BTreeMap::new(),
            removed: BTreeSet::new(),
            stored: BTreeMap::new(),
            told: None,
            comments: BTreeMap::new(),
            taps: BTreeMap::new(),
            tapping: None,
            hearts: 0,
            hearts_told: 0,
            hearts_kept: 0,
            hearts_told_at: None,
            presence_told_at: None,
        }
    }

    /// Notes an event, before the room sees it.
    pub(crate) fn expect(&mut self, now: Now, event: &RoomEvent) {
        self.now = now;
        self.tapping = None;
        match event {
            RoomEvent::Joined { connection, viewer, .. } if self.people.len() < self.limits.connections => {
                self.people.entry(*connection).or_insert_with(|| viewer.id.clone());
                self.known.insert(*connection);
            }
            RoomEvent::Left { connection } => drop(self.people.remove(connection)),
            RoomEvent::Hearts { connection, .. } => self.tapping = self.people.get(connection).cloned(),
            RoomEvent::Stored { seq, kept } if *seq < self.next => drop(self.kept.entry(*seq).or_insert(*kept)),
            RoomEvent::Remove(seq) if *seq < self.next => drop(self.removed.insert(*seq)),
            RoomEvent::Mute { viewer, muted: true } => drop(self.muted.insert(viewer.clone())),
            RoomEvent::Mute { viewer, muted: false } => drop(self.muted.remove(viewer)),
            RoomEvent::OnAir if self.state != BroadcastState::Ended => self.state = BroadcastState::OnAir,
            RoomEvent::Interrupted(true) if self.state == BroadcastState::OnAir => {
                self.state = BroadcastState::Interrupted;
            }
            RoomEvent::Interrupted(false) if self.state == BroadcastState::Interrupted => {
                self.state = BroadcastState::OnAir;
            }
            RoomEvent::Ended { .. } => self.state = BroadcastState::Ended,
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
            RoomEffect::Tell(connection, message) => {
                assert!(self.known.contains(connection), "{connection:?} never came in and is told {message:?}");
                self.tell(message);
            }
            RoomEffect::TellAll(message) => self.tell_all(message),
            RoomEffect::Dismiss(connection, bye) => {
                assert_eq!(*bye, Bye::Full);
                assert!(
                    self.people.len() >= self.limits.connections,
                    "{connection:?} was dismissed from a room with space"
                );
            }
            RoomEffect::Store { said, token_hash } => self.store(said, token_hash),
            RoomEffect::Published(said) => {
                assert_eq!(self.told, Some(said.seq), "what is on the picture was told to everybody first");
            }
            RoomEffect::Removed(seq) => assert!(self.removed.contains(seq)),
            RoomEffect::Hearts { hue: _, count, total, .. } => self.tapped(*count, *total),
            RoomEffect::KeepHearts { second_ms, by_hue } => {
                assert_eq!(second_ms.0 % 1000, 0, "a second starts at a second");
                self.hearts_kept += by_hue.values().map(|count| u64::from(*count)).sum::<u64>();
                assert!(self.hearts_kept <= self.hearts, "hearts were kept that nobody gave");
            }
            RoomEffect::Presence { people, viewers, .. } => {
                assert!(people.len() <= 200 && people.len() <= *viewers as usize);
                for person in people {
                    assert!(self.people.values().any(|id| *id == person.id), "{person:?} is not here");
                    assert_eq!(person.muted, self.muted.contains(&person.id));
                    assert_eq!(text::clean_name(&person.name).as_ref(), Some(&person.name));
                }
            }
            RoomEffect::Muted { viewer, muted } => assert_eq!(self.muted.contains(viewer), *muted),
        }
    }

    /// At the end every heart was told and kept, once.
    pub(crate) fn assert_settled(&self) {
        assert_eq!((self.hearts_told, self.hearts_kept), (self.hearts, self.hearts));
    }

    fn tell(&mut self, message: &ToViewer) {
        match message {
            ToViewer::Welcome { viewer, backlog, hearts, .. } => {
                assert_named(viewer);
                assert_eq!(*hearts, self.hearts);
                assert!(backlog.len() <= 50 && backlog.is_sorted_by_key(|said| said.seq));
                for said in backlog {
                    assert!(!self.removed.contains(&said.seq), "{said:?} was removed");
                    assert_eq!(self.kept.get(&said.seq), Some(&true), "{said:?} is not in the archive");
                }
            }
            ToViewer::Accepted { seq, .. } => assert_eq!(self.kept.get(seq), Some(&true)),
            ToViewer::Refused { .. } => {}
            other => panic!("{other:?} is for everybody"),
        }
    }

    fn tell_all(&mut self, message: &ToViewer) {
        match message {
            ToViewer::Said(said) => {
                assert_eq!(self.kept.get(&said.seq), Some(&true), "{said:?} is not in the archive");
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
            ToViewer::Removed { seq } => assert!(self.removed.contains(seq)),
            ToViewer::State { state, .. } => assert_eq!(*state, self.state),
            other => panic!("{other:?} is for one viewer"),
        }
    }

    fn store(&mut self, said: &Said, token_hash: &[u8; 32]) {
        assert_ne!(self.state, BroadcastState::Ended, "a comment after the end");
        let author = &said.viewer.id;
        assert!(self.people.values().any(|id| id == author), "{author} is not here");
        assert!(!self.muted.contains(author), "{author} is muted");
        assert_eq!(ViewerId::from_random([token_hash[0]; 16]), *author, "the proof is another's");
        assert_eq!(said.seq, self.next, "places are given without gaps");
        self.next = Seq(self.next.0 + 1);
        assert_eq!(text::clean(&said.text), said.text);
        assert!((1..=text::COMMENT_CHARACTERS).contains(&said.text.chars().count()));
        assert_named(&said.viewer);
        assert!(!said.viewer.name.is_empty(), "a comment needs a name");
        let (now, at) = (self.now.program_ms.0, said.at_ms.0);
        assert!((now.saturating_sub(30_000)..=now).contains(&at), "{at} was not on the picture at {now}");
        self.stored.insert(said.seq, said.clone());
        let comments = self.comments.entry(author.clone()).or_default();
        *comments += 1;
        let most = allowed(self.now, self.limits.say_burst, self.limits.say_interval);
        assert!(u128::from(*comments) <= most, "{comments} comments of one person");
    }

    fn tapped(&mut self, count: u32, total: u64) {
        assert_ne!(self.state, BroadcastState::Ended, "hearts after the end");
        let viewer = self.tapping.clone().expect("hearts come from somebody who is here and tapped");
        assert!(!self.muted.contains(&viewer), "{viewer} is muted");
        assert!((1..=HEARTS_IN_A_MESSAGE).contains(&count));
        self.hearts += u64::from(count);
        assert_eq!(total, self.hearts);
        let taps = self.taps.entry(viewer).or_default();
        *taps += 1;
        let most = allowed(self.now, self.limits.hearts_burst, self.limits.hearts_interval);
        assert!(u128::from(*taps) <= most, "{taps} heart messages of one person");
    }
}

/// The most that a bucket can have let pass since the room opened.
fn allowed(now: Now, burst: u32, interval: Duration) -> u128 {
    u128::from(burst) + now.elapsed.as_nanos() / interval.as_nanos()
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
