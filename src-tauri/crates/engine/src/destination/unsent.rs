//! What the system still holds of a connection.
//!
//! The sink counts a byte as sent when the system took it, and the system takes up to 4 MB for a
//! peer that reads nothing: at 2 Mb/s a dead far end would be noticed after 20 s. Linux tells in
//! `/proc/net/tcp` how much of each connection was not acknowledged yet (proc(5)). Where it does
//! not, nothing is held, and silence is noticed later.

use std::collections::HashSet;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// A row of `/proc/net/tcp`.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    port: u16,
    unsent: u64,
    socket: Socket,
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
        rows.iter().find(|row| Some(row.socket) == self.mine).map_or(0, |row| row.unsent)
    }

    fn recognise(&self, rows: &[Row]) -> Option<Socket> {
        if !rows.iter().any(|row| row.port == self.port && !self.before.contains(&row.socket)) {
            return None;
        }
        let own = own_sockets();
        let mut taken = taken();
        let is_new = |row: &&Row| {
            row.port == self.port
                && own.contains(&row.socket)
                && !self.before.contains(&row.socket)
                && !taken.contains(&row.socket)
        };
        let socket = rows.iter().find(is_new)?.socket;
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
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return HashSet::new() };
    let socket = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    open.flatten().filter_map(socket).collect()
}

fn rows() -> Vec<Row> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let tables = [read("/proc/self/net/tcp"), read("/proc/self/net/tcp6")];
    tables.iter().flat_map(|table| table.lines()).filter_map(row).collect()
}

/// An open connection; none for what is not one.
fn row(line: &str) -> Option<Row> {
    const ESTABLISHED: &str = "01";
    let mut fields = line.split_whitespace().skip(2);
    let (remote, state, queues) = (fields.next()?, fields.next()?, fields.next()?);
    let socket = fields.nth(4)?.parse().ok()?;
    let port = u16::from_str_radix(remote.rsplit_once(':')?.1, 16).ok()?;
    let unsent = u64::from_str_radix(queues.split_once(':')?.0, 16).ok()?;
    (state == ESTABLISHED).then_some(Row { port, unsent, socket })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_row_of_the_table_is_read_and_what_is_none_is_not() {
        let line =
            "   5: 0100007F:C718 0273B07F:078F 01 003BF394:00000000 01:00000014 00000000     0        0 4711 2 0";
        assert_eq!(row(line), Some(Row { port: 1935, unsent: 0x3b_f394, socket: 4711 }));
        for none in ["", "  sl  local_address rem_address   st tx_queue rx_queue tr", &line.replace(" 01 0", " 06 0")] {
            assert_eq!(row(none), None);
        }
    }

    #[test]
    fn what_a_peer_does_not_read_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut unsent = Unsent::new(address.port());
        let mut stream = TcpStream::connect(address).unwrap();
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
