//! The end of a recording's unfinished life.

use std::io;

use crate::disk::{Appender, Disk};
use crate::layout::{PLACEHOLDER, SLOT, data_header};
use crate::movie::{self, MovieTrack};

/// Makes a plain file of one whose last whole fragment ends at `end`, where the file ends, too:
/// appends the complete `moov`, syncs, and writes the slot. Answers the file's size.
///
/// On failure the file is cut back to `end` as far as the disk lets it be: it stays one of fragments
/// in any case.
pub(crate) fn complete(disk: &mut impl Disk, tracks: &[MovieTrack], end: u64) -> io::Result<u64> {
    let mut tables = Appender::new(disk, end);
    let appended = movie::write_complete(tracks, &mut tables).map(|()| tables.offset());
    let bytes = match appended.and_then(|bytes| disk.sync().map(|()| bytes)) {
        Ok(bytes) => bytes,
        Err(error) => {
            report(disk.truncate(end), "a recording's tables could not be cut off again");
            return Err(error);
        }
    };
    if let Err(error) = disk.write_at(SLOT, &data_header(end)) {
        // A slot that speaks of tables must not outlive them.
        if disk.write_at(SLOT, &PLACEHOLDER).is_ok() {
            report(disk.truncate(end), "a recording's tables could not be cut off again");
        }
        return Err(error);
    }
    // Without it a loss of power leaves a file of fragments: everything but the slot is on disk.
    report(disk.sync(), "the slot of a recording is not on disk yet");
    Ok(bytes)
}

fn report(result: io::Result<()>, what: &str) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what}");
    }
}
