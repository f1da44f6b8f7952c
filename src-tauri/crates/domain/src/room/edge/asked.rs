//! Comments that the owner did not answer yet.

use std::collections::BTreeMap;

use crate::room::{ConnectionId, Say};

/// How many may wait; beyond it the owner is ill, and writers are asked to wait.
const WAITING: usize = 512;

/// By the number of the word that asked.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<u64, (ConnectionId, String, Say)>);

impl Asked {
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= WAITING
    }

    /// Whoever brings the same comment again waits once: the answer to the newest word is theirs.
    pub(super) fn ask(&mut self, n: u64, connection: ConnectionId, id: String, say: Say) {
        self.0.retain(|_, (_, _, before)| before.key != say.key);
        self.0.insert(n, (connection, id, say));
    }

    /// Who waits for the answer to word `n`.
    pub(super) fn waits(&self, n: u64) -> Option<(ConnectionId, String)> {
        self.0.get(&n).map(|(connection, id, _)| (*connection, id.clone()))
    }

    /// Whose the answer to word `n` is.
    pub(super) fn answered(&mut self, n: u64) -> Option<(ConnectionId, String)> {
        self.0.remove(&n).map(|(connection, id, _)| (connection, id))
    }

    /// Those that were heard, before word `first`, and whose answer is lost if it did not come yet.
    pub(super) fn take_heard(&mut self, first: u64) -> Vec<(ConnectionId, String, Say)> {
        let unheard = self.0.split_off(&first);
        std::mem::replace(&mut self.0, unheard).into_values().collect()
    }
}
