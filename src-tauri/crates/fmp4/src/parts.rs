//! What LL-HLS serves: an initialisation segment, and parts.

use media::{AccessUnit, Format, H264Config, ProgramTime, SAMPLE_RATE, Track};
use mp4_atom::Ftyp;

use crate::atoms::{encoded, sample_entry};
use crate::fragment::{self, Run};
use crate::movie::{self, MovieTrack};
use crate::sample::{Sample, infos, usual_duration};

/// The initialisation segment (`ftyp`, `moov`) of a rendition with these tracks, of which `sound` is
/// AAC or Opus; none where there is no track, or the video's parameter sets are none. Each configuration
/// needs its own, with a discontinuity before it.
#[must_use]
pub fn init_segment(video: Option<&H264Config>, sound: Option<&Format>) -> Option<Vec<u8>> {
    let mut tracks = Vec::new();
    if let Some(config) = video {
        let entry = sample_entry(&Format::H264(config.clone()))?;
        tracks.push(MovieTrack::video(entry, (config.width, config.height)));
    }
    if let Some(sound) = sound {
        let rate = match sound {
            Format::Aac(config) => config.sample_rate,
            Format::Opus(_) => SAMPLE_RATE,
            Format::H264(_) => return None,
        };
        tracks.push(MovieTrack::audio(sample_entry(sound)?, rate));
    }
    if tracks.is_empty() {
        return None;
    }
    let brands = [b"iso6", b"mp41", b"cmfc"];
    let file_type = Ftyp {
        major_brand: b"iso6".into(),
        minor_version: 0,
        compatible_brands: brands.into_iter().map(Into::into).collect(),
    };
    let mut segment = encoded(&file_type);
    segment.extend(movie::fragmented(tracks.iter()));
    Some(segment)
}

/// A part (`moof`, `mdat`) of these units, which are in order for each track, of one configuration
/// each, and of the tracks of the initialisation segment: one kind of sound, then. Times are program time. `until` is the
/// pts of the frame that follows, where it is known: the last frame lasts until then. None where the
/// units hold nothing.
#[must_use]
pub fn part(sequence: u32, units: &[AccessUnit], until: Option<ProgramTime>) -> Option<Vec<u8>> {
    let tracks = [Track::Video, Track::Aac, Track::Opus].map(|track| {
        let units = || units.iter().filter(move |unit| unit.track == track);
        let format = units().next().map(|unit| &unit.config.format);
        let (rate, known) = match format {
            Some(Format::H264(config)) => (media::VIDEO_RTP_RATE, Some(config)),
            Some(Format::Aac(config)) => (config.sample_rate, None),
            Some(Format::Opus(_)) | None => (SAMPLE_RATE, None),
        };
        let samples: Vec<_> = units().filter_map(|unit| Sample::new(unit, rate, known)).collect();
        let next = until.filter(|_| track == Track::Video).map(|until| until.ticks(rate));
        let usual = format.map_or(0, |format| usual_duration(format, rate));
        (track, infos(&samples, next, usual), samples)
    });
    let runs: Vec<_> = tracks
        .iter()
        .filter(|(_, _, samples)| !samples.is_empty())
        .map(|(track, infos, samples)| Run { track: *track, samples, infos: infos.clone() })
        .collect();
    if runs.is_empty() {
        return None;
    }
    let mut part = Vec::new();
    fragment::write(sequence, &runs, &mut part);
    Some(part)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use media::{CodecConfig, ConfigId};

    use super::*;
    use crate::silent_unit;
    use crate::tests::folder;
    use crate::tests::material::show;
    use crate::tests::players::{decode, packet_times};

    #[test]
    fn an_initialisation_segment_and_its_parts_play_behind_one_another() {
        let units = show();
        let config = |track| units.iter().find(|unit| unit.track == track).map(|unit| unit.config.format.clone());
        let (Some(Format::H264(h264)), Some(aac)) = (config(Track::Video), config(Track::Aac)) else {
            panic!("both are there")
        };
        let mut stream = init_segment(Some(&h264), Some(&aac)).unwrap();
        for (number, units) in units.chunks(20).enumerate() {
            stream.extend(part(number as u32 + 1, units, None).unwrap());
        }
        let folder = folder();
        let path = folder.path().join("parts.mp4");
        std::fs::write(&path, stream).unwrap();
        decode(&path);
        let times = packet_times(&path, "v");
        assert_eq!(times.len(), 300);
        assert!(times.iter().enumerate().all(|(n, time)| (time - n as f64 / 30.0).abs() < 0.0001), "{times:?}");
    }

    #[test]
    fn sound_may_be_opus_and_silence_of_either_kind_plays() {
        let video: Vec<_> = show().into_iter().filter(|unit| unit.track == Track::Video).take(60).collect();
        let Format::H264(h264) = video[0].config.format.clone() else { panic!("it is video") };
        let aac = show().into_iter().find(|unit| unit.track == Track::Aac).unwrap().config.format.clone();
        let opus = Format::Opus(media::OpusConfig { channels: 2, pre_skip: 312 });
        for (format, packets) in [(aac, 93), (opus, 100)] {
            let config = Arc::new(CodecConfig { id: ConfigId(7), format: format.clone() });
            let mut units = video.clone();
            let mut at = ProgramTime::ZERO;
            for _ in 0..packets {
                let silent = silent_unit(&config, at).unwrap();
                at = silent.end();
                units.push(silent);
            }
            let mut stream = init_segment(Some(&h264), Some(&format)).unwrap();
            stream.extend(part(1, &units, None).unwrap());
            let folder = folder();
            let path = folder.path().join("silence.mp4");
            std::fs::write(&path, stream).unwrap();
            decode(&path);
            let times = packet_times(&path, "a");
            assert_eq!(times.len(), packets, "{format:?}");
            assert!(times[0].abs() < 0.0001 && (times[packets - 1] - 1.97).abs() < 0.02, "{times:?}");
        }
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        assert_eq!(init_segment(None, None), None);
        assert_eq!(part(1, &[], None), None);
        let broken = H264Config { width: 1, height: 1, fps: 1, sps: vec![0x67].into(), pps: vec![0x68].into() };
        assert_eq!(init_segment(Some(&broken), None), None);
    }
}
