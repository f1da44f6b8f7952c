//! Recordings of earlier versions, written by GStreamer's `mp4mux`.
//!
//! Such a recording grows as `ftyp mdat moov (mdat moof)…`: the first half second is described by
//! the `moov`, each further one by the `moof` after its data (ISO/IEC 14496-12). What a dead process
//! leaves is whole up to its last `moof`. A finished file has the same data and one `moov` that
//! describes all of it; making that needs no decoder and no pipeline, only the tables.
//!
//! The finished file is written beside the old one and then takes its place: a crash in between
//! changes nothing, and it needs room for a second copy while it lasts.

mod boxes;
mod movie;
mod tables;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{RepairError, Repaired};
use boxes::Layout;
use movie::Movie;

/// Finishes such a recording, whatever byte it was cut at; one that is finished already stays as it
/// is. In case of an error the file is as it was.
pub(super) fn repair(path: &Path) -> Result<Repaired, RepairError> {
    let mut file = File::open(path)?;
    let layout = Layout::read(&mut file)?;
    if layout.first(b"ftyp").is_none() {
        return Err(RepairError::NotOurs);
    }
    if let Some(duration) = layout.finished(&mut file)? {
        return Ok(Repaired { duration, bytes: layout.length, was_whole: true });
    }
    let movie = Movie::read(&mut file, &layout)?.ok_or(RepairError::NothingPlayable)?;
    let temporary = temporary(path);
    let written = write::finish(&mut file, &layout, &movie, &temporary);
    let bytes = written.and_then(|bytes| std::fs::rename(&temporary, path).map(|()| bytes)).inspect_err(|_| {
        // What was begun is of no use to anybody.
        let _ = std::fs::remove_file(&temporary);
    })?;
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        // The name outlives a power cut only where the folder is on disk, too.
        let _ = folder.sync_all();
    }
    Ok(Repaired { duration: Duration::from_millis(movie.duration_ms()), bytes, was_whole: false })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".recovering");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests;
