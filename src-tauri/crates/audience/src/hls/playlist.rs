//! Playlists, written by hand (RFC 8216bis): no library knows the tags of low latency.

use std::fmt::Write;
use std::time::Duration;

use media::{CodecConfig, Format, ProgramTime};

use super::shelf::{Part, Segment, Shelf};

/// A reader stays so many parts behind the end (§4.4.3.8): three.
const HOLD_BACK: u32 = 3;
/// Parts are listed of what is so many target durations old (§6.2.2).
const PARTS_LISTED: u32 = 3;

/// The media playlist of what stands on a shelf; addresses are relative to it.
pub(super) fn media(shelf: &Shelf) -> String {
    let pace = shelf.pace;
    let first = shelf.listed().next().or(shelf.growing());
    let mut text = String::with_capacity(4096);
    text.push_str("#EXTM3U\n#EXT-X-VERSION:9\n");
    line(&mut text, format_args!("#EXT-X-TARGETDURATION:{}", pace.target.as_secs()));
    let (hold, parts) = (pace.target * HOLD_BACK, pace.part * HOLD_BACK);
    line(
        &mut text,
        format_args!(
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={},HOLD-BACK={}",
            seconds(parts),
            seconds(hold)
        ),
    );
    line(&mut text, format_args!("#EXT-X-PART-INF:PART-TARGET={}", seconds(pace.part)));
    if let Some(first) = first {
        line(&mut text, format_args!("#EXT-X-MEDIA-SEQUENCE:{}", first.msn));
        // Its own is still there to be counted.
        let removed = first.discontinuities - u64::from(first.discontinuity);
        line(&mut text, format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{removed}"));
    }
    let mut init = None;
    let growing = shelf.growing().map_or(Duration::ZERO, Segment::duration);
    for segment in shelf.listed() {
        let recent = shelf.age(segment) + growing < pace.target * PARTS_LISTED;
        head(&mut text, shelf, segment, &mut init);
        if recent {
            parts_of(&mut text, segment);
        }
        if segment.gap {
            text.push_str("#EXT-X-GAP\n");
        }
        line(&mut text, format_args!("#EXTINF:{},", seconds(segment.duration())));
        line(&mut text, format_args!("{}.m4s", segment.msn));
    }
    if let Some(segment) = shelf.growing() {
        head(&mut text, shelf, segment, &mut init);
        parts_of(&mut text, segment);
    }
    if shelf.ended {
        text.push_str("#EXT-X-ENDLIST\n");
    } else {
        let edge = shelf.edge();
        line(&mut text, format_args!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}.{}.m4s\"", edge.msn, edge.part));
    }
    text
}

/// The multivariant playlist: one variant, whose media playlist is at `address`.
///
/// None where the picture is not H.264.
pub(super) fn multivariant(
    shelf: &Shelf,
    video: &CodecConfig,
    sound: Option<&CodecConfig>,
    address: &str,
) -> Option<String> {
    let video = video.h264()?;
    let (peak, average) = shelf.rates();
    let mut codecs = format!("avc1.{}", video.profile_level_id());
    match sound.map(|sound| &sound.format) {
        Some(Format::Aac(aac)) => {
            // The audio object type: the first five bits of an AudioSpecificConfig.
            let kind = aac.specific.first().map_or(2, |first| first >> 3);
            let _ = write!(codecs, ",mp4a.40.{kind}");
        }
        Some(Format::Opus(_)) => codecs.push_str(",opus"),
        Some(Format::H264(_)) | None => {}
    }
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:9\n");
    line(
        &mut text,
        format_args!("#EXT-X-SESSION-DATA:DATA-ID=\"{ZERO}\",VALUE=\"{}\"", date(shelf.zero_ms, ProgramTime::ZERO)),
    );
    let rate = if video.fps > 0 { format!(",FRAME-RATE={}.000", video.fps) } else { String::new() };
    line(
        &mut text,
        format_args!(
            "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\",RESOLUTION={}x{}{rate}",
            video.width, video.height
        ),
    );
    line(&mut text, format_args!("{address}"));
    Some(text)
}

/// Names the moment of program zero among the session's data.
pub(super) const ZERO: &str = "antenne.program-zero";

/// What stands before a segment, or the one that grows.
fn head(text: &mut String, shelf: &Shelf, segment: &Segment, init: &mut Option<u32>) {
    if segment.discontinuity {
        text.push_str("#EXT-X-DISCONTINUITY\n");
    }
    if init.replace(segment.init) != Some(segment.init) {
        line(text, format_args!("#EXT-X-MAP:URI=\"init-{}.mp4\"", segment.init));
    }
    line(text, format_args!("#EXT-X-PROGRAM-DATE-TIME:{}", date(shelf.zero_ms, segment.begin)));
}

fn parts_of(text: &mut String, segment: &Segment) {
    for (number, part) in segment.parts.iter().enumerate() {
        let Part { independent, .. } = part;
        let independent = if *independent { ",INDEPENDENT=YES" } else { "" };
        let (msn, duration) = (segment.msn, seconds(part.duration()));
        line(text, format_args!("#EXT-X-PART:DURATION={duration},URI=\"{msn}.{number}.m4s\"{independent}"));
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

/// Seconds with five decimals, never more than it is: a part's may not pass the target.
fn seconds(duration: Duration) -> String {
    let hundred_thousandths = duration.as_nanos() / 10_000;
    format!("{}.{:05}", hundred_thousandths / 100_000, hundred_thousandths % 100_000)
}

/// The date of a moment of the program, to the nearest millisecond (ISO 8601, UTC).
fn date(zero_ms: u64, at: ProgramTime) -> String {
    let ms = zero_ms.saturating_add(at.ticks(1000));
    let (day, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1000)
}

/// Year, month and day of the day that is so many after 1970-01-01, in the Gregorian calendar: counted
/// in eras of 400 years that begin on a 1st of March.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_798_761_599_001, "2026-12-31T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(date(ms, ProgramTime::ZERO), expected);
        }
        assert_eq!(date(1000, ProgramTime::from_nanos(2_033_333_333)), "1970-01-01T00:00:03.033Z");
    }

    #[test]
    fn seconds_are_never_rounded_up() {
        assert_eq!(seconds(Duration::from_nanos(249_999_999)), "0.24999");
        assert_eq!(seconds(Duration::from_secs(12)), "12.00000");
    }
}
