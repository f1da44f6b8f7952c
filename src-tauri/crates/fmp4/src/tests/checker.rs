//! Reads a file of ours with another parser (`mp4-atom`'s types), and finds fault with its structure.

use std::ops::Range;

use media::h264;
use mp4_atom::{Codec, Decode, FourCC, Header, Moof, Moov, Trak, TrunSamples};

/// One sample of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// In ticks of its track, on the file's time.
    pub(crate) time: u64,
    pub(crate) duration: u64,
    pub(crate) sync: bool,
    /// The sample entry's number.
    pub(crate) entry: u32,
    pub(crate) place: Range<usize>,
}

/// A file without fault.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// At 90,000 ticks a second.
    pub(crate) video: Vec<Found>,
    /// At 48,000.
    pub(crate) audio: Vec<Found>,
    /// It is a plain file.
    pub(crate) whole: bool,
    /// Width and height of the video's sample entries.
    pub(crate) sizes: Vec<(u16, u16)>,
}

impl Checked {
    /// When the last frame ends, in seconds.
    pub(crate) fn video_end(&self) -> f64 {
        self.video.last().map_or(0.0, |last| (last.time + last.duration) as f64 / 90_000.0)
    }

    fn add(&mut self, id: u32, samples: Vec<Found>) {
        match id {
            1 => self.video.extend(samples),
            2 => self.audio.extend(samples),
            other => panic!("track {other}"),
        }
    }
}

/// Every box at the top of the file: kind, place, place of its body.
fn boxes(file: &[u8]) -> Vec<(FourCC, Range<usize>, Range<usize>)> {
    let mut boxes = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let mut rest = &file[at..];
        let header = Header::decode(&mut rest).unwrap();
        let body = file.len() - rest.len();
        let end = body + header.size.expect("no box is as large as the file");
        assert!(end <= file.len(), "{} at {at} ends behind the file", header.kind);
        boxes.push((header.kind, at..end, body..end));
        at = end;
    }
    boxes
}

/// Fails where the structure of `file`, which has no torn end, is not as it must be.
#[track_caller]
pub(crate) fn check(file: &[u8]) -> Checked {
    let top = boxes(file);
    let kinds: Vec<_> = top.iter().map(|(kind, _, _)| kind.to_string()).collect();
    let found =
        if kinds.contains(&"moof".to_owned()) { check_fragments(file, &top) } else { check_whole(file, &top, &kinds) };
    check_samples(file, &found);
    found
}

fn moov(bytes: &[u8]) -> Moov {
    Moov::decode(&mut &bytes[..]).unwrap()
}

fn check_whole(file: &[u8], top: &[(FourCC, Range<usize>, Range<usize>)], kinds: &[String]) -> Checked {
    assert_eq!(kinds, ["ftyp", "mdat", "moov"]);
    let (data, moov) = (&top[1].2, moov(&file[top[2].1.clone()]));
    assert!(moov.mvex.is_none());
    let mut found = Checked { whole: true, ..Checked::default() };
    for trak in &moov.trak {
        let samples = samples(trak, moov.mvhd.timescale);
        assert!(samples.iter().all(|sample| data.start <= sample.place.start && sample.place.end <= data.end));
        let end = samples.last().map_or(0, |last| last.time + last.duration);
        let rate = u64::from(trak.mdia.mdhd.timescale);
        let begin = samples.first().map_or(0, |first| first.time);
        assert_eq!(trak.mdia.mdhd.duration, end - begin);
        assert!(trak.tkhd.duration.abs_diff(end * u64::from(moov.mvhd.timescale) / rate) <= 1);
        assert!(moov.mvhd.duration >= trak.tkhd.duration);
        found.sizes.extend(sizes(trak));
        found.add(trak.tkhd.track_id, samples);
    }
    let mut places: Vec<_> = found.video.iter().chain(&found.audio).map(|sample| sample.place.clone()).collect();
    places.sort_by_key(|place| place.start);
    assert!(places.windows(2).all(|pair| pair[0].end <= pair[1].start), "samples overlap");
    found
}

/// What the tables of a track say.
fn samples(trak: &Trak, movie_rate: u32) -> Vec<Found> {
    let tables = &trak.mdia.minf.stbl;
    let sizes: Vec<u32> = match &tables.stsz.samples {
        mp4_atom::StszSamples::Different { sizes } => sizes.clone(),
        mp4_atom::StszSamples::Identical { count, size } => vec![*size; *count as usize],
    };
    let durations = tables.stts.entries.iter();
    let durations: Vec<_> =
        durations.flat_map(|run| std::iter::repeat_n(run.sample_delta, run.sample_count as usize)).collect();
    assert_eq!(sizes.len(), durations.len());
    // An edit that waits, where the track does not begin at zero, and one that plays all of it.
    let edits = &trak.edts.as_ref().unwrap().elst.as_ref().unwrap().entries;
    let (waits, plays) = edits.split_at(edits.len() - 1);
    assert!(waits.len() <= 1 && waits.iter().all(|edit| edit.media_time.is_none() && edit.segment_duration > 0));
    assert_eq!(plays[0].media_time, Some(0));
    let rate = u64::from(trak.mdia.mdhd.timescale);
    let scale = |edit: u64| (edit * rate + u64::from(movie_rate) / 2) / u64::from(movie_rate);
    let mut time = waits.first().map_or(0, |wait| scale(wait.segment_duration));
    assert!(scale(plays[0].segment_duration) >= trak.mdia.mdhd.duration);

    let offsets = &tables.co64.as_ref().unwrap().entries;
    let mut found = Vec::new();
    for (index, offset) in offsets.iter().enumerate() {
        let run = tables.stsc.entries.iter().rev().find(|run| run.first_chunk as usize <= index + 1).unwrap();
        assert!((1..=tables.stsd.codecs.len()).contains(&(run.sample_description_index as usize)));
        let mut place = usize::try_from(*offset).unwrap();
        for _ in 0..run.samples_per_chunk {
            let number = found.len();
            let size = sizes[number] as usize;
            let sync = tables.stss.as_ref().is_none_or(|stss| stss.entries.contains(&(number as u32 + 1)));
            let (duration, entry) = (durations[number].into(), run.sample_description_index);
            found.push(Found { time, duration, sync, entry, place: place..place + size });
            time += duration;
            place += size;
        }
    }
    assert_eq!(found.len(), sizes.len());
    found
}

fn check_fragments(file: &[u8], top: &[(FourCC, Range<usize>, Range<usize>)]) -> Checked {
    let mut top = top.iter().peekable();
    let mut next = |kind: &str| {
        let found = top.next_if(|(found, _, _)| found.to_string() == kind);
        found.map(|(_, place, body)| (place.clone(), body.clone()))
    };
    next("ftyp").unwrap();
    assert_eq!(next("free").unwrap().0.len(), 16);
    let moov = moov(&file[next("moov").unwrap().0]);
    assert_eq!(moov.mvex.as_ref().unwrap().trex.len(), moov.trak.len());
    let mut found = Checked::default();
    found.sizes.extend(moov.trak.iter().flat_map(sizes));
    let mut sequence = 0;
    loop {
        while next("uuid").is_some() {}
        let Some((moof_place, _)) = next("moof") else { break };
        let (_, data) = next("mdat").unwrap();
        let moof = Moof::decode(&mut &file[moof_place.clone()]).unwrap();
        assert!(moof.mfhd.sequence_number > sequence);
        sequence = moof.mfhd.sequence_number;
        let mut end = data.start;
        for traf in &moof.traf {
            assert!(traf.tfhd.default_base_is_moof && traf.tfhd.sample_description_index == Some(1));
            let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time;
            let run = &traf.trun[0];
            let mut place = moof_place.start + usize::try_from(run.data_offset.unwrap()).unwrap();
            assert_eq!(place, end);
            let TrunSamples::Explicit(entries) = &run.samples else { panic!("sizes differ") };
            let samples = entries.iter().map(|entry| {
                let (size, duration) = (entry.size.unwrap() as usize, u64::from(entry.duration.unwrap()));
                let sync = traf.tfhd.track_id == 2 || entry.flags.unwrap() & 0x1_0000 == 0;
                let sample = Found { time, duration, sync, entry: 1, place: place..place + size };
                (time, place) = (time + duration, place + size);
                sample
            });
            let samples: Vec<_> = samples.collect();
            end = samples.last().unwrap().place.end;
            found.add(traf.tfhd.track_id, samples);
        }
        assert_eq!(end, data.end, "the data is all there is");
    }
    // A complete movie may follow, when the slot was not written any more.
    next("moov");
    assert!(next("").is_none());
    found
}

fn sizes(trak: &Trak) -> Vec<(u16, u16)> {
    let entries = trak.mdia.minf.stbl.stsd.codecs.iter();
    entries
        .filter_map(
            |codec| if let Codec::Avc1(avc1) = codec { Some((avc1.visual.width, avc1.visual.height)) } else { None },
        )
        .collect()
}

/// What is in the samples is what they say it is.
fn check_samples(file: &[u8], found: &Checked) {
    for sample in &found.video {
        let data = &file[sample.place.clone()];
        let units: Vec<_> = nals(data).collect();
        assert_eq!(units.iter().map(|unit| unit.len() + 4).sum::<usize>(), data.len());
        assert!(units.iter().all(|unit| !h264::is_delimiter(unit)));
        let is_key = units.iter().any(|unit| unit[0] & 0x1f == 5);
        assert_eq!(is_key, sample.sync);
    }
    assert!(found.video.first().is_none_or(|first| first.sync));
    for track in [&found.video, &found.audio] {
        assert!(track.windows(2).all(|pair| pair[0].time < pair[1].time), "time goes on");
    }
}

/// The NAL units of a sample, up to the first that does not fit.
pub(crate) fn nals(mut sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = sample.split_first_chunk::<4>()?;
        let (unit, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        sample = rest;
        Some(unit)
    })
}
