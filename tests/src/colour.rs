//! Looking for a viewer's colour in a picture: hues are those of oklch, as in the page.

/// How many pixels of a rectangle have changed clearly since `before` and are now strongly coloured
/// in a hue within 15° of `hue` (degrees): what stands there in that colour anyway does not count.
#[must_use]
pub fn appeared(before: &[u8], now: &[u8], width: usize, area: (usize, usize, usize, usize), hue: f32) -> usize {
    let (left, top, right, bottom) = area;
    let appears = |x: usize, y: usize| {
        let at = (y * width + x) * 3;
        let pixel = [now[at], now[at + 1], now[at + 2]];
        (0..3).any(|channel| before[at + channel].abs_diff(pixel[channel]) > 24) && is_of_hue(pixel, hue)
    };
    (top..bottom).map(|y| (left..right).filter(|x| appears(*x, y)).count()).sum()
}

/// Where hearts rise: the right edge of the picture, below the clock strip.
#[must_use]
pub fn where_hearts_rise(width: usize, height: usize) -> (usize, usize, usize, usize) {
    (width * 4 / 5, height / 10, width, height)
}

/// Whether a pixel is strongly coloured in a hue within 15° of `hue`.
#[must_use]
pub fn is_of_hue(rgb: [u8; 3], hue: f32) -> bool {
    let (chroma, found) = chroma_and_hue(rgb);
    let distance = (found - hue).rem_euclid(360.0);
    chroma > 0.09 && distance.min(360.0 - distance) <= 15.0
}

/// How many pixels differ clearly between two pictures of the same size, in a rectangle of it.
#[must_use]
pub fn changed_pixels(one: &[u8], other: &[u8], width: usize, area: (usize, usize, usize, usize)) -> usize {
    let (left, top, right, bottom) = area;
    let differs = |x: usize, y: usize| {
        let at = (y * width + x) * 3;
        (0..3).any(|channel| one[at + channel].abs_diff(other[at + channel]) > 40)
    };
    (top..bottom).map(|y| (left..right).filter(|x| differs(*x, y)).count()).sum()
}

/// Chroma and hue (degrees) of a pixel in oklch (Björn Ottosson, "A perceptual color space").
fn chroma_and_hue(rgb: [u8; 3]) -> (f32, f32) {
    let [r, g, b] = rgb.map(|channel| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.412_221_47 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    let a = 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s;
    let b = 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s;
    (a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_have_their_known_hues_and_greys_have_none() {
        assert!(is_of_hue([255, 0, 0], 29.0) && is_of_hue([0, 255, 0], 142.0) && is_of_hue([0, 0, 255], 264.0));
        assert!(!is_of_hue([255, 0, 0], 142.0) && !is_of_hue([128, 128, 128], 29.0));
        assert!(is_of_hue([255, 0, 80], 5.0) && is_of_hue([255, 0, 80], 20.0), "hues go round");
    }

    #[test]
    fn only_what_changed_inside_the_area_counts() {
        let (black, mut other) = (vec![0; 4 * 4 * 3], vec![0; 4 * 4 * 3]);
        other[0] = 255;
        other[(2 * 4 + 2) * 3] = 255;
        assert_eq!(changed_pixels(&black, &other, 4, (1, 1, 4, 4)), 1);
        assert_eq!(appeared(&black, &other, 4, (1, 1, 4, 4), 29.0), 1, "red appeared");
        assert_eq!(appeared(&other, &other, 4, (1, 1, 4, 4), 29.0), 0, "it was there before");
        assert_eq!(appeared(&black, &other, 4, (1, 1, 4, 4), 142.0), 0, "it is not green");
    }
}
