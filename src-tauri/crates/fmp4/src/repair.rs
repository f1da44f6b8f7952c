//! Finishes recordings that were left unfinished.

mod fragments;
mod mp4mux;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::boxes::{Fields, header, header_times, scale};
use crate::complete::complete;
use crate::disk::Disk;
use crate::layout::Head;
use crate::movie;
use fragments::Fragments;

/// Of the end of a file that is cut off, this much is put back if the repair fails.
const KEPT_TAIL: u64 = 16 << 20;

/// A file that is whole now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// How long it plays.
    pub duration: Duration,
    /// Its size.
    pub bytes: u64,
    /// It was whole already and is as it was.
    pub was_whole: bool,
}

/// Why a file was not finished.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// It is, or was to become, a recording, and ends within its first half second. It is as it was.
    #[error("this recording ended before anything of it was written; nothing of it can be played")]
    Empty,
    /// It is a recording and there may be much in it, but what describes that is cut off or damaged. It
    /// is as it was.
    #[error("what describes this recording is damaged; nothing of it can be played as it is")]
    NothingPlayable,
    /// It is no recording. It is as it was.
    #[error("this file is no recording")]
    NotOurs,
    /// It cannot be read or written. It is as it was, as far as the disk lets it be; what may be
    /// missing is a torn fragment at its end, which nobody can play.
    #[error("the recording could not be finished: {0}")]
    Disk(#[from] io::Error),
}

/// Finishes the recording at `path`, in place, whatever write it was cut off in. One that is whole
/// stays as it is, so that this may be called any number of times.
///
/// Reads headers only, whatever the file's size, and keeps the tables in memory: four to eight bytes
/// for each frame and packet. It may itself be cut off at any write, and called again.
///
/// Recordings of earlier versions, which GStreamer's `mp4mux` wrote, are finished as well. Their
/// data cannot stay where it is: that needs room for a second copy while it lasts, beside the
/// first, under the same name with `.recovering` at its end.
///
/// # Errors
///
/// [`RepairError`] says what each means for the file.
pub fn repair(path: &Path) -> Result<Repaired, RepairError> {
    match Head::read(&mut File::open(path)?)? {
        Head::Ours { .. } => {
            let mut file = OpenOptions::new().read(true).write(true).open(path)?;
            repair_ours(&mut file)
        }
        Head::Begun => Err(RepairError::Empty),
        Head::Other => mp4mux::repair(path),
    }
}

/// How long what is in the recording at `path` plays, finished or not. Changes nothing.
///
/// # Errors
///
/// As [`repair`]: there is nothing, or it cannot be read. Recordings of earlier versions that are not
/// finished count as [`RepairError::NothingPlayable`]: players cannot read them.
pub fn playable(path: &Path) -> Result<Duration, RepairError> {
    let mut file = File::open(path)?;
    match Head::read(&mut file)? {
        Head::Ours { .. } => playable_ours(&mut file),
        Head::Begun => Err(RepairError::Empty),
        Head::Other => Err(RepairError::NothingPlayable),
    }
}

/// How long a file plays that [`Head::read`] knows.
pub(crate) fn playable_ours(disk: &mut impl Disk) -> Result<Duration, RepairError> {
    let length = disk.length()?;
    if let Some(duration) = whole(disk, length)? {
        return Ok(duration);
    }
    let found = Fragments::read(disk, length)?.ok_or(RepairError::NothingPlayable)?;
    Ok(movie::duration(&found.tracks))
}

/// Finishes a file that [`Head::read`] knows.
pub(crate) fn repair_ours(disk: &mut impl Disk) -> Result<Repaired, RepairError> {
    let length = disk.length()?;
    if let Some(duration) = whole(disk, length)? {
        return Ok(Repaired { duration, bytes: length, was_whole: true });
    }
    let Some(found) = Fragments::read(disk, length)? else {
        let is_empty = fragments::ends_in_the_first(disk, length)?;
        return Err(if is_empty { RepairError::Empty } else { RepairError::NothingPlayable });
    };
    // What is behind the last whole fragment must go before anything is appended: a torn fragment
    // would swallow the tables, should this be cut off in the middle of them.
    let tail = cut_off(disk, found.end, length)?;
    let duration = movie::duration(&found.tracks);
    match complete(disk, &found.tracks, found.end) {
        Ok(bytes) => Ok(Repaired { duration, bytes, was_whole: false }),
        Err(error) => {
            if let Err(error) = disk.write_at(found.end, &tail) {
                tracing::warn!(%error, "the torn end of a recording is gone");
            }
            Err(error.into())
        }
    }
}

fn cut_off(disk: &mut impl Disk, end: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut tail = vec![0; usize::try_from((length - end).min(KEPT_TAIL)).unwrap_or(0)];
    let read = disk.read_at(end, &mut tail)?;
    tail.truncate(read);
    if length > end {
        disk.truncate(end)?;
    }
    Ok(tail)
}

/// How long the file plays, if it is finished: its slot points to a `moov` that reaches to its end.
fn whole(disk: &mut impl Disk, length: u64) -> io::Result<Option<Duration>> {
    let Head::Ours { movie: Some(movie) } = Head::read(disk)? else { return Ok(None) };
    // The header of the movie is its first box.
    let mut begin = [0; 128];
    if movie >= length || disk.read_at(movie, &mut begin)? < begin.len() {
        return Ok(None);
    }
    let fits = header(&begin).is_some_and(|(size, kind)| kind == *b"moov" && movie + u64::from(size) == length);
    let mut fields = Fields(&begin[8..]);
    let kind = fields.u64().filter(|_| fits).map(|field| field as u32);
    let times = header_times(fields.0).filter(|_| kind == Some(u32::from_be_bytes(*b"mvhd")));
    Ok(times.map(|(rate, duration)| Duration::from_nanos(scale(duration, 1_000_000_000, rate.into()))))
}
