//! The samples of a track: from the tables of a `moov`, from a `moof`, and back into tables.

use crate::boxes::{Fields, child, children};

/// One encoded frame or packet of audio in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// In units of the track's timescale.
    pub(super) duration: u32,
    /// Decoding may begin here.
    pub(super) sync: bool,
}

/// What a sample of a fragment is like where the fragment does not say (`trex`).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

/// The samples that an `stbl` describes; none where its tables contradict each other.
pub(super) fn from_tables(stbl: &[u8]) -> Option<Vec<Sample>> {
    let sizes = sizes(child(stbl, b"stsz")?)?;
    let durations = runs(child(stbl, b"stts")?, 2)?;
    let mut durations = durations.iter().flat_map(|run| std::iter::repeat_n(run[1], run[0] as usize));
    let chunks: Vec<u64> = match (child(stbl, b"stco"), child(stbl, b"co64")) {
        (Some(stco), _) => runs(stco, 1)?.iter().map(|entry| u64::from(entry[0])).collect(),
        (None, Some(co64)) => {
            runs(co64, 2)?.iter().map(|entry| u64::from(entry[0]) << 32 | u64::from(entry[1])).collect()
        }
        (None, None) => return None,
    };
    let in_chunks = runs(child(stbl, b"stsc")?, 3)?;
    let sync = child(stbl, b"stss").map(|stss| runs(stss, 1)).transpose_or_none()?;
    let mut samples = Vec::with_capacity(sizes.len());
    let mut sizes = sizes.into_iter();
    for (index, mut offset) in chunks.into_iter().enumerate() {
        let run = in_chunks.iter().rev().find(|run| run[0] as usize <= index + 1)?;
        for size in sizes.by_ref().take(run[1] as usize) {
            let number = u32::try_from(samples.len() + 1).ok()?;
            let sync = sync.as_ref().is_none_or(|sync| sync.binary_search_by_key(&number, |entry| entry[0]).is_ok());
            samples.push(Sample { offset, size, duration: durations.next()?, sync });
            offset += u64::from(size);
        }
    }
    Some(samples)
}

trait TransposeOrNone<T> {
    /// No table is fine; a broken one is not.
    fn transpose_or_none(self) -> Option<Option<T>>;
}

impl<T> TransposeOrNone<T> for Option<Option<T>> {
    fn transpose_or_none(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(Some(table)) => Some(Some(table)),
        }
    }
}

/// Entries of `fields` numbers each, after version, flags and count. As many as there are room for.
fn runs(body: &[u8], fields: usize) -> Option<Vec<Vec<u32>>> {
    let mut reader = Fields(body);
    reader.skip(4)?;
    let count = reader.u32()? as usize;
    let fits = reader.0.len() / (4 * fields);
    (count <= fits).then(|| (0..count).map(|_| (0..fields).filter_map(|_| reader.u32()).collect()).collect())
}

fn sizes(stsz: &[u8]) -> Option<Vec<u32>> {
    let mut reader = Fields(stsz);
    reader.skip(4)?;
    let (same, count) = (reader.u32()?, reader.u32()?);
    if same != 0 {
        // Bounded: more samples than a day of sound has are none of ours.
        return (count < 8_000_000).then(|| vec![same; count as usize]);
    }
    let count = usize::try_from(count).ok().filter(|count| *count <= reader.0.len() / 4)?;
    (0..count).map(|_| reader.u32()).collect()
}

/// What a `traf` adds to a track.
#[derive(Debug)]
pub(super) struct Addition {
    pub(super) track: u32,
    /// Decode time of its first sample (`tfdt`), where it says so.
    pub(super) begins: Option<u64>,
    pub(super) samples: Vec<Sample>,
}

/// The samples that a `traf` of the `moof` at `moof_offset` describes; none where it is broken.
pub(super) fn from_fragment(traf: &[u8], moof_offset: u64, defaults: impl Fn(u32) -> Defaults) -> Option<Addition> {
    let mut header = Fields(child(traf, b"tfhd")?);
    let flags = header.u32()?;
    let track = header.u32()?;
    let mut default = defaults(track);
    let base = if flags & 0x1 != 0 { header.u64()? } else { moof_offset };
    if flags & 0x2 != 0 {
        header.skip(4)?;
    }
    if flags & 0x8 != 0 {
        default.duration = header.u32()?;
    }
    if flags & 0x10 != 0 {
        default.size = header.u32()?;
    }
    if flags & 0x20 != 0 {
        default.flags = header.u32()?;
    }
    let begins = child(traf, b"tfdt").and_then(|tfdt| {
        let mut fields = Fields(tfdt);
        if fields.u32()? >> 24 == 1 { fields.u64() } else { fields.u32().map(u64::from) }
    });
    let mut samples = Vec::new();
    let mut next = base;
    for run in children(traf).filter(|child| child.kind == *b"trun") {
        next = run_samples(run.body, base, next, default, &mut samples)?;
    }
    Some(Addition { track, begins, samples })
}

/// Adds the samples of one `trun`; answers where the data of the next begins by default.
fn run_samples(trun: &[u8], base: u64, next: u64, default: Defaults, samples: &mut Vec<Sample>) -> Option<u64> {
    let mut fields = Fields(trun);
    let flags = fields.u32()?;
    // A fragment of ours holds a second or two, not a million samples.
    let count = fields.u32().filter(|count| *count <= 1_000_000)?;
    let mut offset = next;
    if flags & 0x1 != 0 {
        offset = base.checked_add_signed(i64::from(fields.u32()?.cast_signed()))?;
    }
    let first_flags = if flags & 0x4 != 0 { Some(fields.u32()?) } else { None };
    for index in 0..count {
        let duration = if flags & 0x100 != 0 { fields.u32()? } else { default.duration };
        let size = if flags & 0x200 != 0 { fields.u32()? } else { default.size };
        let mut own = if flags & 0x400 != 0 { fields.u32()? } else { default.flags };
        if let Some(first) = first_flags.filter(|_| index == 0) {
            own = first;
        }
        if flags & 0x800 != 0 {
            fields.skip(4)?;
        }
        samples.push(Sample { offset, size, duration, sync: own & 0x0001_0000 == 0 });
        offset = offset.checked_add(u64::from(size))?;
    }
    Some(offset)
}

/// The tables that describe `samples`, moved by `shift` bytes: `stts`, `stss`, `stsc`, `stsz`, `co64`.
pub(super) fn to_tables(samples: &[Sample], shift: i64) -> Vec<u8> {
    let mut durations: Vec<[u32; 2]> = Vec::new();
    let mut chunks: Vec<u64> = Vec::new();
    let mut in_chunks: Vec<u32> = Vec::new();
    let mut end = None;
    for sample in samples {
        match durations.last_mut() {
            Some(run) if run[1] == sample.duration => run[0] += 1,
            _ => durations.push([1, sample.duration]),
        }
        match in_chunks.last_mut() {
            Some(count) if end == Some(sample.offset) => *count += 1,
            _ => {
                chunks.push(sample.offset.saturating_add_signed(shift));
                in_chunks.push(1);
            }
        }
        end = Some(sample.offset + u64::from(sample.size));
    }
    let mut runs: Vec<[u32; 3]> = Vec::new();
    for (index, count) in in_chunks.iter().enumerate() {
        if runs.last().is_none_or(|run| run[1] != *count) {
            runs.push([number(index + 1), *count, 1]);
        }
    }
    let mut tables = table(b"stts", &durations);
    if samples.iter().any(|sample| !sample.sync) {
        let numbered = samples.iter().enumerate().filter(|(_, sample)| sample.sync);
        let sync: Vec<[u32; 1]> = numbered.map(|(index, _)| [number(index + 1)]).collect();
        tables.extend(table(b"stss", &sync));
    }
    tables.extend(table(b"stsc", &runs));
    let mut sizes = vec![0; 8];
    sizes.extend(number(samples.len()).to_be_bytes());
    sizes.extend(samples.iter().flat_map(|sample| sample.size.to_be_bytes()));
    tables.extend(boxed(b"stsz", &sizes));
    let mut offsets = vec![0; 4];
    offsets.extend(number(chunks.len()).to_be_bytes());
    offsets.extend(chunks.iter().flat_map(|offset| offset.to_be_bytes()));
    tables.extend(boxed(b"co64", &offsets));
    tables
}

fn table<const N: usize>(kind: &[u8; 4], entries: &[[u32; N]]) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(number(entries.len()).to_be_bytes());
    body.extend(entries.iter().flatten().flat_map(|field| field.to_be_bytes()));
    boxed(kind, &body)
}

/// A box of this kind around `body`.
pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len() + 8);
    whole.extend(number(body.len() + 8).to_be_bytes());
    whole.extend(kind);
    whole.extend(body);
    whole
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
