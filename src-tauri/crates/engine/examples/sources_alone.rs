//! Makes the test sources' pictures and nothing else, in real time, until it is killed: what has
//! to be subtracted from the studio's cost when it shows them.
//!
//! `sources_alone WIDTHxHEIGHT FPS`. One moving picture with noise, and one that is copied as the
//! slide is.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [size, fps] = arguments.as_slice() else {
        return Err("usage: sources_alone WIDTHxHEIGHT FPS".into());
    };
    let fps: u32 = fps.parse()?;
    let canvas = domain::Canvas::parse_size(size, fps)?;
    let (width, height) = (canvas.width as usize, canvas.height as usize);
    let picture = engine::TestPicture::new(width, height);
    let sizes = [width * height, width * height / 4, width * height / 4];
    let [mut luma, mut cb, mut cr] = sizes.map(|size| vec![0u8; size]);
    let slide = sizes.map(|size| vec![128u8; size]);
    let mut shown = sizes.map(|size| vec![0u8; size]);
    let began = Instant::now();
    for number in 0_u32.. {
        let due = Duration::from_secs(1).saturating_mul(number) / fps;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let unix_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let data = [&mut luma[..], &mut cb[..], &mut cr[..]];
        picture.draw(u64::from(number), unix_ms, &mut engine::Planes { data, strides: [width, width / 2, width / 2] });
        shown.iter_mut().zip(&slide).for_each(|(to, from)| to.copy_from_slice(from));
        black_box((&luma, &cb, &cr, &shown));
    }
    Ok(())
}
