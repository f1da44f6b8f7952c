//! What one address may hold, so that nobody holds everything.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::AddressLimits;

/// What can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    /// A TCP connection.
    Connection,
    /// A place in a room.
    Place,
    /// A WebRTC session.
    Session,
}

/// Those who share a budget: an IPv4 address, or the /64 of an IPv6 one, which is what one
/// subscriber has at least (RFC 6177 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Neighbours {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl Neighbours {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// How much everybody holds.
pub(crate) struct Budgets {
    limits: AddressLimits,
    held: Mutex<HashMap<Neighbours, [usize; 3]>>,
}

impl Budgets {
    /// Nobody holds anything. No address may hold more than half of what there is in `whole`,
    /// whatever `limits` say.
    pub(crate) fn new(limits: AddressLimits, whole: AddressLimits) -> Self {
        let share = |limit: usize, whole: usize| limit.min((whole / 2).max(1));
        let limits = AddressLimits {
            connections: share(limits.connections, whole.connections),
            places: share(limits.places, whole.places),
            sessions: share(limits.sessions, whole.sessions),
        };
        Self { limits, held: Mutex::default() }
    }

    /// One more for `address`, until it is dropped; nothing where it holds all that it may.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr, holding: Holding) -> Option<Held> {
        let limit = match holding {
            Holding::Connection => self.limits.connections,
            Holding::Place => self.limits.places,
            Holding::Session => self.limits.sessions,
        };
        let neighbours = Neighbours::of(address);
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(&neighbours).map_or(0, |held| held[holding as usize]);
        if held >= limit {
            return None;
        }
        all.entry(neighbours).or_default()[holding as usize] += 1;
        Some(Held { budgets: self.clone(), neighbours, holding })
    }

    fn give_back(&self, neighbours: Neighbours, holding: Holding) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = all.get_mut(&neighbours) else { return };
        held[holding as usize] = held[holding as usize].saturating_sub(1);
        if held.iter().all(|count| *count == 0) {
            all.remove(&neighbours);
        }
    }
}

/// Something that an address holds.
pub(crate) struct Held {
    budgets: Arc<Budgets>,
    neighbours: Neighbours,
    holding: Holding,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budgets.give_back(self.neighbours, self.holding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets(connections: usize, places: usize, sessions: usize) -> Arc<Budgets> {
        let limits = AddressLimits { connections, places, sessions };
        Arc::new(Budgets::new(limits, AddressLimits { connections: 100, places: 100, sessions: 100 }))
    }

    #[test]
    fn an_address_holds_so_much_and_others_as_much_again() {
        let budgets = budgets(2, 1, 1);
        let take = |address: &str, holding| budgets.take(address.parse().unwrap(), holding);
        let one = take("192.0.2.1", Holding::Connection);
        let two = take("::ffff:192.0.2.1", Holding::Connection);
        assert!(one.is_some() && two.is_some() && take("192.0.2.1", Holding::Connection).is_none());
        assert!(take("192.0.2.2", Holding::Connection).is_some());
        let place = take("192.0.2.1", Holding::Place);
        assert!(place.is_some(), "each kind has a budget of its own");
        drop(one);
        assert!(take("192.0.2.1", Holding::Connection).is_some());
        drop((two, place));
        assert!(budgets.held.lock().unwrap().is_empty(), "what nobody holds is forgotten");
    }

    #[test]
    fn addresses_of_one_ipv6_subscriber_share_a_budget() {
        let budgets = budgets(1, 1, 1);
        let take = |address: &str| budgets.take(address.parse().unwrap(), Holding::Session);
        let held = take("2001:db8:1:2::1");
        assert!(held.is_some() && take("2001:db8:1:2:ffff::9").is_none());
        assert!(take("2001:db8:1:3::1").is_some());
    }

    #[test]
    fn no_address_holds_more_than_half_of_a_small_service() {
        let whole = AddressLimits { connections: 11, places: 1, sessions: 4 };
        let budgets = Arc::new(Budgets::new(AddressLimits::default(), whole));
        for (holding, half) in [(Holding::Connection, 5), (Holding::Place, 1), (Holding::Session, 2)] {
            let held: Vec<_> = (0..20).map_while(|_| budgets.take(Ipv4Addr::LOCALHOST.into(), holding)).collect();
            assert_eq!(held.len(), half, "{holding:?}");
        }
    }
}
