//! The boxes that are small and few, by `mp4-atom`.

use bytes::Bytes;
use media::{AacConfig, Format, H264Config, OpusConfig, SAMPLE_RATE};
use mp4_atom::{
    Audio, Avc1, Avcc, Colr, Dops, Encode, Esds, Mp4a, Opus, Pasp, Visual,
    esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig},
};

/// Object type "Audio ISO/IEC 14496-3" (ISO/IEC 14496-1 table 5).
const AAC: u8 = 0x40;
/// Stream type "AudioStream" (ISO/IEC 14496-1 table 6).
const AUDIO_STREAM: u8 = 5;
/// BT.709 for primaries, transfer and matrix (ISO/IEC 23091-2).
const BT709: u16 = 1;

/// The bytes of one box.
pub(crate) fn encoded(atom: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    atom.encode(&mut bytes).expect("boxes of plain numbers fit into memory");
    bytes
}

/// The sample entry that describes units of this configuration; none for a sequence parameter set that
/// is none.
pub(crate) fn sample_entry(format: &Format) -> Option<Bytes> {
    match format {
        Format::H264(config) => avc1(config),
        Format::Aac(config) => Some(mp4a(config)),
        Format::Opus(config) => Some(opus(config)),
    }
}

fn avc1(config: &H264Config) -> Option<Bytes> {
    let sets = 1..=usize::from(u16::MAX);
    if !sets.contains(&config.sps.len()) || !sets.contains(&config.pps.len()) {
        return None;
    }
    let visual = Visual {
        data_reference_index: 1,
        width: narrow(config.width),
        height: narrow(config.height),
        ..Visual::default()
    };
    let entry = Avc1 {
        visual,
        avcc: Avcc::new(&config.sps, &config.pps).ok()?,
        colr: Some(Colr::new(BT709, BT709, BT709, false).ok()?),
        pasp: Some(Pasp { h_spacing: 1, v_spacing: 1 }),
        ..Avc1::default()
    };
    Some(encoded(&entry).into())
}

fn mp4a(config: &AacConfig) -> Bytes {
    let audio = Audio {
        data_reference_index: 1,
        channel_count: config.channels.into(),
        sample_size: 16,
        sample_rate: narrow(config.sample_rate).into(),
    };
    let decoder = DecoderConfig {
        object_type_indication: AAC,
        stream_type: AUDIO_STREAM,
        dec_specific: Some(DecoderSpecific { raw: config.specific.to_vec(), ..DecoderSpecific::default() }),
        ..DecoderConfig::default()
    };
    let descriptor =
        EsDescriptor { es_id: 0, dec_config: decoder, sl_config: SLConfig::default(), ..EsDescriptor::default() };
    let entry = Mp4a { audio, esds: Esds { es_desc: descriptor }, btrt: None, taic: None };
    encoded(&entry).into()
}

/// Encapsulation of Opus in ISO Base Media File Format, §4.3. Nothing of what the samples hold is to be
/// skipped: the encoder's delay is off every pts, and whoever joins does so in the middle.
fn opus(config: &OpusConfig) -> Bytes {
    let audio = Audio {
        data_reference_index: 1,
        channel_count: config.channels.into(),
        sample_size: 16,
        sample_rate: narrow(SAMPLE_RATE).into(),
    };
    let dops = Dops {
        output_channel_count: config.channels,
        pre_skip: 0,
        input_sample_rate: SAMPLE_RATE,
        output_gain: 0,
        channel_mapping: None,
    };
    encoded(&Opus { audio, dops, btrt: None }).into()
}

/// A field of 16 bits; what does not fit is 0, "not said here".
pub(crate) fn narrow(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}
