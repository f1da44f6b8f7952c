//! What time it is, also where somebody sets the clock.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use archive::{BootTime, Moment};
use domain::UnixMs;
use rustix::time::{ClockId, clock_gettime};

/// Another text at each start of the computer (proc(5)).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Unix time now.
#[must_use]
pub fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// This moment, also as the computer counts since it was started.
#[must_use]
pub fn moment() -> Moment {
    Moment { wall: now(), boot: boot_time() }
}

/// None where the system does not say which start it was.
fn boot_time() -> Option<BootTime> {
    static START: OnceLock<Option<u64>> = OnceLock::new();
    let start = START.get_or_init(|| std::fs::read_to_string(BOOT).ok().and_then(|id| start_of(&id)));
    let since = clock_gettime(ClockId::Boottime);
    let ms = u64::try_from(since.tv_sec).ok()? * 1000 + u64::try_from(since.tv_nsec).ok()? / 1_000_000;
    start.map(|boot| BootTime { boot, ms })
}

/// The first half of the id's 128 bits.
fn start_of(id: &str) -> Option<u64> {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    if digits.len() == 16 { u64::from_str_radix(&digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_says_when_it_was_started() {
        let [first, second] = [boot_time(), boot_time()].map(|time| time.expect("Linux says so"));
        assert!(first.boot == second.boot && first.ms > 0 && second.ms >= first.ms);
    }

    #[test]
    fn an_id_is_sixteen_digits_or_none() {
        assert_eq!(start_of("d5a1c0de-0000-4000-8000-000000000001\n"), Some(0xd5a1_c0de_0000_4000));
        assert_eq!(start_of("none"), None);
    }
}
