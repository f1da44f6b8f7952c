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

    pub(crate) fn subtract(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until it is dropped.
    pub(crate) fn one(&self) -> One<'_> {
        self.add(1);
        One(self)
    }
}

/// Something that is counted while it lasts.
pub(crate) struct One<'a>(&'a Figure);

impl Drop for One<'_> {
    fn drop(&mut self) {
        self.0.subtract(1);
    }
}

/// What the service counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) connections: Figure,
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
    pub(crate) turned_away: Figure,
    pub(crate) media_late: Figure,
    pub(crate) media_restarts: Figure,
    pub(crate) hls_waiting: Figure,
}

impl Metrics {
    /// Takes over what a show counted that is no more: counters never go back.
    pub(crate) fn absorb(&self, show: &Self) {
        for ((_, _, ours), (_, _, theirs)) in self.counters().into_iter().zip(show.counters()) {
            ours.add(theirs.get());
        }
    }

    fn gauges(&self) -> [Named<'_>; 7] {
        [
            ("antenne_connections", "TCP connections, those of the rooms included.", &self.connections),
            ("antenne_viewers", "People in the rooms.", &self.viewers),
            ("antenne_room_connections", "WebSockets in the rooms.", &self.room_connections),
            ("antenne_whep_sessions", "WebRTC sessions.", &self.sessions),
            ("antenne_whep_sessions_connected", "WebRTC sessions that are connected.", &self.sessions_connected),
            ("antenne_hls_waiting", "HLS requests that wait for what comes next.", &self.hls_waiting),
            ("antenne_media_late_milliseconds", "The latest unit of the last seconds.", &self.media_late),
        ]
    }

    fn counters(&self) -> [Named<'_>; 12] {
        [
            ("antenne_units_published_total", "Access units taken.", &self.units_published),
            ("antenne_units_dropped_total", "Access units that found a full queue.", &self.units_dropped),
            ("antenne_events_dropped_total", "Events that no host took.", &self.events_dropped),
            ("antenne_datagrams_sent_total", "Datagrams sent.", &self.datagrams_sent),
            ("antenne_datagrams_dropped_total", "Datagrams that the system took not.", &self.datagrams_dropped),
            ("antenne_bytes_sent_total", "Bytes in datagrams sent.", &self.bytes_sent),
            ("antenne_chat_total", "Accepted comments.", &self.chat),
            ("antenne_hearts_total", "Accepted hearts.", &self.hearts),
            ("antenne_refused_total", "Refused comments and hearts.", &self.refused),
            ("antenne_dismissed_slow_total", "Viewers that read too slowly.", &self.dismissed_slow),
            ("antenne_turned_away_total", "Refused because of a budget.", &self.turned_away),
            ("antenne_media_restarts_total", "Restarts of the media thread.", &self.media_restarts),
        ]
    }

    /// The text exposition format, version 0.0.4: sums over the service and its `shows`, and how far
    /// each show's program has come.
    pub(crate) fn text(&self, shows: &[(&str, &Self, u64)]) -> String {
        let mut text = String::with_capacity(2048);
        let mut write = |kind: &str, figures: fn(&Self) -> Vec<Read>| {
            for (at, (name, help, ours)) in figures(self).into_iter().enumerate() {
                let value = shows.iter().map(|(_, show, _)| figures(show)[at].2).fold(ours, u64::saturating_add);
                // Writing to a String cannot fail.
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
            }
        };
        write("gauge", |metrics| metrics.gauges().map(read).to_vec());
        write("counter", |metrics| metrics.counters().map(read).to_vec());
        let name = "antenne_program_milliseconds";
        let _ = writeln!(text, "# HELP {name} Program time reached.\n# TYPE {name} gauge");
        for (show, _, program_ms) in shows {
            let _ = writeln!(text, "{name}{{show=\"{show}\"}} {program_ms}");
        }
        text
    }
}

/// The name of every figure in `GET /metrics`, in its order. `docs/contract.md` is tested with it.
#[must_use]
pub fn metric_names() -> Vec<String> {
    let text = Metrics::default().text(&[("show", &Metrics::default(), 0)]);
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

/// A figure with its name and what it says.
type Named<'a> = (&'static str, &'static str, &'a Figure);

/// A figure's name, what it says, and its value.
type Read = (&'static str, &'static str, u64);

fn read((name, help, figure): Named<'_>) -> Read {
    (name, help, figure.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_sums_over_shows_and_outlive_them() {
        let (service, one, two) = (Metrics::default(), Metrics::default(), Metrics::default());
        one.chat.add(3);
        one.viewers.set(5);
        two.chat.add(4);
        two.viewers.set(1);
        let text = service.text(&[("one", &one, 7), ("two", &two, 9)]);
        for line in ["antenne_chat_total 7\n", "antenne_viewers 6\n", "milliseconds{show=\"two\"} 9\n"] {
            assert!(text.contains(line), "{line:?} {text}");
        }
        service.absorb(&one);
        let text = service.text(&[("two", &two, 9)]);
        assert!(text.contains("antenne_chat_total 7\n") && text.contains("antenne_viewers 1\n"), "{text}");
    }
}
