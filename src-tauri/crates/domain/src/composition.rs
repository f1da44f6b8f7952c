//! What stands where on the canvas.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Canvas, Layout, Rect, Refusal, SourceId, SourceSetup};

/// One source on the canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Layer {
    /// Whose frames.
    pub source: SourceId,
    /// Where they stand. What lies outside the canvas is not seen.
    pub rect: Rect,
    /// What of the source's frame is shown; it is scaled to [`Self::rect`].
    #[serde(default)]
    pub crop: Crop,
    /// How much of it is seen: 255 is all of it, 0 nothing.
    #[serde(default = "opaque")]
    pub opacity: u8,
    /// The colour that is made transparent.
    #[serde(default)]
    pub key: Option<ChromaKey>,
}

const fn opaque() -> u8 {
    u8::MAX
}

impl Layer {
    fn problem(&self, sources: &[SourceSetup]) -> Option<Refusal> {
        let Some(source) = sources.iter().find(|source| source.id == self.source) else {
            return Some(Refusal::new("source.unknown", format!("there is no source {}", self.source)));
        };
        if !source.kind.is_video() {
            return Some(Refusal::new("composition.audio", format!("{} gives no frames to show", self.source)));
        }
        let Rect { x, y, width, height } = self.rect;
        let even = [x, y, width, height].iter().all(|side| side.is_multiple_of(2) && *side <= Composition::FARTHEST);
        let text = "a layer's place has even numbers of pixels, and some width and height";
        (!even || width == 0 || height == 0).then(|| Refusal::new("composition.rect", text))
    }

    /// The whole source, opaque, at `rect`.
    #[must_use]
    pub fn new(source: SourceId, rect: Rect) -> Self {
        Self { source, rect, crop: Crop::default(), opacity: u8::MAX, key: None }
    }
}

/// What is cut off a source's frame before it is shown, in thousandths of its width or height.
/// Opposite sides that leave nothing leave everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Crop {
    /// Off the left side.
    pub left: u16,
    /// Off the right side.
    pub right: u16,
    /// Off the top.
    pub top: u16,
    /// Off the bottom.
    pub bottom: u16,
}

impl Crop {
    /// The rectangle that is left of a frame of `width`×`height`, even.
    #[must_use]
    pub fn rect(self, width: u32, height: u32) -> Rect {
        let (x, width) = Self::side(width, self.left, self.right);
        let (y, height) = Self::side(height, self.top, self.bottom);
        Rect { x, y, width, height }
    }

    fn side(length: u32, before: u16, after: u16) -> (u32, u32) {
        let part = |thousandths: u16| (length / 2 * u32::from(thousandths.min(1000)) / 1000) * 2;
        let left = length.saturating_sub(part(before) + part(after));
        if left < 2 { (0, length) } else { (part(before), left) }
    }
}

/// A colour that is made transparent, and how far from it colours still are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChromaKey {
    /// The colour's Cb and Cr (bt709, limited range; 128 is grey).
    pub cb: u8,
    /// See [`Self::cb`].
    pub cr: u8,
    /// Up to this distance in the plane of Cb and Cr a colour is fully transparent.
    pub tolerance: u8,
    /// Over so much more distance it becomes opaque.
    pub softness: u8,
}

/// Layers from the bottom up. Without any, the program is the slate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct Composition {
    /// From the bottom up.
    pub layers: Vec<Layer>,
}

impl Composition {
    /// The most layers that there can be.
    pub const LAYERS: usize = 64;
    /// The greatest place or side of a layer, in pixels.
    const FARTHEST: u32 = 1 << 14;

    /// Why it cannot be shown with these sources; none if it can.
    #[must_use]
    pub fn problem(&self, sources: &[SourceSetup]) -> Option<Refusal> {
        if self.layers.len() > Self::LAYERS {
            return Some(Refusal::new("composition.layers", "there can be 64 layers; remove one first"));
        }
        self.layers.iter().find_map(|layer| layer.problem(sources))
    }

    /// How `layout` shows a main source (most often a screen) and a person.
    #[must_use]
    pub fn of_layout(layout: Layout, canvas: &Canvas, main: Option<&SourceId>, person: Option<&SourceId>) -> Self {
        let (main_rect, person_rect) = match (main, person) {
            (Some(_), Some(_)) => layout.rects(canvas),
            _ => (Some(canvas.rect()), Some(canvas.rect())),
        };
        let layer = |source: Option<&SourceId>, rect: Option<Rect>| Some(Layer::new(source?.clone(), rect?));
        Self { layers: layer(main, main_rect).into_iter().chain(layer(person, person_rect)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_leaves_an_even_rectangle_inside_the_frame() {
        for (width, height) in [(320, 180), (322, 182), (1280, 720), (2, 2)] {
            for thousandths in [0, 1, 250, 333, 500, 999, 1000, u16::MAX] {
                let crop = Crop { left: thousandths, right: 200, top: 10, bottom: thousandths };
                let rect = crop.rect(width, height);
                assert!(rect.width >= 2 && rect.height >= 2 && rect.x + rect.width <= width, "{rect:?}");
                assert!(rect.y + rect.height <= height, "{rect:?}");
                assert!([rect.x, rect.y, rect.width, rect.height].iter().all(|n| n.is_multiple_of(2)), "{rect:?}");
            }
        }
        let half = Crop { left: 500, ..Crop::default() };
        assert_eq!(half.rect(1280, 720), Rect { x: 640, y: 0, width: 640, height: 720 });
    }

    #[test]
    fn a_layout_with_one_source_fills_the_canvas_with_it() {
        let camera = SourceId::parse("camera").unwrap();
        for layout in [Layout::Solo, Layout::Corner, Layout::SideBySide] {
            let canvas = Canvas::default();
            let alone = Composition::of_layout(layout, &canvas, None, Some(&camera));
            assert_eq!(alone.layers, [Layer::new(camera.clone(), canvas.rect())]);
        }
        assert!(Composition::of_layout(Layout::Solo, &Canvas::default(), None, None).layers.is_empty());
    }
}
