//! What the system still holds of a connection.
//!
//! The sink counts a byte as sent when the system took it, and the system takes up to 4 MB for a
//! peer that reads nothing: at 2 Mb/s a dead far end would be noticed after 20 s. Linux says in
//! `/proc/net/tcp` how much of each connection was not acknowledged yet (proc(5)). Where it does
//! not, nothing is held, and silence is noticed later.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use procfs::ProcResult;
use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::{FDTarget, Process};

/// A connection of this process, by the number of its socket.
type Socket = u64;

/// Connections that a destination has recognised as its own.
static TAKEN: Mutex<Vec<Socket>> = Mutex::new(Vec::new());

fn taken() -> MutexGuard<'static, Vec<Socket>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds and watches the one connection to `port` that is opened after this was made.
pub(super) struct Unsent {
    port: u16,
    before: HashSet<Socket>,
    mine: Option<Socket>,
}

impl Unsent {
    /// To be made before the connection is opened.
    pub(super) fn new(port: u16) -> Self {
        Self { port, before: own_sockets(), mine: None }
    }

    /// Bytes that the far end did not acknowledge yet.
    pub(super) fn bytes(&mut self) -> u64 {
        let rows = rows();
        if self.mine.is_none() {
            self.mine = self.recognise(&rows);
        }
        rows.iter().find(|row| Some(row.inode) == self.mine).map_or(0, |row| u64::from(row.tx_queue))
    }

    /// Whether the connection is open now.
    pub(super) fn is_connected(&mut self) -> bool {
        self.bytes();
        self.mine.is_some()
    }

    fn recognise(&self, rows: &[TcpNetEntry]) -> Option<Socket> {
        let goes_there =
            |row: &&TcpNetEntry| row.remote_address.port() == self.port && !self.before.contains(&row.inode);
        rows.iter().find(goes_there)?;
        let own = own_sockets();
        let mut taken = taken();
        let is_new = |row: &&TcpNetEntry| own.contains(&row.inode) && !taken.contains(&row.inode);
        let socket = rows.iter().filter(goes_there).find(is_new)?.inode;
        taken.push(socket);
        Some(socket)
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if let Some(mine) = self.mine {
            taken().retain(|socket| *socket != mine);
        }
    }
}

fn own_sockets() -> HashSet<Socket> {
    let open = || -> ProcResult<HashSet<Socket>> {
        let open = Process::myself()?.fd()?.flatten();
        let socket = |target| if let FDTarget::Socket(number) = target { Some(number) } else { None };
        Ok(open.filter_map(|descriptor| socket(descriptor.target)).collect())
    };
    seen(open())
}

/// The open connections of this computer.
fn rows() -> Vec<TcpNetEntry> {
    let open = || -> ProcResult<Vec<TcpNetEntry>> {
        let myself = Process::myself()?;
        // A computer without IPv6 has no such table.
        let all = myself.tcp()?.into_iter().chain(myself.tcp6().unwrap_or_default());
        Ok(all.filter(|row| row.state == TcpState::Established).collect())
    };
    seen(open())
}

/// What the system says; nothing where it says nothing, which costs promptness and no more.
fn seen<T: Default>(said: ProcResult<T>) -> T {
    said.unwrap_or_else(|error| {
        tracing::debug!(%error, "the system does not say what it holds of a connection");
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn what_a_peer_does_not_read_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut unsent = Unsent::new(address.port());
        assert!(!unsent.is_connected());
        let mut stream = TcpStream::connect(address).unwrap();
        assert!(unsent.is_connected());
        assert_eq!(unsent.bytes(), 0);
        stream.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(n) = stream.write(&[0; 65536]) {
            written += n as u64;
        }
        let held = unsent.bytes();
        assert!(held > 0 && held < written, "{held} of {written}");
        let mut other = Unsent::new(address.port());
        assert_eq!(other.bytes(), 0, "it was there before");
    }
}
