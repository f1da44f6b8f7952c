//! Frames with transparency: planar 4:2:0, each sample multiplied with its alpha beforehand, so that
//! blending one over a frame costs one multiplication a sample.

/// One plane and its alpha, both of `width`×`height`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlphaPlane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Samples, multiplied with alpha; none greater than its alpha.
    pub(crate) samples: Vec<u8>,
    /// 0 lets everything through, 255 nothing.
    pub(crate) alpha: Vec<u8>,
    /// For each row, where something is to be seen: from, to.
    pub(crate) spans: Vec<(u32, u32)>,
}

impl AlphaPlane {
    /// A plane in which nothing is seen; its spans are those of [`Self::find_spans`].
    pub(crate) fn empty(width: usize, height: usize) -> Self {
        let (samples, alpha) = (vec![0; width * height], vec![0; width * height]);
        Self { width, height, samples, alpha, spans: vec![(0, 0); height] }
    }

    /// Looks where something is seen, after samples and alpha were written.
    pub(crate) fn find_spans(&mut self) {
        let span = |row: &[u8]| {
            let from = row.iter().position(|alpha| *alpha > 0).unwrap_or(row.len());
            let to = row.iter().rposition(|alpha| *alpha > 0).map_or(from, |last| last + 1);
            let narrow = |n: usize| u32::try_from(n).expect("a frame is no wider than a canvas");
            (narrow(from), narrow(to))
        };
        self.spans.clear();
        self.spans.extend(self.alpha.chunks_exact(self.width.max(1)).map(span));
    }
}

/// A frame with transparency, which can be blended over another at any even position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlphaFrame {
    /// Y, U, V; U and V have half the size.
    pub(crate) planes: [AlphaPlane; 3],
}

impl AlphaFrame {
    /// A frame of even `width`×`height` in which nothing is seen.
    pub(crate) fn empty(width: usize, height: usize) -> Self {
        let plane = |shift: usize| AlphaPlane::empty(width >> shift, height >> shift);
        Self { planes: [plane(0), plane(1), plane(1)] }
    }

    /// Width in pixels, even.
    pub(crate) fn width(&self) -> u32 {
        u32::try_from(self.planes[0].width).expect("a frame is no wider than a canvas")
    }

    /// Height in pixels, even.
    pub(crate) fn height(&self) -> u32 {
        u32::try_from(self.planes[0].height).expect("a frame is no higher than a canvas")
    }
}
