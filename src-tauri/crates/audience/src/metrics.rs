//! Counters, as Prometheus reads them.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that many may change.
#[derive(Debug, Default)]
pub(crate) struct Figure(AtomicU64);

impl Figure {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the service counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) viewers: Figure,
    pub(crate) room_connections: Figure,
    pub(crate) sessions: Figure,
    pub(crate) sessions_connected: Figure,
    pub(crate) units_published: Figure,
    pub(crate) units_dropped: Figure,
    pub(crate) events_dropped: Figure,
    pub(crate) datagrams_sent: Figure,
    pub(crate) datagrams_dropped: Figure,
    pub(crate) bytes_sent: Figure,
    pub(crate) chat: Figure,
    pub(crate) hearts: Figure,
    pub(crate) refused: Figure,
    pub(crate) dismissed_slow: Figure,
}

impl Metrics {
    /// The text exposition format, version 0.0.4.
    pub(crate) fn text(&self, program_ms: u64) -> String {
        let gauges = [
            ("antenne_viewers", "People in the room.", self.viewers.get()),
            ("antenne_room_connections", "WebSockets in the room.", self.room_connections.get()),
            ("antenne_whep_sessions", "WebRTC sessions.", self.sessions.get()),
            ("antenne_whep_sessions_connected", "WebRTC sessions that are connected.", self.sessions_connected.get()),
            ("antenne_program_milliseconds", "Program time reached.", program_ms),
        ];
        let counters = [
            ("antenne_units_published_total", "Access units taken.", self.units_published.get()),
            ("antenne_units_dropped_total", "Access units that found a full queue.", self.units_dropped.get()),
            ("antenne_events_dropped_total", "Events that the studio did not take.", self.events_dropped.get()),
            ("antenne_datagrams_sent_total", "Datagrams sent.", self.datagrams_sent.get()),
            ("antenne_datagrams_dropped_total", "Datagrams that the system took not.", self.datagrams_dropped.get()),
            ("antenne_bytes_sent_total", "Bytes in datagrams sent.", self.bytes_sent.get()),
            ("antenne_chat_total", "Accepted comments.", self.chat.get()),
            ("antenne_hearts_total", "Accepted hearts.", self.hearts.get()),
            ("antenne_refused_total", "Refused comments and hearts.", self.refused.get()),
            ("antenne_dismissed_slow_total", "Viewers that read too slowly.", self.dismissed_slow.get()),
        ];
        let mut text = String::with_capacity(2048);
        for (kind, figures) in [("gauge", gauges.as_slice()), ("counter", counters.as_slice())] {
            for (name, help, value) in figures {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
            }
        }
        text
    }
}

/// The name of every figure in `GET /metrics`, in its order. `docs/contract.md` is tested with it.
#[must_use]
pub fn metric_names() -> Vec<String> {
    let text = Metrics::default().text(0);
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}
