//! Colours: a viewer's hue as sRGB, and sRGB as the program has it (bt709, limited range).

/// The lightness and chroma of a heart (`--heart-lightness`, `--heart-chroma` of the pages).
const HEART: (f32, f32) = (0.7, 0.2);
/// Words in a viewer's colour: light enough for any dark ground (`--hue-text`).
const NAME: (f32, f32) = (0.82, 0.12);
/// What carries dark letters (`--hue-ground`).
const GROUND: (f32, f32) = (0.76, 0.13);
/// The letters on it (`--hue-ink`).
const INK: (f32, f32) = (0.22, 0.05);

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rgb {
    pub(crate) r: u8,
    pub(crate) g: u8,
    pub(crate) b: u8,
}

impl Rgb {
    /// The colour as SVG writes it.
    pub(crate) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

/// The colour of hearts of this hue.
pub(crate) fn heart(hue: u16) -> Rgb {
    oklch(HEART.0, HEART.1, hue)
}

/// The upper, lit side of a heart of this hue.
pub(crate) fn heart_light(hue: u16) -> Rgb {
    oklch(HEART.0 + 0.1, HEART.1 * 0.8, hue)
}

/// The lower side of a heart of this hue.
pub(crate) fn heart_deep(hue: u16) -> Rgb {
    oklch(HEART.0 - 0.08, HEART.1, hue)
}

/// The colour of a name.
pub(crate) fn name(hue: u16) -> Rgb {
    oklch(NAME.0, NAME.1, hue)
}

/// The ground of a round initial.
pub(crate) fn ground(hue: u16) -> Rgb {
    oklch(GROUND.0, GROUND.1, hue)
}

/// The letter of a round initial.
pub(crate) fn ink(hue: u16) -> Rgb {
    oklch(INK.0, INK.1, hue)
}

/// oklch to sRGB; where sRGB does not reach so far, with the largest chroma that it has
/// (CSS Color 4 §13 keeps lightness and hue in the same way).
fn oklch(lightness: f32, chroma: f32, hue: u16) -> Rgb {
    let fits = |chroma: f32| linear(lightness, chroma, hue).iter().all(|c| (-0.0005..=1.0005).contains(c));
    let mut inside = chroma;
    if !fits(chroma) {
        let mut outside = chroma;
        inside = 0.0;
        for _ in 0..16 {
            let middle = (inside + outside) / 2.0;
            if fits(middle) { inside = middle } else { outside = middle }
        }
    }
    let [r, g, b] = linear(lightness, inside, hue).map(encode);
    Rgb { r, g, b }
}

/// Linear sRGB of an oklch colour, after Björn Ottosson.
fn linear(lightness: f32, chroma: f32, hue: u16) -> [f32; 3] {
    let angle = f32::from(hue % 360).to_radians();
    let (a, b) = (chroma * angle.cos(), chroma * angle.sin());
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn encode(linear: f32) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let gamma = if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (gamma * 255.0).round() as u8
}

/// Y, Cb and Cr (bt709, limited range) of an sRGB colour whose components are 0–255.
pub(crate) fn bt709(r: f32, g: f32, b: f32) -> [f32; 3] {
    let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    [
        16.0 + luma * 219.0 / 255.0,
        128.0 + (b - luma) / 1.8556 * 224.0 / 255.0,
        128.0 + (r - luma) / 1.5748 * 224.0 / 255.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_match_what_browsers_show() {
        // Chromium's `oklch(0.7 0.14 h)`, which lies within sRGB, in 8 bits; ±1 for rounding.
        for (hue, expected) in [(0, [227, 118, 155]), (140, [108, 179, 93]), (250, [83, 163, 242])] {
            let rgb = oklch(0.7, 0.14, hue);
            for (got, wanted) in [rgb.r, rgb.g, rgb.b].into_iter().zip(expected) {
                assert!(got.abs_diff(wanted) <= 1, "{hue}: {rgb:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn every_hue_is_a_colour_of_the_same_lightness() {
        for hue in (0..720).step_by(5) {
            let Rgb { r, g, b } = heart(hue);
            let [y, ..] = bt709(f32::from(r), f32::from(g), f32::from(b));
            assert!((100.0..180.0).contains(&y), "{hue} has luma {y}");
        }
        assert_eq!(heart(0), heart(360));
    }

    #[test]
    fn white_black_and_grey_are_limited_and_colourless() {
        for (level, luma) in [(0.0, 16.0), (255.0, 235.0), (127.5, 125.5)] {
            let [y, u, v] = bt709(level, level, level);
            assert!((y - luma).abs() < 0.01 && (u - 128.0).abs() < 0.01 && (v - 128.0).abs() < 0.01);
        }
    }
}
