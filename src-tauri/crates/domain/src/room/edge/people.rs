//! Who is connected to an edge.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::bucket::Bucket;
use super::{Page, Seated};
use crate::room::limits::Limits;
use crate::room::owner::{JOINED, LISTED};
use crate::room::{CommentKey, ConnectionId, Counts, Place};
use crate::{PublicViewer, ViewerId, names};

/// Between two words to the owner.
const WINDOW: Duration = Duration::from_secs(1);
/// Who comes back within this time was never away: no second "joined", and the same buckets.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Somebody who is here, or was a moment ago.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) viewer: PublicViewer,
    pub(super) token_hash: [u8; 32],
    pub(super) say: Bucket,
    pub(super) hearts: Bucket,
    pub(super) rename: Bucket,
    connections: u32,
    left_at: Duration,
}

/// A connection.
#[derive(Debug, Clone)]
struct Seat {
    viewer: ViewerId,
    page: Page,
    place: Option<Place>,
    said: u64,
}

/// Everybody, and what the owner was not sent about them yet. Counted as they come and go, so that
/// neither takes longer where many are.
#[derive(Debug, Default)]
pub(super) struct People {
    seats: BTreeMap<ConnectionId, Seat>,
    members: BTreeMap<ViewerId, Member>,
    /// Those here who have a name.
    named: BTreeSet<ViewerId>,
    present: u32,
    most: u32,
    /// Who left and when, in that order.
    departures: VecDeque<(Duration, ViewerId)>,
    joined: Vec<String>,
    changed: bool,
    sent_at: Option<Duration>,
}

impl People {
    /// How many connections there are.
    pub(super) fn connections(&self) -> usize {
        self.seats.len()
    }

    /// Whether this connection is here.
    pub(super) fn is_here(&self, connection: ConnectionId) -> bool {
        self.seats.contains_key(&connection)
    }

    /// Lets somebody in, under the name that they give or have. They come back where that name is news.
    #[allow(clippy::too_many_arguments, reason = "one hello, taken apart")]
    pub(super) fn join(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        viewer: PublicViewer,
        name: Option<&str>,
        token_hash: [u8; 32],
        page: Page,
        place: Option<Place>,
        limits: &Limits,
    ) -> Option<PublicViewer> {
        self.forget(now);
        let given = name.and_then(names::of_viewer);
        let mut is_new = false;
        let member = self.members.entry(viewer.id.clone()).or_insert_with(|| {
            is_new = true;
            Member {
                // Whatever an archive says: a badge and a number are given by the owner, and whoever has no name
                // that a viewer may have is anonymous.
                viewer: PublicViewer {
                    name: names::of_viewer(&viewer.name).unwrap_or_default(),
                    badge: None,
                    n: None,
                    ..viewer.clone()
                },
                token_hash,
                say: Bucket::new(limits.say_burst, limits.say_interval),
                hearts: Bucket::new(limits.hearts_burst, limits.hearts_interval),
                rename: Bucket::new(limits.rename_burst, limits.rename_interval),
                connections: 0,
                left_at: Duration::ZERO,
            }
        });
        let is_renamed = given.as_ref().is_some_and(|given| *given != member.viewer.name);
        if let Some(given) = given.filter(|_| is_renamed) {
            (member.viewer.name, member.viewer.n) = (given, None);
        }
        let name = member.viewer.name.clone();
        let named = (!name.is_empty() && (is_new || is_renamed)).then(|| member.viewer.clone());
        if member.connections == 0 {
            self.present += 1;
            self.most = self.most.max(self.present);
        }
        member.connections += 1;
        self.seats.insert(connection, Seat { viewer: viewer.id.clone(), page, place, said: 0 });
        if !name.is_empty() {
            self.named.insert(viewer.id);
        }
        if named.is_some() {
            self.announce(&name);
        }
        self.changed = true;
        named
    }

    /// Notes that a connection is gone.
    pub(super) fn leave(&mut self, connection: ConnectionId, now: Duration) {
        let Some(Seat { viewer, .. }) = self.seats.remove(&connection) else { return };
        if let Some(member) = self.members.get_mut(&viewer) {
            member.connections = member.connections.saturating_sub(1);
            if member.connections == 0 {
                member.left_at = now;
                self.present = self.present.saturating_sub(1);
                self.named.remove(&viewer);
                self.departures.push_back((now, viewer));
            }
        }
        self.changed = true;
        self.forget(now);
    }

    /// Somebody's connections, and where each comes from. Looks at everybody: only for what the host does.
    pub(super) fn connections_of(&self, viewer: &ViewerId) -> Vec<(ConnectionId, Option<Place>)> {
        let theirs = self.seats.iter().filter(|(_, seat)| seat.viewer == *viewer);
        theirs.map(|(connection, seat)| (*connection, seat.place)).collect()
    }

    /// Everybody's connections, as they joined.
    pub(super) fn seated(&self) -> Vec<Seated> {
        let seated = self.seats.iter().filter_map(|(connection, seat)| {
            let member = self.members.get(&seat.viewer)?;
            let Seat { page, place, .. } = seat.clone();
            Some(Seated {
                connection: *connection,
                viewer: member.viewer.clone(),
                token_hash: member.token_hash,
                page,
                place,
            })
        });
        seated.collect()
    }

    /// Where a connection comes from.
    pub(super) fn place(&self, connection: ConnectionId) -> Option<Place> {
        self.seats.get(&connection)?.place
    }

    /// Whom a connection belongs to.
    pub(super) fn member(&mut self, connection: ConnectionId) -> Option<&mut Member> {
        self.members.get_mut(&self.seats.get(&connection)?.viewer)
    }

    /// Whether a comment's id means the same comment over other connections, too.
    pub(super) fn is_page_theirs(&self, connection: ConnectionId) -> bool {
        self.seats.get(&connection).is_some_and(|seat| matches!(seat.page, Page::Theirs(_)))
    }

    /// What makes the next comment of a connection the same one.
    pub(super) fn key(&mut self, connection: ConnectionId, id: &str) -> Option<CommentKey> {
        let seat = self.seats.get_mut(&connection)?;
        seat.said += 1;
        Some(seat.page.key(id, seat.said))
    }

    /// Gives a name to somebody who had none.
    pub(super) fn name(&mut self, connection: ConnectionId, name: &str) {
        if let Some(member) = self.member(connection) {
            name.clone_into(&mut member.viewer.name);
            let id = member.viewer.id.clone();
            self.named.insert(id);
            self.announce(name);
            self.changed = true;
        }
    }

    /// Somebody spoke, perhaps at another edge: what they are called there counts here, too.
    pub(super) fn rename(&mut self, viewer: &PublicViewer) {
        let Some(member) = self.members.get_mut(&viewer.id) else { return };
        if (&member.viewer.name, member.viewer.n) != (&viewer.name, viewer.n) {
            viewer.name.clone_into(&mut member.viewer.name);
            member.viewer.n = viewer.n;
            if member.connections > 0 {
                self.named.insert(viewer.id.clone());
            }
            self.changed = true;
        }
    }

    /// The owner may not know who is here.
    pub(super) fn count_again(&mut self) {
        self.changed |= !self.members.is_empty();
    }

    /// A number about them changed that goes with the counts.
    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    /// What the owner is to be sent now, if it is time.
    pub(super) fn take_counts(&mut self, now: Duration, skipped: u64) -> Option<Counts> {
        if self.deadline()? > now {
            return None;
        }
        self.sent_at = Some(now);
        self.changed = false;
        self.forget(now);
        let most = std::mem::replace(&mut self.most, self.present);
        let named = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        let listed = self.named.iter().take(LISTED).filter_map(|id| self.members.get(id));
        Some(Counts {
            viewers: self.present,
            most,
            anonymous: self.present.saturating_sub(named),
            people: listed.map(|member| member.viewer.clone()).collect(),
            joined: std::mem::take(&mut self.joined),
            skipped,
        })
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.changed.then(|| self.sent_at.map_or(Duration::ZERO, |sent_at| sent_at + WINDOW))
    }

    fn announce(&mut self, name: &str) {
        if self.joined.len() < JOINED {
            self.joined.push(name.to_owned());
        }
    }

    /// Forgets who left a while ago, as soon as coming back with the same token gains nothing.
    fn forget(&mut self, now: Duration) {
        while let Some((left_at, _)) = self.departures.front()
            && left_at.saturating_add(FORGOTTEN_AFTER) <= now
        {
            let Some((left_at, viewer)) = self.departures.pop_front() else { break };
            let Some(member) = self.members.get(&viewer) else { continue };
            if member.connections > 0 || member.left_at != left_at {
                // They came back; if they left again, that departure stands further behind.
            } else if member.say.is_full(now) && member.hearts.is_full(now) && member.rename.is_full(now) {
                self.members.remove(&viewer);
            } else {
                self.departures.push_back((left_at, viewer));
                break;
            }
        }
    }
}
