//! What stands in a slot without frames, in words and as a buffer.

use domain::{Canvas, SourceKind, SourceSpec, SourceState};

use crate::format::raw_video;

/// What there are no frames of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Missing<'a> {
    /// No layer is shown at all.
    Everything,
    /// A source in this state; none where it is not known what it is.
    Source(Option<&'a SourceSpec>, SourceState),
}

/// Headline and advice.
fn words(missing: Missing<'_>) -> (&'static str, &'static str) {
    let Missing::Source(spec, state) = missing else {
        return ("No camera", "Choose a camera or a screen. The show goes on without a picture.");
    };
    match (spec, state) {
        (None, _) | (_, SourceState::Off) => ("Nothing here yet", "Choose a camera or a screen to show it here."),
        (Some(SourceSpec::Device(SourceKind::Screen, _)), SourceState::Starting) => {
            ("One moment", "The screen is being opened.")
        }
        (Some(SourceSpec::Device(..)), SourceState::Starting) => ("One moment", "The camera is being opened."),
        (Some(_), SourceState::Starting) => ("One moment", "The picture is being made."),
        (Some(SourceSpec::Device(SourceKind::Screen, _)), _) => {
            ("The screen is gone", "It comes back by itself as soon as it can be seen again.")
        }
        (Some(SourceSpec::Image(_)), _) => ("The image is gone", "It comes back by itself as soon as it can be read."),
        (Some(_), _) => ("The camera is gone", "Plug it in again: the picture comes back by itself."),
    }
}

/// The slate in the raw format of `canvas`, with `problem` in place of the usual advice; none where
/// the format is impossible.
pub(super) fn slate(canvas: &Canvas, missing: Missing<'_>, problem: Option<&str>) -> Option<gst::Buffer> {
    let (headline, advice) = words(missing);
    let packed = crate::graphics::slate(canvas, headline, problem.unwrap_or(advice));
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
