//! Who may not speak, where they came from, and who waits for the host because of it.
//!
//! Whoever is silenced can come back as somebody else. So a comment of somebody new, from an address
//! where somebody silenced was seen, waits for the host, as long as few speak from there: behind the
//! address of a school are five hundred, and one of them silences nobody else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::room::{Asker, CommentKey, Place, Say};
use crate::{HeldVoice, ViewerId, Voice};

/// From an address where more identities than these speak, nobody waits.
const SPEAKERS: usize = 3;
/// Addresses that are remembered; the oldest are forgotten first.
const PLACES: usize = 16_384;
/// People who spoke and are remembered; the oldest are forgotten first, and are new again.
const SPOKE: usize = 32_768;
/// People who may wait, at one address and in all; and comments of each.
const HELD_OF_PLACE: usize = 5;
const HELD: usize = 50;
const HELD_TEXTS: usize = 3;
/// Words that brought the same comment and are answered, the latest.
const ASKERS: usize = 8;

/// An address.
#[derive(Debug, Default)]
struct Here {
    /// Who speaks from there; one more than [`SPEAKERS`] at most.
    speakers: BTreeSet<ViewerId>,
    /// Silenced people who were seen there, as many at most.
    seen: BTreeSet<ViewerId>,
}

/// Somebody who waits, with everything they said.
#[derive(Debug)]
struct Waiting {
    viewer: ViewerId,
    place: Option<Place>,
    says: Vec<Released>,
}

/// A comment that waited, and everybody who brought it.
#[derive(Debug)]
pub(super) struct Released {
    pub(super) say: Say,
    pub(super) askers: Vec<Asker>,
}

/// The voices of an episode.
#[derive(Debug, Default)]
pub(super) struct Voices {
    silenced: BTreeMap<ViewerId, Voice>,
    spoke: BTreeSet<ViewerId>,
    spoke_first: VecDeque<ViewerId>,
    places: BTreeMap<Place, Here>,
    places_first: VecDeque<Place>,
    waiting: Vec<Waiting>,
}

impl Voices {
    pub(super) fn new(silenced: Vec<(ViewerId, Voice)>, spoke: Vec<(ViewerId, Option<Place>)>, held: Vec<Say>) -> Self {
        let mut voices = Self { silenced: silenced.into_iter().collect(), ..Self::default() };
        for (viewer, place) in spoke {
            voices.spoke(&viewer, place);
        }
        for say in held {
            // There was room for all of them.
            voices.wait(say, None);
        }
        voices
    }

    pub(super) fn of(&self, viewer: &ViewerId) -> Voice {
        self.silenced.get(viewer).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, viewer: &ViewerId, voice: Voice) {
        if voice.is_silenced() {
            self.silenced.insert(viewer.clone(), voice);
        } else {
            self.silenced.remove(viewer);
        }
    }

    /// Somebody's comment is accepted: from now on they are not new.
    pub(super) fn spoke(&mut self, viewer: &ViewerId, place: Option<Place>) {
        if self.spoke.insert(viewer.clone()) {
            self.spoke_first.push_back(viewer.clone());
            if self.spoke_first.len() > SPOKE
                && let Some(oldest) = self.spoke_first.pop_front()
            {
                self.spoke.remove(&oldest);
            }
        }
        if let Some(place) = place {
            note(&mut self.here(place).speakers, viewer);
        }
    }

    /// Somebody silenced is, or comes, here.
    pub(super) fn seen(&mut self, viewer: &ViewerId, place: Place) {
        note(&mut self.here(place).seen, viewer);
    }

    fn here(&mut self, place: Place) -> &mut Here {
        if !self.places.contains_key(&place) {
            self.places_first.push_back(place);
            if self.places_first.len() > PLACES
                && let Some(oldest) = self.places_first.pop_front()
            {
                self.places.remove(&oldest);
            }
        }
        self.places.entry(place).or_default()
    }

    /// Whether `viewer` must wait for the host at `place`.
    fn must_wait_at(&self, viewer: &ViewerId, place: Option<Place>) -> bool {
        let Some(here) = place.and_then(|place| self.places.get(&place)) else { return false };
        let is_silenced = |viewer: &ViewerId| self.silenced.contains_key(viewer);
        !self.spoke.contains(viewer)
            && here.speakers.len() <= SPEAKERS
            && here.speakers.iter().chain(&here.seen).any(is_silenced)
    }

    /// Whether a comment must wait for the host.
    pub(super) fn must_wait(&self, say: &Say) -> bool {
        self.waiting.iter().any(|waiting| waiting.viewer == say.viewer.id)
            || self.must_wait_at(&say.viewer.id, say.place)
    }

    /// Lets a comment wait. False where too many wait already.
    pub(super) fn wait(&mut self, say: Say, asker: Option<Asker>) -> bool {
        let of_place = self.waiting.iter().filter(|waiting| waiting.place == say.place).count();
        let is_full = self.waiting.len() >= HELD || of_place >= HELD_OF_PLACE;
        let released = Released { say: say.clone(), askers: asker.into_iter().collect() };
        match self.waiting.iter_mut().find(|waiting| waiting.viewer == say.viewer.id) {
            Some(waiting) if waiting.says.len() >= HELD_TEXTS => false,
            Some(waiting) => {
                waiting.says.push(released);
                true
            }
            None if is_full => false,
            None => {
                self.waiting.push(Waiting { viewer: say.viewer.id, place: say.place, says: vec![released] });
                true
            }
        }
    }

    /// Whether this comment waits already; `asker` then gets the answer, too.
    pub(super) fn is_waiting(&mut self, asker: Asker, key: &CommentKey) -> bool {
        let mut says = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.says);
        says.find(|released| released.say.key == *key).is_some_and(|released| {
            if released.askers.len() >= ASKERS {
                released.askers.remove(0);
            }
            released.askers.push(asker);
            true
        })
    }

    /// Takes out what somebody said who waits.
    pub(super) fn take(&mut self, viewer: &ViewerId) -> Vec<Released> {
        self.take_where(|waiting| waiting.viewer == *viewer)
    }

    /// Takes out what waits without a reason by now.
    pub(super) fn take_free(&mut self) -> Vec<Released> {
        let free: BTreeSet<ViewerId> = self
            .waiting
            .iter()
            .filter(|waiting| !self.must_wait_at(&waiting.viewer, waiting.place))
            .map(|waiting| waiting.viewer.clone())
            .collect();
        self.take_where(|waiting| free.contains(&waiting.viewer))
    }

    pub(super) fn take_all(&mut self) -> Vec<Released> {
        self.take_where(|_| true)
    }

    fn take_where(&mut self, is_wanted: impl Fn(&Waiting) -> bool) -> Vec<Released> {
        let (taken, kept) = std::mem::take(&mut self.waiting).into_iter().partition(is_wanted);
        self.waiting = kept;
        let taken: Vec<Waiting> = taken;
        taken.into_iter().flat_map(|waiting| waiting.says).collect()
    }

    /// Who waits, for the host.
    pub(super) fn held(&self) -> Vec<HeldVoice> {
        let held = self.waiting.iter().filter_map(|waiting| {
            let viewer = waiting.says.last()?.say.viewer.clone();
            let texts = waiting.says.iter().map(|released| released.say.text.clone()).collect();
            Some(HeldVoice { viewer, texts })
        });
        held.collect()
    }

    pub(super) fn silenced(&self) -> Vec<(ViewerId, Voice)> {
        self.silenced.iter().map(|(viewer, voice)| (viewer.clone(), *voice)).collect()
    }

    /// For a successor: who spoke, and from where.
    pub(super) fn who_spoke(&self) -> Vec<(ViewerId, Option<Place>)> {
        let everybody = self.spoke_first.iter().map(|viewer| (viewer.clone(), None));
        let places = self.places_first.iter().filter_map(|place| Some((*place, self.places.get(place)?)));
        let speakers =
            places.flat_map(|(place, here)| here.speakers.iter().map(move |viewer| (viewer.clone(), Some(place))));
        everybody.chain(speakers).collect()
    }

    /// For a successor: silenced people, and where they were seen.
    pub(super) fn who_was_seen(&self) -> Vec<(ViewerId, Place)> {
        let places = self.places_first.iter().filter_map(|place| Some((*place, self.places.get(place)?)));
        places.flat_map(|(place, here)| here.seen.iter().map(move |viewer| (viewer.clone(), place))).collect()
    }

    /// For a successor: what waits.
    pub(super) fn waiting(&self) -> Vec<Say> {
        self.waiting.iter().flat_map(|waiting| waiting.says.iter().map(|released| released.say.clone())).collect()
    }
}

fn note(people: &mut BTreeSet<ViewerId>, viewer: &ViewerId) {
    if people.len() <= SPEAKERS {
        people.insert(viewer.clone());
    }
}
