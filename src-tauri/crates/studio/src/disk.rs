//! Room on the disk.

use std::path::Path;

use domain::Disk;

/// Measures the disk that holds `folder`, for a recording of `kbps` kb/s. None where the system
/// does not say.
pub(crate) fn measure(folder: &Path, kbps: u32) -> Option<Disk> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    let bytes_a_minute = u64::from(kbps.max(1)) * 1000 / 8 * 60;
    Some(Disk { free_bytes, minutes_left: free_bytes / bytes_a_minute })
}
