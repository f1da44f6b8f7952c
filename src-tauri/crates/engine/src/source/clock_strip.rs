//! The clock strip: a frame's own time, readable after any encoding.
//!
//! The top twenty-fourth of the frame is 52 equal cells, white = 1, black = 0: `1 0`, then 48 bits
//! (most significant first) of Unix time in milliseconds at the moment the frame was made, then
//! `0 1`. Pure: it knows planes of luma and nothing else.

/// Cells in a strip.
const CELLS: usize = 52;
/// Bits of time in a strip.
const BITS: usize = 48;
/// The frame's height is so many times the strip's.
const PARTS: usize = 24;
/// Luma of a cell that is 0, and of one that is 1 (limited range).
const LEVELS: [u8; 2] = [16, 235];

/// Rows of a frame of `height` rows that belong to the strip.
#[must_use]
pub const fn rows(height: usize) -> usize {
    height / PARTS
}

/// Draws the strip for `unix_ms` into a frame's `luma` plane. Time beyond 48 bits wraps.
///
/// A plane too small for `stride`, `width` and the strip's rows is left as far as it goes.
pub fn draw(luma: &mut [u8], stride: usize, width: usize, height: usize, unix_ms: u64) {
    let Some((first, others)) = luma.split_at_mut_checked(width.min(stride)) else { return };
    for cell in 0..CELLS {
        let level = LEVELS[usize::from(bit(unix_ms, cell))];
        first[cell * width / CELLS..(cell + 1) * width / CELLS].fill(level);
    }
    let padding = stride - first.len();
    for row in 0..rows(height).saturating_sub(1) {
        let start = padding + row * stride;
        if let Some(copy) = others.get_mut(start..start + first.len()) {
            copy.copy_from_slice(first);
        }
    }
}

/// Reads the strip of a frame: Unix time in milliseconds, or none where the guard cells or a
/// cell's contrast say that there is no strip.
///
/// `luma` holds `height` rows of `stride` bytes, of which `width` are seen.
#[must_use]
pub fn read(luma: &[u8], stride: usize, width: usize, height: usize) -> Option<u64> {
    let mut unix_ms = 0;
    for cell in 0..CELLS {
        let one = cell_value(luma, stride, width, height, cell)?;
        match cell {
            0 | 51 if !one => return None,
            1 | 50 if one => return None,
            2..50 => unix_ms = (unix_ms << 1) | u64::from(one),
            _ => {}
        }
    }
    Some(unix_ms)
}

/// The square below the strip that flashes white: left edge, top edge and side, all even.
#[must_use]
pub const fn flash_square(width: usize, height: usize) -> (usize, usize, usize) {
    let side = (height / 8) & !1;
    (((width - side) / 2) & !1, (rows(height) + height / 48 + 1) & !1, side)
}

const fn bit(unix_ms: u64, cell: usize) -> bool {
    match cell {
        0 | 51 => true,
        1 | 50 => false,
        _ => (unix_ms >> (BITS + 1 - cell)) & 1 == 1,
    }
}

/// The middle of a cell, as the mean of a few pixels; none where it is neither dark nor bright.
fn cell_value(luma: &[u8], stride: usize, width: usize, height: usize, cell: usize) -> Option<bool> {
    let (x, y) = ((2 * cell + 1) * width / (2 * CELLS), height / (2 * PARTS));
    let reach = (width / CELLS / 8).min(2);
    let (mut sum, mut count) = (0_usize, 0_usize);
    for row in y.saturating_sub(reach)..=y + reach {
        for column in x.saturating_sub(reach)..=x + reach {
            sum += usize::from(*luma.get(row * stride + column)?);
            count += 1;
        }
    }
    match sum / count {
        0..=100 => Some(false),
        151.. => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(usize, usize); 7] =
        [(320, 180), (322, 182), (640, 360), (1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)];

    #[test]
    fn what_was_drawn_is_read_at_every_size() {
        for (width, height) in SIZES {
            let stride = width.next_multiple_of(16);
            for unix_ms in [0, 1, 1_795_238_400_123, 0xaaaa_aaaa_aaaa, (1 << 48) - 1] {
                let mut luma = vec![90; stride * height];
                draw(&mut luma, stride, width, height, unix_ms);
                assert_eq!(read(&luma, stride, width, height), Some(unix_ms), "{width}x{height}");
                assert_eq!(luma[rows(height) * stride], 90, "only the strip is drawn");
            }
        }
    }

    #[test]
    fn a_washed_out_and_noisy_strip_is_still_read() {
        let (width, height) = (640, 360);
        let mut luma = vec![90; width * height];
        draw(&mut luma, width, width, height, 1_795_238_400_123);
        for (index, pixel) in luma.iter_mut().enumerate() {
            let noise = (index * 7919 % 41) as i32 - 20;
            *pixel = (i32::from(*pixel) * 3 / 4 + 20 + noise).clamp(0, 255) as u8;
        }
        assert_eq!(read(&luma, width, width, height), Some(1_795_238_400_123));
    }

    #[test]
    fn a_picture_without_a_strip_gives_nothing() {
        let (width, height) = (640, 360);
        for level in [0, 16, 128, 235, 255] {
            assert_eq!(read(&vec![level; width * height], width, width, height), None);
        }
        assert_eq!(read(&[], width, width, height), None);
        assert_eq!(read(&[255; 10], 0, 0, 0), None);
    }

    #[test]
    fn a_broken_guard_cell_gives_nothing() {
        let (width, height) = (640, 360);
        for (cell, level) in [(0, 16), (1, 235), (50, 235), (51, 16)] {
            let mut luma = vec![90; width * height];
            draw(&mut luma, width, width, height, 77);
            for row in luma.chunks_mut(width).take(rows(height)) {
                row[cell * width / CELLS..(cell + 1) * width / CELLS].fill(level);
            }
            assert_eq!(read(&luma, width, width, height), None, "cell {cell}");
        }
    }

    #[test]
    fn the_flashing_square_is_below_the_strip_and_inside_the_picture() {
        for (width, height) in SIZES {
            let (x, y, side) = flash_square(width, height);
            assert!(y >= rows(height) && y + side < height / 2 && x + side < width && side > 16);
            assert!([x, y, side].iter().all(|n| n.is_multiple_of(2)));
        }
    }
}
