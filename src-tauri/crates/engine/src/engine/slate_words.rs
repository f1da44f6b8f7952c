//! What stands in a slot without frames, in words and as a buffer. Viewers read it: it says what is so,
//! and nothing about what the operator could do. That stands in the window.

use domain::{Canvas, SlateWords, SourceKind, SourceSpec, SourceState};

use crate::format::raw_video;

/// What there are no frames of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Missing<'a> {
    /// No layer is shown at all, and what is said about it.
    Everything(&'a str, &'a str),
    /// A source in this state; none where it is not known what it is.
    Source(Option<&'a SourceSpec>, SourceState),
}

impl<'a> Missing<'a> {
    /// No layer is shown, with the operator's words or with ours.
    pub(super) fn everything(said: Option<&'a SlateWords>) -> Self {
        said.map_or(Self::Everything("No picture", "The show goes on without one."), |said| {
            Self::Everything(&said.headline, &said.line)
        })
    }
}

/// Headline, and a line under it.
fn words<'a>(missing: Missing<'a>) -> (&'a str, &'a str) {
    let (spec, state) = match missing {
        Missing::Everything(headline, line) => return (headline, line),
        Missing::Source(spec, state) => (spec, state),
    };
    match (spec, state) {
        (None, _) | (_, SourceState::Off) => ("Nothing here yet", ""),
        (Some(SourceSpec::Device(SourceKind::Screen, _)), SourceState::Starting) => {
            ("One moment", "The screen comes next.")
        }
        (Some(SourceSpec::Device(..)), SourceState::Starting) => ("One moment", "The picture comes next."),
        (Some(_), SourceState::Starting) => ("One moment", "The picture comes next."),
        (Some(SourceSpec::Device(SourceKind::Screen, _)), _) => ("One moment", "The screen comes back."),
        (Some(SourceSpec::Image(_)), _) => ("One moment", "The image comes back."),
        (Some(_), _) => ("One moment", "The picture comes back."),
    }
}

/// The slate in the raw format of `canvas`; none where the format is impossible.
pub(super) fn slate(canvas: &Canvas, missing: Missing<'_>) -> Option<gst::Buffer> {
    let (headline, line) = words(missing);
    let packed = crate::graphics::slate(canvas, headline, line);
    let caps: gst::Caps = raw_video(canvas).parse().ok()?;
    padded(&gst_video::VideoInfo::from_caps(&caps).ok()?, &packed)
}

/// `packed` with its rows at the distances that `info` wants: GStreamer's are multiples of four.
fn padded(info: &gst_video::VideoInfo, packed: &[u8]) -> Option<gst::Buffer> {
    let (width, height) = (info.width() as usize, info.height() as usize);
    let planes = [(width, height), (width / 2, height / 2), (width / 2, height / 2)];
    let mut bytes = vec![0; info.size()];
    let mut rest = packed;
    for (plane, (width, height)) in planes.into_iter().enumerate() {
        let stride = usize::try_from(info.stride()[plane]).ok()?;
        let (rows, after) = rest.split_at_checked(width * height)?;
        rest = after;
        let target = bytes.get_mut(info.offset()[plane]..)?;
        for (row, line) in rows.chunks_exact(width).zip(target.chunks_mut(stride)) {
            line.get_mut(..width)?.copy_from_slice(row);
        }
    }
    Some(gst::Buffer::from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_never_read_what_the_operator_should_do() {
        let device = |kind| SourceSpec::Device(kind, "/dev/video0".to_owned());
        let specs = [device(SourceKind::Camera), device(SourceKind::Screen), SourceSpec::Image("/a.png".into())];
        let states = [SourceState::Off, SourceState::Starting, SourceState::Running, SourceState::Lost];
        let of_sources = specs.iter().map(Some).chain([None]);
        let of_sources = of_sources.flat_map(|spec| states.map(|state| Missing::Source(spec, state)));
        for missing in of_sources.chain([Missing::everything(None)]) {
            let (headline, line) = words(missing);
            let said = format!("{headline} {line}").to_lowercase();
            for word in ["choose", "plug", "camera", "open", "package", "install", "/dev"] {
                assert!(!said.contains(word), "{missing:?}: {said}");
            }
        }
    }

    #[test]
    fn the_operators_words_stand_in_place_of_ours() {
        let said = SlateWords { headline: "Antennas".to_owned(), line: "Starting soon".to_owned() };
        assert_eq!(words(Missing::everything(Some(&said))), ("Antennas", "Starting soon"));
        assert_eq!(words(Missing::everything(None)).0, "No picture");
    }

    #[test]
    fn rows_are_padded_where_the_width_is_no_multiple_of_eight() {
        crate::init().unwrap();
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 6, 2).build().unwrap();
        let packed: Vec<u8> = (1..=18).collect();
        let buffer = padded(&info, &packed).unwrap();
        let map = buffer.map_readable().unwrap();
        assert_eq!(&map[..16], [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]);
        assert_eq!(&map[16..24], [13, 14, 15, 0, 16, 17, 18, 0]);
    }
}
