//! What stands in a slot without a picture, in words and as a buffer.

use domain::{Canvas, Role, SourceState};

use crate::format::raw_video;

/// Headline and advice for a picture that is not there.
pub(super) fn words(role: Role, state: SourceState, problem: Option<&str>) -> (&'static str, String) {
    let (headline, advice) = match (role, state) {
        (Role::Screen, SourceState::Off) => ("No screen", "Choose a screen to show it here."),
        (_, SourceState::Off) => ("No camera", "Choose a camera or a screen. The show goes on without a picture."),
        (Role::Screen, SourceState::Starting) => ("One moment", "The screen is being opened."),
        (_, SourceState::Starting) => ("One moment", "The camera is being opened."),
        (Role::Screen, _) => ("The screen is gone", "It comes back by itself as soon as it can be seen again."),
        (_, _) => ("The camera is gone", "Plug it in again: the picture comes back by itself."),
    };
    (headline, problem.unwrap_or(advice).to_owned())
}

/// The slate with these words, in the raw format of `canvas`; none where the format is impossible.
pub(super) fn buffer(canvas: &Canvas, headline: &str, advice: &str) -> Option<gst::Buffer> {
    let packed = crate::graphics::slate(canvas, headline, advice);
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
