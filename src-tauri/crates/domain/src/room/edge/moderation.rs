//! Who may not speak here, and what happens to them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Delivery, Edge, EdgeEffect, wording};
use crate::room::{ConnectionId, Now, Place, Up};
use crate::{Bye, ViewerId, Voice};

impl Edge {
    pub(super) fn voice(&self, viewer: &ViewerId) -> Voice {
        self.view.as_ref().map(|view| view.voice(viewer)).unwrap_or_default()
    }

    /// The host silenced somebody, or lets them speak again.
    pub(super) fn voice_changed(&mut self, now: Now, viewer: &ViewerId, voice: Voice, effects: &mut Vec<EdgeEffect>) {
        let here = self.people.connections_of(viewer);
        match voice {
            Voice::Ejected => self.eject(now, viewer, here, effects),
            Voice::Muted | Voice::Free => {
                effects.extend(here.iter().map(|(connection, _)| wording::voice(*connection, voice)));
                if voice.is_silenced() {
                    self.seen(viewer, &here, effects);
                }
            }
        }
    }

    /// The same for everybody whose voice was another `before`.
    pub(super) fn voices_changed(
        &mut self,
        now: Now,
        before: &BTreeMap<ViewerId, Voice>,
        effects: &mut Vec<EdgeEffect>,
    ) {
        let Some(view) = &self.view else { return };
        let people: BTreeSet<ViewerId> = before.keys().chain(view.silenced.keys()).cloned().collect();
        for viewer in people {
            let (voice, was) = (self.voice(&viewer), before.get(&viewer).copied().unwrap_or_default());
            if voice != was {
                self.voice_changed(now, &viewer, voice, effects);
            }
        }
    }

    pub(super) fn eject(
        &mut self,
        now: Now,
        viewer: &ViewerId,
        here: Vec<(ConnectionId, Option<Place>)>,
        effects: &mut Vec<EdgeEffect>,
    ) {
        for (connection, _) in &here {
            self.unwelcomed.retain(|(waiting, _)| waiting != connection);
            self.people.leave(*connection, now.elapsed);
            effects.push(EdgeEffect::Deliver(Delivery::Dismiss(*connection, Bye::Removed)));
        }
        self.seen(viewer, &here, effects);
    }

    /// The owner learns where somebody silenced comes from.
    pub(super) fn seen(
        &mut self,
        viewer: &ViewerId,
        here: &[(ConnectionId, Option<Place>)],
        effects: &mut Vec<EdgeEffect>,
    ) {
        let places: BTreeSet<Place> = here.iter().filter_map(|(_, place)| *place).collect();
        if !places.is_empty() {
            let word = Up::Seen { viewer: viewer.clone(), places: places.into_iter().collect() };
            self.send(word, effects);
        }
    }
}
