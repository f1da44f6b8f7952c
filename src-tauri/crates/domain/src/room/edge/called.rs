//! How people are called here.

use super::view::to_all;
use super::{Delivery, Edge, EdgeEffect, Refused, UNHEARD};
use crate::room::{ConnectionId, Now, Up};
use crate::{BroadcastState, PublicViewer, RefusedCode, ToViewer, names};

impl Edge {
    /// Somebody wants another name.
    pub(super) fn rename(
        &mut self,
        now: Now,
        connection: ConnectionId,
        name: &str,
        effects: &mut Vec<EdgeEffect>,
    ) -> Result<(), Refused> {
        let is_over = self.state() == BroadcastState::Ended;
        let Some(viewer) = self.people.member(connection).map(|member| member.viewer.clone()) else { return Ok(()) };
        if is_over {
            return Err((RefusedCode::Closed, None));
        }
        if self.voice(&viewer.id).is_silenced() {
            return Err((RefusedCode::Muted, None));
        }
        let name = names::of_viewer(name).ok_or((RefusedCode::NameNeeded, None))?;
        if name == viewer.name {
            effects.push(EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Renamed { viewer })));
            return Ok(());
        }
        if let Some(member) = self.people.member(connection) {
            member.rename.take(now.elapsed).map_err(|retry| (RefusedCode::TooFast, Some(retry)))?;
        }
        let is_renamed = !viewer.name.is_empty();
        let viewer = PublicViewer { name, n: None, ..viewer };
        if is_renamed {
            self.people.rename(&viewer);
        } else {
            // Nobody knew them under another one: that they have come is said with the others.
            self.people.name(connection, &viewer.name);
            self.tell_them(&viewer, effects);
        }
        self.send(Up::Named { viewer, is_renamed }, effects);
        Ok(())
    }

    /// The owner learns of a name, unless it does not hear: then it does with their first comment.
    pub(super) fn tell_name(&mut self, viewer: PublicViewer, is_renamed: bool, effects: &mut Vec<EdgeEffect>) {
        if self.log.len() < UNHEARD {
            self.send(Up::Named { viewer, is_renamed }, effects);
        }
    }

    /// The owner said how somebody is called.
    pub(super) fn named(&mut self, viewer: PublicViewer, everybody: bool, effects: &mut Vec<EdgeEffect>) {
        self.people.rename(&viewer);
        if everybody {
            effects.push(to_all(ToViewer::Renamed { viewer }));
        } else {
            self.tell_them(&viewer, effects);
        }
    }

    /// Somebody learns what they are called.
    fn tell_them(&self, viewer: &PublicViewer, effects: &mut Vec<EdgeEffect>) {
        let theirs = self.people.connections_of(&viewer.id).into_iter();
        effects.extend(theirs.map(|(connection, _)| {
            EdgeEffect::Deliver(Delivery::To(connection, ToViewer::Renamed { viewer: viewer.clone() }))
        }));
    }
}
