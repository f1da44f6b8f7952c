//! How many files and sockets this process may hold, and who may hold them. GLib ends the process
//! where it gets none, so viewers must never take the last ones.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for the engine, the archive, the recording and the service's own files.
const KEPT: u64 = 256;
/// The least that is left to viewers, where the limit is smaller than any system's.
const FEW: u64 = 16;
/// More than any desk serves.
const MANY: u64 = 1_000_000;

/// Raises the soft limit to the hard one: 1,024 is usual on a desktop, and was never meant for those
/// who do not use `select`.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => tracing::debug!(before = limit.current, now = limit.maximum, "the limit of open files"),
        Err(error) => tracing::warn!(%error, limit = limit.current, "the limit of open files cannot be raised"),
    }
}

/// How many descriptors viewers may hold at once: sockets of whatever kind, and files that are sent.
#[must_use]
pub fn for_viewers() -> usize {
    share(getrlimit(Resource::Nofile).current)
}

/// What viewers may have of `limit`; none is no limit.
fn share(limit: Option<u64>) -> usize {
    let left = limit.map_or(MANY, |limit| limit.saturating_sub(KEPT));
    usize::try_from(left.clamp(FEW, MANY)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_never_get_what_the_engine_needs() {
        assert_eq!(share(Some(1_024)), 768);
        assert_eq!(share(Some(20_000)), 19_744);
        assert_eq!(share(Some(64)), 16, "few, where there are hardly any");
        assert_eq!(share(None), 1_000_000);
        for limit in [512, 1_024, 4_096, 524_288] {
            assert!(share(Some(limit)) as u64 + KEPT <= limit, "{limit}");
        }
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
