//! Prints what the graphics cost: five chat cards and twenty hearts, moving, over 1280×720 frames.
//!
//! `cargo run --release -p antenne-engine --example graphics_cost`
#![allow(clippy::print_stdout, clippy::unwrap_used, dead_code, reason = "a tool that prints; it takes the module as it is")]

#[path = "../src/graphics.rs"]
mod graphics;

use std::time::{Duration, Instant};

use domain::{Canvas, ChatCard, Graphics, Seq};
use graphics::Painter;

const FRAMES: u32 = 3000;

fn main() {
    gst::init().unwrap();
    let canvas = Canvas::default();
    let (mut painter, handle) = Painter::start(canvas);
    let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, canvas.width, canvas.height).build().unwrap();
    let mut buffer = gst::Buffer::from_mut_slice(vec![90_u8; info.size()]);
    let mut graphics = Graphics { hearts: true, ..Graphics::default() };
    let mut spent = Duration::ZERO;
    let mut longest = Duration::ZERO;
    let mut hearts = 0;
    for frame in 0..FRAMES {
        // A comment every two seconds, eight hearts a second.
        if frame % 60 == 0 {
            let text = "The picture is wonderful tonight, what camera is that?".to_owned();
            let seq = Seq(u64::from(frame));
            graphics.chat.push(ChatCard { seq, name: "Grace Hopper".to_owned(), hue: (frame % 360) as u16, text });
            let surplus = graphics.chat.len().saturating_sub(5);
            graphics.chat.drain(..surplus);
            handle.set(&graphics);
        }
        if frame % 4 == 0 {
            handle.hearts((frame * 37 % 360) as u16, 1);
            // The render thread works beside the program, as it would on air.
            std::thread::sleep(Duration::from_millis(5));
        }
        let writable = buffer.get_mut().unwrap();
        let mut picture = gst_video::VideoFrameRef::from_buffer_ref_writable(writable, &info).unwrap();
        let began = Instant::now();
        hearts += painter.paint(&mut picture, Duration::from_millis(u64::from(frame) * 1000 / 30)).len();
        let took = began.elapsed();
        spent += took;
        longest = longest.max(took);
    }
    let share = spent.as_secs_f64() / (f64::from(FRAMES) / 30.0) * 100.0;
    println!("painting: {:.3} ms a frame, {share:.2} % of a core at 30 frames a second, longest {longest:?}, {hearts} hearts", spent.as_secs_f64() * 1000.0 / f64::from(FRAMES));
    if let Ok(stat) = std::fs::read_to_string("/proc/self/stat") {
        let ticks: Vec<u64> = stat.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
        let all = ticks.iter().sum::<u64>() as f64 / 100.0;
        println!("everything, with rendering cards and hearts: {:.2} % of a core", all / (f64::from(FRAMES) / 30.0) * 100.0);
    }
}
