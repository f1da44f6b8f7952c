//! What is sent again gets lost again: to whoever loses much it is sent twice.
//!
//! With a fifth of all packets lost, a resend that is lost as well costs another round trip, and a frame
//! that misses its moment. The second copy has the same sequence number, so that a browser that has the
//! first lets it go (SRTP's replay protection). It leaves a moment later: losses come in bursts.

use std::time::{Duration, Instant};

use str0m::media::Pt;
use str0m::net::Transmit;

/// From this share of lost packets on.
const MUCH: f32 = 0.05;
/// Between the two copies, at least: the second leaves with whatever is sent after that.
const APART: Duration = Duration::from_millis(8);
/// The most that wait: a burst of more is a network that carries no more.
const WAITING: usize = 64;

/// The second copies for one viewer.
pub(super) struct Twice {
    resend: Option<Pt>,
    loses_much: bool,
    waiting: Vec<(Instant, Transmit)>,
}

impl Twice {
    /// Resends have the payload type `resend`.
    pub(super) fn new(resend: Option<Pt>) -> Self {
        Self { resend, loses_much: false, waiting: Vec::new() }
    }

    /// The viewer reported that this share of the packets was lost.
    pub(super) fn lost(&mut self, share: f32) {
        self.loses_much = share >= MUCH;
    }

    /// A datagram was sent: whether and when it goes a second time is decided here.
    pub(super) fn sent(&mut self, transmit: Transmit, now: Instant) {
        if self.loses_much && self.waiting.len() < WAITING && is_of(&transmit.contents, self.resend) {
            self.waiting.push((now, transmit));
        }
    }

    /// What goes now.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Transmit> {
        let is_due = |(sent, _): &(Instant, Transmit)| *sent + APART <= now;
        let due = self.waiting.partition_point(is_due);
        self.waiting.drain(..due).map(|(_, transmit)| transmit).collect()
    }
}

/// Whether a datagram is RTP (RFC 7983) of this payload type. Headers are not encrypted.
fn is_of(datagram: &[u8], pt: Option<Pt>) -> bool {
    let [first, second, ..] = datagram else { return false };
    (128..192).contains(first) && pt.is_some_and(|pt| *pt == second & 0x7f)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use str0m::net::Protocol;

    use super::*;

    fn datagram(contents: &[u8]) -> Transmit {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let contents = contents.to_vec().into();
        Transmit { proto: Protocol::Udp, source: anywhere, destination: anywhere, contents }
    }

    #[test]
    fn only_resends_go_twice_and_only_to_whoever_loses_much() {
        let (resend, media) = (datagram(&[0x80, 109, 1]), datagram(&[0x80, 108, 1]));
        let mut twice = Twice::new(Some(109.into()));
        let start = Instant::now();
        let mut after = |share: Option<f32>, sent: &[&Transmit]| {
            if let Some(share) = share {
                twice.lost(share);
            }
            sent.iter().for_each(|transmit| twice.sent(datagram(&transmit.contents), start));
            assert_eq!(twice.take(start).len(), 0, "a burst would take both");
            twice.take(start + APART).len()
        };
        assert_eq!(after(None, &[&resend, &media]), 0, "nothing is known yet");
        assert_eq!(after(Some(0.2), &[&resend, &media, &datagram(&[]), &datagram(&[20, 109])]), 1);
        assert_eq!(after(None, &[]), 0, "twice, not three times");
        assert_eq!(after(Some(0.01), &[&resend]), 0);
        assert_eq!(after(Some(0.2), &vec![&resend; 1000]), WAITING);
    }
}
