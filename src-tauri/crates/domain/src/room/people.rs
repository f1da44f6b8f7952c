//! Who is in the room.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::bucket::Bucket;
use super::{ConnectionId, Limits, Now};
use crate::{Person, PublicViewer, ToViewer, ViewerId, text};

/// Between two messages about presence.
const WINDOW: Duration = Duration::from_secs(1);
/// Names of newcomers in one message.
const JOINED: usize = 5;
/// People that the studio lists.
const LISTED: usize = 200;
/// Who comes back within this time was never away: no second "joined".
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Somebody who is here, or was a moment ago.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) viewer: PublicViewer,
    pub(super) token_hash: [u8; 32],
    pub(super) say: Bucket,
    pub(super) hearts: Bucket,
    connections: u32,
    left_at: Duration,
}

/// Everybody, and what was not told about them yet.
#[derive(Debug, Default)]
pub(super) struct People {
    connections: BTreeMap<ConnectionId, ViewerId>,
    members: BTreeMap<ViewerId, Member>,
    muted: BTreeSet<ViewerId>,
    peak: u32,
    joined: Vec<String>,
    changed: bool,
    told_at: Option<Duration>,
}

impl People {
    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Whether this connection is in the room already.
    pub(super) fn is_here(&self, connection: ConnectionId) -> bool {
        self.connections.contains_key(&connection)
    }

    /// Lets somebody in, under the name that they give or have.
    pub(super) fn join(
        &mut self,
        connection: ConnectionId,
        viewer: PublicViewer,
        name: Option<&str>,
        token_hash: [u8; 32],
        limits: &Limits,
    ) -> PublicViewer {
        let given = name.and_then(text::clean_name);
        let member = self.members.entry(viewer.id.clone()).or_insert_with(|| Member {
            viewer: PublicViewer { name: text::clean_name(&viewer.name).unwrap_or_default(), ..viewer.clone() },
            token_hash,
            say: Bucket::new(limits.say_burst, limits.say_interval),
            hearts: Bucket::new(limits.hearts_burst, limits.hearts_interval),
            connections: 0,
            left_at: Duration::MAX,
        });
        let is_new = member.left_at == Duration::MAX && member.connections == 0;
        let renamed = given.as_ref().is_some_and(|given| *given != member.viewer.name);
        if let Some(given) = given {
            member.viewer.name = given;
        }
        member.connections += 1;
        let viewer = member.viewer.clone();
        self.connections.insert(connection, viewer.id.clone());
        if (is_new || renamed) && !viewer.name.is_empty() {
            self.announce(&viewer.name);
        }
        self.changed = true;
        self.peak = self.peak.max(self.viewers());
        viewer
    }

    /// Notes that a connection is gone.
    pub(super) fn leave(&mut self, connection: ConnectionId, now: Duration) {
        let Some(viewer) = self.connections.remove(&connection) else { return };
        if let Some(member) = self.members.get_mut(&viewer) {
            member.connections = member.connections.saturating_sub(1);
            member.left_at = now;
        }
        self.changed = true;
        self.forget(now);
    }

    /// Whom a connection belongs to.
    pub(super) fn member(&mut self, connection: ConnectionId) -> Option<&mut Member> {
        self.members.get_mut(self.connections.get(&connection)?)
    }

    /// Gives a name to somebody who had none.
    pub(super) fn name(&mut self, connection: ConnectionId, name: &str) {
        if let Some(member) = self.member(connection) {
            name.clone_into(&mut member.viewer.name);
            self.announce(name);
            self.changed = true;
        }
    }

    /// Whether the host muted this viewer.
    pub(super) fn is_muted(&self, viewer: &ViewerId) -> bool {
        self.muted.contains(viewer)
    }

    /// Mutes, or lets speak again.
    pub(super) fn mute(&mut self, viewer: &ViewerId, muted: bool) {
        if muted {
            self.muted.insert(viewer.clone());
        } else {
            self.muted.remove(viewer);
        }
        self.changed = true;
    }

    /// What everybody and the studio are to be told now, if it is time.
    pub(super) fn take_presence(&mut self, now: Now) -> Option<(ToViewer, Vec<Person>)> {
        if self.deadline()? > now.elapsed {
            return None;
        }
        self.told_at = Some(now.elapsed);
        self.changed = false;
        self.forget(now.elapsed);
        let joined = std::mem::take(&mut self.joined);
        let (viewers, peak, anonymous) = (self.viewers(), self.peak, self.anonymous());
        Some((ToViewer::Presence { viewers, peak, anonymous, joined }, self.listed()))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.changed.then(|| self.told_at.map_or(Duration::ZERO, |told_at| told_at + WINDOW))
    }

    fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.connections > 0)
    }

    fn viewers(&self) -> u32 {
        u32::try_from(self.present().count()).unwrap_or(u32::MAX)
    }

    fn anonymous(&self) -> u32 {
        u32::try_from(self.present().filter(|member| member.viewer.name.is_empty()).count()).unwrap_or(u32::MAX)
    }

    fn listed(&self) -> Vec<Person> {
        let named = self.present().map(|member| &member.viewer).filter(|viewer| !viewer.name.is_empty());
        let person = |viewer: &PublicViewer| Person {
            id: viewer.id.clone(),
            name: viewer.name.clone(),
            hue: viewer.hue,
            muted: self.is_muted(&viewer.id),
        };
        named.take(LISTED).map(person).collect()
    }

    fn announce(&mut self, name: &str) {
        if self.joined.len() < JOINED {
            self.joined.push(name.to_owned());
        }
    }

    /// Forgets who left a while ago. Their bucket is full again by then, so coming back with the
    /// same token gains nothing.
    fn forget(&mut self, now: Duration) {
        self.members.retain(|_, member| {
            member.connections > 0
                || member.left_at.saturating_add(FORGOTTEN_AFTER) > now
                || !member.say.is_full(now)
                || !member.hearts.is_full(now)
        });
    }
}
