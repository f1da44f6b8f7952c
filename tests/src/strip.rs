//! The clock strip of the test camera (`docs/contract.md`): 52 equal cells in the top twenty-fourth.

/// How many cells a strip has.
pub const CELLS: usize = 52;

/// Unix time in milliseconds as the strip of a grey picture shows it; none where there is no
/// strip. `pixels` are rows of `width` bytes, of which at least the top twenty-fourth of a picture
/// of `height` rows must be there.
#[must_use]
pub fn read(pixels: &[u8], width: usize, height: usize) -> Option<u64> {
    let row = height / 48;
    let line = pixels.get(row * width..(row + 1) * width)?;
    let mut value = 0u64;
    for cell in 0..CELLS {
        let centre = (2 * cell + 1) * width / (2 * CELLS);
        // The middle of what is neither: encoders blur edges, not the middle of cells.
        let bit = match line[centre] {
            0..=90 => 0,
            165..=255 => 1,
            _ => return None,
        };
        match (cell, bit) {
            (0 | 51, 0) | (1 | 50, 1) => return None,
            (2..50, bit) => value = value << 1 | bit,
            _ => {}
        }
    }
    Some(value)
}

/// A strip that shows `value`, as one row of `width` pixels: what the camera draws.
#[must_use]
pub fn draw(value: u64, width: usize) -> Vec<u8> {
    let cell_value = |cell: usize| match cell {
        0 | 51 => 1,
        1 | 50 => 0,
        cell => value >> (49 - cell) & 1,
    };
    (0..width).map(|x| if cell_value(x * CELLS / width) == 1 { 235 } else { 16 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_read() {
        for width in [320, 640, 1280, 1920] {
            for value in [0, 1, 1_800_000_000_123, (1 << 48) - 1] {
                let height = width * 9 / 16;
                let picture = draw(value, width).repeat(height / 24);
                assert_eq!(read(&picture, width, height), Some(value), "{width}");
            }
        }
    }

    #[test]
    fn what_is_no_strip_is_none() {
        assert_eq!(read(&[0; 640 * 15], 640, 360), None, "black");
        assert_eq!(read(&[255; 640 * 15], 640, 360), None, "white");
        assert_eq!(read(&[128; 640 * 15], 640, 360), None, "grey");
        assert_eq!(read(&[], 640, 360), None, "nothing");
        let mut inverted = draw(1, 640).repeat(15);
        inverted.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        assert_eq!(read(&inverted, 640, 360), None, "inverted");
    }
}
