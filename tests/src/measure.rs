//! Numbers about numbers.

use std::fmt;

/// How a set of measurements is spread. Percentiles are of the nearest rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Spread {
    /// How many measurements.
    pub count: usize,
    /// The smallest.
    pub least: f64,
    /// Half of them are at most this.
    pub median: f64,
    /// 95 % of them are at most this.
    pub p95: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// The spread of `values`; all zero where there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let rank = |part: f64| {
            let at = (part * values.len() as f64).ceil() as usize;
            values.get(at.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { count: values.len(), least: rank(0.0), median: rank(0.5), p95: rank(0.95), most: rank(1.0) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, least, median, p95, most } = self;
        write!(f, "p50 {median:.1}, p95 {p95:.1} ({least:.1} to {most:.1}, {count} measured)")
    }
}

/// Says what was measured or seen, for the log of the tests.
#[allow(clippy::print_stdout, reason = "the output of tests and benchmarks is standard output")]
pub fn tell(what: impl fmt::Display) {
    println!("{what}");
}

/// CPU seconds that a process and its threads have used (`proc(5)`, fields 14 and 15).
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_else(|error| panic!("process {pid}: {error}"));
    // The name may hold anything, also brackets and spaces.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// Memory of a process alone, shared pages divided by their users (PSS), in bytes.
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let rollup = rollup.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// A process and everything that it started, by their parents.
#[must_use]
pub fn family(pid: u32) -> Vec<u32> {
    let parent_of = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(u32, u32)> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_of(pid)?)))
        .collect();
    let mut family = vec![pid];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(all.iter().filter(|(_, its)| *its == parent).map(|(child, _)| *child));
        at += 1;
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let spread = Spread::of((1..=100).map(f64::from));
        assert_eq!((spread.least, spread.median, spread.p95, spread.most), (1.0, 50.0, 95.0, 100.0));
        assert_eq!(Spread::of([]), Spread::default());
        assert_eq!(Spread::of([7.0]).p95, 7.0);
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let before = cpu_seconds(std::process::id());
        let sum = (0..200_000_000u64).fold(0u64, |sum, n| sum.wrapping_mul(31).wrapping_add(std::hint::black_box(n)));
        assert!(cpu_seconds(std::process::id()) > before, "{sum}");
        assert!(memory(std::process::id()) > 100_000);
        assert_eq!(family(std::process::id())[0], std::process::id());
    }
}
