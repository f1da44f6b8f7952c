//! Access units as MP4 has them.

use bytes::{BufMut, Bytes, BytesMut};
use media::{AccessUnit, Format, H264Config, ProgramTime, VIDEO_RTP_RATE, h264};

use crate::silence::FRAME;
use crate::tables::SampleInfo;

/// One sample that is not written yet.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// In ticks of its track, since program zero.
    pub(crate) time: u64,
    /// How long it lasts where nothing follows it, in ticks; zero where nobody knows.
    pub(crate) lasts: u32,
    pub(crate) sync: bool,
    pub(crate) data: Bytes,
}

impl Sample {
    /// This unit at `rate` ticks a second. H.264 becomes length-prefixed; delimiters go, and so do
    /// the parameter sets that `known` has. None where nothing is left.
    pub(crate) fn new(unit: &AccessUnit, rate: u32, known: Option<&H264Config>) -> Option<Self> {
        let data = match unit.config.format {
            Format::H264(_) => length_prefixed(&unit.data, known),
            Format::Aac(_) | Format::Opus(_) => unit.data.clone(),
        };
        let lasts = u32::try_from((ProgramTime::ZERO + unit.duration).ticks(rate)).unwrap_or(0);
        let sample = Self { time: unit.pts.ticks(rate), lasts, sync: unit.keyframe, data };
        (!sample.data.is_empty()).then_some(sample)
    }
}

/// How long a unit lasts that says nothing itself and has no other to go by.
pub(crate) fn usual_duration(format: &Format, rate: u32) -> u32 {
    match format {
        Format::H264(config) => VIDEO_RTP_RATE / config.fps.max(1),
        Format::Aac(config) => {
            u32::try_from(u64::from(FRAME) * u64::from(rate) / u64::from(config.sample_rate.max(1))).unwrap_or(FRAME)
        }
        Format::Opus(_) => rate / 50,
    }
}

/// What the tables say of `samples`: each lasts until the next begins, the last one until `next`,
/// where that is known.
pub(crate) fn infos(samples: &[Sample], next: Option<u64>, usual: u32) -> Vec<SampleInfo> {
    let begins = samples.iter().skip(1).map(|sample| Some(sample.time)).chain([next]);
    let infos = samples.iter().zip(begins).map(|(sample, next)| {
        let own = if sample.lasts > 0 { sample.lasts } else { usual };
        let until_next = next.and_then(|next| u32::try_from(next.checked_sub(sample.time)?).ok());
        let size = u32::try_from(sample.data.len()).unwrap_or(u32::MAX);
        SampleInfo { size, duration: until_next.unwrap_or(own), sync: sample.sync }
    });
    infos.collect()
}

fn length_prefixed(stream: &[u8], known: Option<&H264Config>) -> Bytes {
    let is_known = |unit: &[u8]| known.is_some_and(|known| unit == known.sps || unit == known.pps);
    let mut data = BytesMut::with_capacity(stream.len() + 16);
    for unit in h264::nal_units(stream).filter(|unit| !h264::is_delimiter(unit) && !is_known(unit)) {
        data.put_u32(u32::try_from(unit.len()).unwrap_or(u32::MAX));
        data.put_slice(unit);
    }
    data.freeze()
}
