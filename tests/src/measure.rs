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
pub fn report(what: impl fmt::Display) {
    println!("{what}");
}

/// CPU seconds that a process and its threads have used (`proc(5)`, `stat`).
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = process(pid).stat().unwrap_or_else(|error| panic!("process {pid}: {error}"));
    (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64
}

/// Memory of a process alone, shared pages divided by their users (PSS), in bytes.
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    of_all_maps(pid, "Pss")
}

/// The memory that a process took for itself: no file's pages, of which each has less the more programs run.
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn own_memory(pid: u32) -> u64 {
    of_all_maps(pid, "Pss_Anon")
}

fn of_all_maps(pid: u32, what: &str) -> u64 {
    let rollup = process(pid).smaps_rollup().unwrap_or_else(|error| panic!("process {pid}: {error}"));
    rollup.memory_map_rollup.iter().filter_map(|map| map.extension.map.get(what)).sum()
}

/// How many threads a process has.
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn threads(pid: u32) -> usize {
    process(pid).tasks().unwrap_or_else(|error| panic!("process {pid}: {error}")).count()
}

/// How many descriptors a process has open.
///
/// # Panics
///
/// If the process is gone.
#[must_use]
pub fn descriptors(pid: u32) -> usize {
    process(pid).fd_count().unwrap_or_else(|error| panic!("process {pid}: {error}"))
}

/// A process and everything that it started, by their parents.
#[must_use]
pub fn family(pid: u32) -> Vec<u32> {
    let all = procfs::process::all_processes().expect("processes are listed");
    // One that ends meanwhile belongs to nobody any more.
    let all: Vec<_> = all.filter_map(|process| process.ok()?.stat().ok()).collect();
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(parent) = family.get(at) {
        let parent = i32::try_from(*parent).expect("numbers of processes are small");
        let children = all.iter().filter(|stat| stat.ppid == parent);
        family.extend(children.filter_map(|stat| u32::try_from(stat.pid).ok()).collect::<Vec<_>>());
        at += 1;
    }
    family
}

fn process(pid: u32) -> procfs::process::Process {
    let number = i32::try_from(pid).expect("numbers of processes are small");
    procfs::process::Process::new(number).unwrap_or_else(|error| panic!("process {pid}: {error}"))
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
        let me = std::process::id();
        assert!((100_000..memory(me)).contains(&own_memory(me)));
        assert_eq!(family(std::process::id())[0], std::process::id());
    }
}
