//! Writes the finished file: the same data, and one `moov` that describes all of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::boxes::{Layout, TopBox};
use super::movie::{Movie, Track};
use super::tables::{boxed, to_tables};
use crate::boxes::{child, children, scale};

/// Header of an `mdat` that may be larger than 4 GiB.
const DATA_HEADER: u64 = 16;

/// Writes the finished file to `target`; answers its size. On failure `target` may hold a part.
pub(super) fn finish(file: &mut File, layout: &Layout, movie: &Movie, target: &Path) -> io::Result<u64> {
    let samples = || movie.tracks.iter().flat_map(|track| &track.samples);
    let begin = samples().map(|sample| sample.offset).min().unwrap_or(0);
    let end = samples().map(|sample| sample.offset + u64::from(sample.size)).max().unwrap_or(0);
    let mut out = File::create(target)?;
    let head = layout.first(b"ftyp").unwrap_or(TopBox { kind: *b"ftyp", offset: 0, size: 0 });
    copy(file, head.offset, head.size, &mut out)?;
    out.write_all(&1u32.to_be_bytes())?;
    out.write_all(b"mdat")?;
    out.write_all(&(end - begin + DATA_HEADER).to_be_bytes())?;
    copy(file, begin, end - begin, &mut out)?;
    let shift = (head.size + DATA_HEADER).cast_signed() - begin.cast_signed();
    let moov = boxed(b"moov", &movie_box(movie, shift));
    out.write_all(&moov)?;
    out.sync_all()?;
    Ok(head.size + DATA_HEADER + (end - begin) + moov.len() as u64)
}

fn copy(from: &mut File, offset: u64, size: u64, to: &mut File) -> io::Result<()> {
    from.seek(SeekFrom::Start(offset))?;
    let copied = io::copy(&mut from.take(size), to)?;
    if copied == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn movie_box(movie: &Movie, shift: i64) -> Vec<u8> {
    let mut tracks = movie.tracks.iter();
    let mut body = Vec::new();
    for part in children(&movie.moov) {
        match &part.kind {
            b"mvhd" => body.extend(boxed(b"mvhd", &with_duration(part.body, MOVIE_HEADER, movie.duration()))),
            b"trak" => body.extend(
                tracks
                    .next()
                    .map(|track| boxed(b"trak", &track_box(part.body, track, movie, shift)))
                    .unwrap_or_default(),
            ),
            // It would announce fragments.
            b"mvex" => {}
            kind => body.extend(boxed(kind, part.body)),
        }
    }
    body
}

fn track_box(trak: &[u8], track: &Track, movie: &Movie, shift: i64) -> Vec<u8> {
    let on_movie_time = scale(track.duration(), u64::from(movie.timescale), u64::from(track.timescale));
    let mut body = Vec::new();
    for part in children(trak) {
        match &part.kind {
            b"tkhd" => body.extend(boxed(b"tkhd", &with_duration(part.body, TRACK_HEADER, on_movie_time))),
            b"edts" => body.extend(boxed(b"edts", &edits(part.body, on_movie_time))),
            b"mdia" => body.extend(boxed(b"mdia", &media_box(part.body, track, shift))),
            kind => body.extend(boxed(kind, part.body)),
        }
    }
    body
}

fn media_box(mdia: &[u8], track: &Track, shift: i64) -> Vec<u8> {
    let mut body = Vec::new();
    for part in children(mdia) {
        match &part.kind {
            b"mdhd" => body.extend(boxed(b"mdhd", &with_duration(part.body, MOVIE_HEADER, track.duration()))),
            b"minf" => {
                let mut inside = Vec::new();
                for part in children(part.body) {
                    if part.kind == *b"stbl" {
                        let mut tables = child(part.body, b"stsd").map(|stsd| boxed(b"stsd", stsd)).unwrap_or_default();
                        tables.extend(to_tables(&track.samples, shift));
                        inside.extend(boxed(b"stbl", &tables));
                    } else {
                        inside.extend(boxed(&part.kind, part.body));
                    }
                }
                body.extend(boxed(b"minf", &inside));
            }
            kind => body.extend(boxed(kind, part.body)),
        }
    }
    body
}

/// Where the duration stands in `mvhd` and `mdhd`: narrow (version 0), wide (version 1).
const MOVIE_HEADER: (usize, usize) = (16, 24);
/// Where the duration stands in `tkhd`.
const TRACK_HEADER: (usize, usize) = (20, 28);

/// `header` with another duration.
fn with_duration(header: &[u8], (narrow, wide): (usize, usize), duration: u64) -> Vec<u8> {
    let mut header = header.to_vec();
    if header.first() == Some(&1) {
        put(&mut header, wide, &duration.to_be_bytes());
    } else {
        put(&mut header, narrow, &u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes());
    }
    header
}

/// The edit list with its last edit, the one that shows the media, lasting as long as the track.
fn edits(edts: &[u8], duration: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for part in children(edts) {
        let mut list = part.body.to_vec();
        if part.kind == *b"elst" {
            let wide = list.first() == Some(&1);
            let entry = if wide { 20 } else { 12 };
            let last = list.len().checked_sub(entry).filter(|last| *last >= 8);
            match last {
                Some(last) if wide => put(&mut list, last, &duration.to_be_bytes()),
                Some(last) => put(&mut list, last, &u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes()),
                None => {}
            }
        }
        body.extend(boxed(&part.kind, &list));
    }
    body
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}
